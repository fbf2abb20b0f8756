"""Take what came back, and suppress by rule whom mail should not go to again.

The dock says what came back; nobody signed for it. So three bounds hold, and none rests
on the dock's word:

- It has to be about somebody whom that very send has opened a row of.
- Of one send, a share of its rows is suppressed for each reason. What is more than that
  is held, an incident is opened, and each time an owner closes it a share goes through.
- Suppressing is all it does, and each time is in the ledger, with the send it is of.

Said again, it changes nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from listkeep.core.errors import MalformedError
from listkeep.core.registry.facts import ListFacts, Service
from listkeep.core.registry.incidents import IncidentKind
from listkeep.core.registry.sending import SendFacts, parse_send
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.custody.incidents import open_incident
from listkeep.keeper.gate.custody.suppressions import (
    read_all_known,
    suppress_returned,
)
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire.messages import sends as d

from .openings import closing_keys, find_marks, opening_keys
from .send_calls import SendCall
from .sends import KEPT

# By the words of core/mail, which is not loaded: the keeper reads no mail.
REASONS = {
    "hard-bounce": "bounced",
    "complaint": "complained",
    "unsubscribe": "unsubscribed",
}
OUTCOMES = frozenset(
    {
        *REASONS,
        *("delivered", "soft-bounce", "blocked", "auto-reply", "reply", "unknown"),
    }
)
# Of a hundred rows of one send. More than these is a broken list, or somebody at work.
SHARES = {"bounced": 10, "complained": 1, "unsubscribed": 10}
LEAST = 20
_LIST_TRIGGERS = ("",)


@dataclass(frozen=True, slots=True)
class _About:
    """A send that something came back of."""

    facts: SendFacts
    found: ListFacts
    triggers: Sequence[str]


def report_returned(
    gate: Gate,
    message: d.ReportReturned,
    *,
    carrier: Service,
    spool: Path,
    now: datetime,
) -> d.ReturnedCounts:
    """Suppress whom it is about, where a rule says so; tell what became of each item.

    Raises:
        MalformedError: There is no such outcome.
        UnavailableError: What was opened cannot be read.
    """
    if any(item.outcome not in OUTCOMES for item in message.items):
        raise MalformedError("there is no such outcome of a message")
    by_send: dict[str, list[d.ReturnedItem]] = defaultdict(list)
    for item in message.items:
        by_send[item.request].append(item)
    counts: Counter[str] = Counter()
    call = SendCall(gate, carrier, spool, now)
    for request, items in by_send.items():
        counts += _take(call, request, items)
    names = ("suppressed", "known", "counted", "unknown", "held")
    return d.ReturnedCounts(**{name: counts[name] for name in names})


def _take(
    call: SendCall, request: str, items: Sequence[d.ReturnedItem]
) -> Counter[str]:
    with call.gate.view(call.now) as registry:
        about = _find(registry, request, call.now)
    if about is None:
        return Counter(unknown=len(items))
    opened = _opened(call, about, {item.token for item in items})
    named = [item for item in items if item.token in opened]
    reasons = [REASONS.get(item.outcome) for item in named]
    wanted: dict[bytes, str] = {}
    for item, reason in zip(named, reasons, strict=True):
        if reason is not None:
            wanted.setdefault(item.token, reason)
    counts = Counter(unknown=len(items) - len(named), counted=reasons.count(None))
    known = read_all_known(about.found, list(wanted))
    if not known.keys() >= wanted.keys():
        with call.gate.turn(call.now) as turn:
            new, held = _suppress(turn, about, wanted, by=call.carrier)
        counts += Counter(suppressed=new, held=held)
    rest = len(named) - counts["counted"] - counts["suppressed"] - counts["held"]
    return counts + Counter(known=rest)


def _find(registry: Registry, request: str, now: datetime) -> _About | None:
    facts = registry.sends.get(request)
    if facts is None or (facts.ended_at is not None and now >= facts.ended_at + KEPT):
        return None
    terms = registry.requests[request].terms
    found = registry.lists.get(terms.list)
    if found is None:  # shredded: there is nobody to suppress
        return None
    return _About(facts, found, parse_send(terms).triggers or _LIST_TRIGGERS)


def _opened(call: SendCall, about: _About, tokens: Iterable[bytes]) -> set[bytes]:
    """Find which of these people the send has opened a row of, for any trigger."""
    facts, seal = about.facts, call.seal
    keys: dict[bytes, bytes] = {}
    for trigger in about.triggers:
        column = list(tokens)
        same = [trigger] * len(column)
        for name in (opening_keys, closing_keys):
            names = name(seal, facts.request, column, same)
            keys |= dict(zip(names, column, strict=True))
    kept: frozenset[bytes] = frozenset()
    if call.tally_of(facts.request).exists():
        with call.hold(facts) as tally:
            kept = tally.kept | tally.under_way
    known = find_marks(facts.tag, keys.keys()) | (kept & keys.keys())
    return {keys[key] for key in known}


def _suppress(
    turn: Turn, about: _About, wanted: dict[bytes, str], *, by: Service
) -> tuple[int, int]:
    """Suppress as many as the send may; say how many, and how many are held."""
    known = read_all_known(about.found, list(wanted))
    done = held = 0
    for reason in sorted(set(wanted.values())):
        new = sorted(t for t, why in wanted.items() if why == reason and t not in known)
        left = max(0, _allowed(turn.registry, about, reason))
        if new[:left]:
            suppress_returned(
                turn,
                about.found.id,
                new=new[:left],
                reason=reason,
                send=about.facts.request,
                by=by.id,
            )
        done += len(new[:left])
        held += len(new[left:])
    if held:
        open_incident(
            turn,
            IncidentKind.RETURNS_MANY,
            tenant=about.found.tenant,
            list_id=about.found.id,
            found=held,
            by="keeper",
        )
    return done, held


def _allowed(registry: Registry, about: _About, reason: str) -> int:
    """Say how many more rows of a send may be suppressed for a reason."""
    facts = about.facts
    share = max(LEAST, facts.reserved * SHARES[reason] // 100)
    agreed = sum(
        known.kind is IncidentKind.RETURNS_MANY
        and known.list_id == about.found.id
        and known.closed_at is not None
        and known.opened_at >= facts.started_at
        for known in registry.incidents.values()
    )
    return share * (1 + agreed) - facts.suppressed.get(reason, 0)
