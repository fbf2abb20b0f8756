"""Hold a send against the last one like it: what a signer should look at.

The one to compare with is the tenant's newest send of the same kind that began and that
nobody denied, of the same list if there is one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from .facts import RequestFacts
from .habits import asked_at
from .sending import SendTerms, parse_send

if TYPE_CHECKING:
    from .state import Registry


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is otherwise than the last time."""

    label: str
    was: str  # empty: nothing
    now: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The send before, and what is otherwise now."""

    request: str
    began_at: datetime
    changes: tuple[Change, ...]


def compare_with_last(
    registry: "Registry", request: RequestFacts, *, now: datetime
) -> Comparison | None:
    """Compare a send with the last one like it; of the first of its kind, nothing."""
    terms, by = request.terms, asked_at(request, now)
    kind = parse_send(terms).kind
    like = [
        (other.terms.list == terms.list, send.started_at, other)
        for send in registry.sends.values()
        if send.tenant == terms.tenant
        and send.started_at <= by
        and (other := registry.requests[send.request]).id != request.id
        and not other.denied
        and parse_send(other.terms).kind is kind
    ]
    if not like:
        return None
    _, began_at, last = max(like, key=lambda each: each[:2])
    return Comparison(last.id, began_at, tuple(_changes(registry, last, request)))


def _changes(
    registry: "Registry", last: RequestFacts, request: RequestFacts
) -> Iterator[Change]:
    was, now = parse_send(last.terms), parse_send(request.terms)
    pairs = (
        ("list", last.terms.list, request.terms.list),
        ("which", last.terms.selection, request.terms.selection),
        ("from", was.sender, now.sender),
        ("answers go to", was.reply_to, now.reply_to),
        ("subject line", was.title, now.title),
        ("way out", last.terms.recipient, request.terms.recipient),
    )
    for label, before, after in pairs:
        if before != after:
            yield Change(label, _named(registry, before), _named(registry, after))
    yield from _sets(was, now)
    if was.templates != now.templates:
        old, new = (_short(each.templates) for each in (was, now))
        yield Change("template", old, new)
    if last.terms.cap != request.terms.cap:
        yield Change("rows", f"{last.terms.cap:,}", f"{request.terms.cap:,}")
    if was.pace != now.pace:
        yield Change("messages an hour", _pace(was.pace), _pace(now.pace))


def _sets(was: SendTerms, now: SendTerms) -> Iterator[Change]:
    for label, before, after in (
        ("link domains", was.links, now.links),
        ("tracking domains", was.tracking, now.tracking),
        ("sealed fields", was.fields, now.fields),
        ("triggers", was.triggers, now.triggers),
    ):
        gone = " ".join(sorted(set(before) - set(after)))
        new = " ".join(sorted(set(after) - set(before)))
        if gone or new:
            yield Change(label, gone, new)


def _named(registry: "Registry", value: str) -> str:
    """Give the name of a list or route, and the id where two names are the same."""
    known = (
        registry.find_list(value)
        or registry.routes.get(value)
        or registry.ended_routes.get(value)
    )
    return f"{known.name} ({value})" if known else value


def _short(digests: tuple[str, ...]) -> str:
    return " ".join(f"{digest[:12]}…" for digest in digests)


def _pace(pace: int) -> str:
    return f"{pace:,}" if pace else "as many as there are"
