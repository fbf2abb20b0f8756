"""How far sends are, in numbers: what came of messages, and what came back.

Rules of these numbers:

- They are of one list and one send, and name no token.
- What came of messages is counted as it is written (see ``tallies``): a send of a
  million costs no more to tell than one of ten.
- A provider of fewer than five messages is not named, as it is with facets: it could be
  somebody's own.
- They are the dock's word. What was opened, the keeper counts in the ledger.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import Count

from listkeep.core.mail import Outcome
from listkeep.core.segments import Schema
from listkeep.dock.lists.queries import SMALLEST_GROUP
from listkeep.dock.lists.segments import facet_text

from .delivery.claims import PROVIDER
from .merging.models import MailMerge
from .models import MailDelivery
from .returns.models import Returned
from .tallies import Moment, read_counts, read_moments, read_triggers

OTHERS: Final = "others"
_HOUR: Final = 3600
_MINUTE: Final = 60
_MOST_HOURS: Final = 24 * 7
MOST_POINTS: Final = 240
_STEPS: Final = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)  # seconds
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
class Point:
    """What came of messages in one step of time, and is so still."""

    at: int  # its beginning, in seconds since 1970, UTC
    delivered: int
    waiting: int  # refused for now, and tried again later
    failed: int


@dataclass(frozen=True, slots=True)
class Series:
    """A send over time: steps of one length, those between the first and the last."""

    step_seconds: int
    points: list[Point]


@dataclass(frozen=True, slots=True)
class ByTrigger:
    """What came of the messages that one trigger set off."""

    trigger: str
    delivered: int
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of a send's messages."""

    progress: Progress
    reasons: list[Why]  # the most frequent codes of what did not go through
    hours: list[tuple[int, int]]  # what was delivered in each hour that had any
    series: Series
    triggers: list[ByTrigger]  # of a standing send: those that set anything off


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
    """Count what came of one send's messages; nothing, of one that has not begun."""
    states, reasons = Counter[str](), Counter[tuple[str, str]]()
    for state, code, _, messages in read_counts(list_id, request):
        states[state] += messages
        if state not in (MailDelivery.State.CLAIMED, MailDelivery.State.DELIVERED):
            reasons[state, code] += messages
    ranked = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
    moments = read_moments(list_id, request)
    return Outcomes(
        _progress(
            list_id,
            request,
            states,
            first_at=moments[0].minute * _MINUTE if moments else None,
            last_at=moments[-1].minute * _MINUTE if moments else None,
        ),
        [Why(*reason, messages) for reason, messages in ranked[:_MOST_CODES]],
        _hours(moments),
        _series(moments),
        _triggers(list_id, request),
    )


def _triggers(list_id: str, request: str) -> list[ByTrigger]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for trigger, state, messages in read_triggers(list_id, request):
        found[trigger][state] += messages
    states = MailDelivery.State
    return [
        ByTrigger(
            trigger,
            delivered=counts[states.DELIVERED],
            waiting=counts[states.CLAIMED] + counts[states.DEFERRED],
            failed=counts[states.FAILED],
        )
        for trigger, counts in found.items()
    ]


def _hours(moments: Sequence[Moment]) -> list[tuple[int, int]]:
    hours = Counter[int]()
    for minute, state, messages in moments:
        if state == MailDelivery.State.DELIVERED:
            hours[minute * _MINUTE // _HOUR] += messages
    return [(hour * _HOUR, hours[hour]) for hour in sorted(hours)[-_MOST_HOURS:]]


def _series(moments: Sequence[Moment]) -> Series:
    """Put moments into so many steps as a picture can show, the newest ones."""
    if not moments:
        return Series(_MINUTE, [])
    first, last = moments[0].minute * _MINUTE, moments[-1].minute * _MINUTE
    fitting = (n for n in _STEPS if last // n - first // n < MOST_POINTS)
    step = next(fitting, _STEPS[-1])
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for minute, state, messages in moments:
        found[minute * _MINUTE // step][state] += messages
    begin = max(first // step, last // step - MOST_POINTS + 1)
    states = MailDelivery.State
    return Series(
        step,
        [
            Point(
                number * step,
                delivered=found[number][states.DELIVERED],
                waiting=found[number][states.DEFERRED],
                failed=found[number][states.FAILED],
            )
            for number in range(begin, last // step + 1)
        ],
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

    Costs a look at each thing that came back of the send.
    """
    if PROVIDER not in schema.names:
        return None
    messages: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for state, _, provider, number in read_counts(list_id, request):
        messages[provider][state] += number
    things = _returned_by_provider(list_id, request, schema)
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


def _returned_by_provider(
    list_id: str, request: str, schema: Schema
) -> dict[str, Counter[str]]:
    """Count what came back by provider and outcome; no provider is an empty name."""
    facet = facet_text(schema.names.index(PROVIDER))
    # Whoever was erased since has no row any more, and counts among the others.
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COALESCE({facet}, ''), one.outcome, COUNT(*) FROM returned AS one"  # noqa: S608 - names of ours
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
