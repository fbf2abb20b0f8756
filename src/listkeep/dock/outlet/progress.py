"""How far sends are, in numbers: what came of messages, and what came back.

Rules of these numbers:

- They count rows of one list and one send, and name no token.
- A provider of fewer than five messages is not named, as it is with facets: it could be
  somebody's own.
- They are the dock's word. What was opened, the keeper counts in the ledger.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import Count

from listkeep.core.mail import Outcome
from listkeep.core.segments import Schema
from listkeep.dock.lists.queries import SMALLEST_GROUP
from listkeep.dock.lists.segments import facet_text

from .merging.models import MailMerge
from .models import MailDelivery
from .returns.models import Returned

PROVIDER: Final = "provider"
OTHERS: Final = "others"
_HOUR: Final = 3600
_MOST_HOURS: Final = 24 * 7
_MOST_CODES: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """One send of a list, in counts of its messages."""

    request: str
    state: str  # of the dock's own merge; empty: an application hands messages over
    code: str  # why it waits, or stopped
    delivered: int
    under_way: int
    deferred: int
    failed: int
    first_at: int | None  # seconds since 1970, UTC
    last_at: int | None


@dataclass(frozen=True, slots=True)
class Why:
    """How many messages ended, or rest, with one code."""

    state: str
    code: str
    messages: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of a send's messages."""

    progress: Progress
    reasons: list[Why]  # the most frequent codes of what did not go through
    hours: list[tuple[int, int]]  # what was delivered in each hour that had any


@dataclass(frozen=True, slots=True)
class CameBack:
    """How often one outcome came back, and whether it counts."""

    outcome: str
    state: str
    things: int


@dataclass(frozen=True, slots=True)
class ByProvider:
    """What came of a send at one mailbox provider."""

    provider: str
    delivered: int
    waiting: int
    failed: int
    bounces: int
    complaints: int
    unsubscribes: int


def count_outcomes(list_id: str, request: str) -> Outcomes:
    """Count what came of one send's messages; nothing, of one that has not begun.

    Costs one look at each message of the send.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, code, at / 3600, COUNT(*), MIN(at), MAX(at)"
            " FROM mail_delivery WHERE list_id = %s AND request = %s GROUP BY 1, 2, 3",
            [list_id, request],
        )
        rows = cursor.fetchall()
    states, hours = Counter[str](), Counter[int]()
    reasons = Counter[tuple[str, str]]()
    for state, code, hour, messages, _, _ in rows:
        states[state] += messages
        if state == MailDelivery.State.DELIVERED:
            hours[hour] += messages
        elif state != MailDelivery.State.CLAIMED:
            reasons[state, code] += messages
    ranked = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
    return Outcomes(
        _progress(
            list_id,
            request,
            states,
            first_at=min((row[4] for row in rows), default=None),
            last_at=max((row[5] for row in rows), default=None),
        ),
        [Why(*reason, messages) for reason, messages in ranked[:_MOST_CODES]],
        [(hour * _HOUR, hours[hour]) for hour in sorted(hours)[-_MOST_HOURS:]],
    )


def count_returned(list_id: str, request: str) -> list[CameBack]:
    """Count what came back of a send, by outcome and by what became of it."""
    rows = (
        Returned.objects.filter(list_id=list_id, request=request)
        .values_list("outcome", "state")
        .annotate(things=Count("number"))
        .order_by("outcome", "state")
    )
    return [
        CameBack(outcome, Returned.State(state).name.lower(), things)
        for outcome, state, things in rows
    ]


def count_providers(
    list_id: str, request: str, *, schema: Schema
) -> list[ByProvider] | None:
    """Count outcomes by mailbox provider; none, for a list that does not know them.

    Costs a look at each message of the send.
    """
    if PROVIDER not in schema.names:
        return None
    messages = _by_provider("mail_delivery", "state", list_id, request, schema)
    things = _by_provider("returned", "outcome", list_id, request, schema)
    totals = {name: counts.total() for name, counts in messages.items()}
    named = [name for name in totals if name and totals[name] >= SMALLEST_GROUP]
    rest = (messages.keys() | things.keys()).difference(named)
    rows = [
        _outcomes(name, [messages[name]], [things.get(name, Counter())])
        for name in sorted(named, key=lambda name: (-totals[name], name))
    ]
    if rest:
        empty = Counter[str]()
        rows.append(
            _outcomes(
                OTHERS,
                [messages.get(name, empty) for name in rest],
                [things.get(name, empty) for name in rest],
            )
        )
    return rows


def _progress(
    list_id: str,
    request: str,
    counts: Counter[str],
    *,
    first_at: int | None,
    last_at: int | None,
) -> Progress:
    merge = MailMerge.objects.filter(list_id=list_id, request=request).first()
    state = MailDelivery.State
    return Progress(
        request=request,
        state=merge.state if merge else "",
        code=merge.code if merge else "",
        delivered=counts[state.DELIVERED],
        under_way=counts[state.CLAIMED],
        deferred=counts[state.DEFERRED],
        failed=counts[state.FAILED],
        first_at=first_at,
        last_at=last_at,
    )


def _by_provider(
    table: str, column: str, list_id: str, request: str, schema: Schema
) -> dict[str, Counter[str]]:
    """Count rows of a table by provider and column; no provider is an empty name."""
    facet = facet_text(schema.names.index(PROVIDER))
    # Whoever was erased since has no row any more, and counts among the others.
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COALESCE({facet}, ''), one.{column}, COUNT(*) FROM {table} AS one"  # noqa: S608 - names of ours
            " LEFT JOIN entry ON entry.list_id = one.list_id"
            " AND entry.token = one.token"
            " WHERE one.list_id = %s AND one.request = %s GROUP BY 1, 2",
            [list_id, request],
        )
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for provider, value, number in cursor.fetchall():
            found[str(provider)][value] += number
    return dict(found)


def _outcomes(
    name: str, messages: Iterable[Counter[str]], things: Iterable[Counter[str]]
) -> ByProvider:
    sent = sum(messages, Counter[str]())
    back = sum(things, Counter[str]())
    state = MailDelivery.State
    return ByProvider(
        provider=name,
        delivered=sent[state.DELIVERED],
        waiting=sent[state.CLAIMED] + sent[state.DEFERRED],
        failed=sent[state.FAILED],
        bounces=back[Outcome.HARD_BOUNCE] + back[Outcome.SOFT_BOUNCE],
        complaints=back[Outcome.COMPLAINT],
        unsubscribes=back[Outcome.UNSUBSCRIBE],
    )
