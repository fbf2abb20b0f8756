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
from django.db.models import Count, Max, Min

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


def find_progress(list_id: str) -> list[Progress]:
    """Count what came of each send of a list that has messages or a merge."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    times: dict[str, tuple[int, int]] = {}
    rows = (
        MailDelivery.objects.filter(list_id=list_id)
        .values_list("request", "state")
        .annotate(messages=Count("token"), first=Min("at"), last=Max("at"))
        .order_by()
    )
    for request, state, messages, first, last in rows:
        counts[request][state] += messages
        known = times.get(request, (first, last))
        times[request] = (min(known[0], first), max(known[1], last))
    merges = {each.request: each for each in MailMerge.objects.filter(list_id=list_id)}
    return [
        _progress(name, counts[name], merges.get(name), times.get(name))
        for name in sorted({*counts, *merges})
    ]


def get_progress(list_id: str, request: str) -> Progress:
    """Count what came of one send; nothing, of one that has not begun."""
    rows = (
        MailDelivery.objects.filter(list_id=list_id, request=request)
        .values_list("state")
        .annotate(messages=Count("token"), first=Min("at"), last=Max("at"))
        .order_by()
    )
    counts, firsts, lasts = Counter[str](), list[int](), list[int]()
    for state, messages, first, last in rows:
        counts[state] += messages
        firsts.append(first)
        lasts.append(last)
    merge = MailMerge.objects.filter(list_id=list_id, request=request).first()
    times = (min(firsts), max(lasts)) if firsts else None
    return _progress(request, counts, merge, times)


def count_reasons(list_id: str, request: str) -> list[Why]:
    """Count by code what did not go through; the most frequent ones."""
    states = (MailDelivery.State.DEFERRED, MailDelivery.State.FAILED)
    rows = (
        MailDelivery.objects.filter(
            list_id=list_id, request=request, state__in=list(states)
        )
        .values_list("state", "code")
        .annotate(messages=Count("token"))
        .order_by("-messages", "state", "code")
    )
    return [Why(*row) for row in rows[:_MOST_CODES]]


def count_hours(list_id: str, request: str) -> list[tuple[int, int]]:
    """Count what was delivered in each hour that had any; the newest week of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at / 3600, COUNT(*) FROM mail_delivery WHERE list_id = %s"
            " AND request = %s AND state = 'delivered' GROUP BY 1 ORDER BY 1 DESC"
            " LIMIT %s",
            [list_id, request, _MOST_HOURS],
        )
        return [(hour * _HOUR, messages) for hour, messages in cursor.fetchall()][::-1]


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
    request: str,
    counts: Counter[str],
    merge: MailMerge | None,
    times: tuple[int, int] | None,
) -> Progress:
    state = MailDelivery.State
    return Progress(
        request=request,
        state=merge.state if merge else "",
        code=merge.code if merge else "",
        delivered=counts[state.DELIVERED],
        under_way=counts[state.CLAIMED],
        deferred=counts[state.DEFERRED],
        failed=counts[state.FAILED],
        first_at=times[0] if times else None,
        last_at=times[1] if times else None,
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
