"""Who is next in a run, and what came of the others."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from django.db.models import Count, Q

from listkeep.core.segments import Schema, parse_segment
from listkeep.dock.lists import bulk
from listkeep.dock.lists.segments import Condition, compile_condition
from listkeep.dock.lists.statuses import SUBSCRIBED
from listkeep.dock.outlet.models import Deliveries, MailDelivery
from listkeep.dock.outlet.tallies import read_counts

from .models import MailMerge
from .path import Item

CLAIM_SECONDS: Final = 300
"""A message that nobody settled for so long was under way when a process died."""
DELAYS: Final = (60, 300, 900, 1800, 3600)
"""How long a message rests after its first, second, … refusal for now."""
_COLUMNS: Final = ("token", "facets")


def read_page(
    run: MailMerge, *, selection: str, slots: Collection[str], limit: int
) -> list[Item]:
    """Read the next subscribed entries of a run's segment."""
    schema = Schema.parse(run.facets)
    chosen = compile_condition(parse_segment(selection, schema).node)
    condition = Condition(
        f"({chosen.sql} AND status = %s)", (*chosen.parameters, SUBSCRIBED)
    )
    rows = bulk.read_rows(
        _COLUMNS, run.list_id, condition, after=bytes(run.cursor), limit=limit
    )
    return _items(rows, schema, slots)


def read_deferred(
    run: MailMerge, *, slots: Collection[str], limit: int, now: int
) -> list[Item]:
    """Read whose message is due once more, who waits for the longest first.

    Until all had their turn these are such as had theirs: a page that has to be handed
    over again is none of it.
    Costs a look at each message that waits, and at none that is over.
    """
    due = Q(state=MailDelivery.State.CLAIMED, at__lte=now - CLAIM_SECONDS)
    for number, seconds in enumerate(DELAYS, 1):
        tries = (
            {"attempts": number} if number < len(DELAYS) else {"attempts__gte": number}
        )
        due |= Q(state=MailDelivery.State.DEFERRED, at__lte=now - seconds, **tries)
    rested = _of(run).waiting().filter(due, at__lte=now - DELAYS[0])
    if not run.is_through:
        rested = rested.filter(token__lte=bytes(run.cursor))
    found = rested.order_by("at", "token").values_list("token", flat=True)
    tokens = [bytes(token) for token in found[:limit]]
    if not tokens or not slots:
        return [Item(token, {}) for token in tokens]
    rows = bulk.find_rows(_COLUMNS, run.list_id, tokens)
    known = {item.token: item for item in _items(rows, Schema.parse(run.facets), slots)}
    return [known.get(token, Item(token, {})) for token in tokens]


def is_waiting(run: MailMerge) -> bool:
    """Whether some message of a run may still go out."""
    return bool(_of(run).waiting().order_by("at").values_list("at")[:1])


def count_waiting(run: MailMerge) -> int:
    """Count messages of a run that may still go out; costs a look at each of them."""
    return _of(run).waiting().filter(at__gte=0).count()


def count_states(run: MailMerge) -> dict[str, int]:
    """Count a run's messages by what came of them; every state is there."""
    rows = _of(run).values_list("state").annotate(Count("token"))
    counts = dict(rows.order_by())
    return {str(state): counts.get(str(state), 0) for state in MailDelivery.State}


def read_states(run: MailMerge) -> dict[str, int]:
    """Read the same from what is counted as it goes: as fast for many as for few."""
    counts = Counter[str]()
    for counted in read_counts(run.list_id, run.request):
        counts[counted.state] += counted.messages
    return {str(state): counts[state] for state in MailDelivery.State}


def count_due(now: int) -> int:
    """Count runs that have something to do at a time."""
    return MailMerge.objects.filter(
        state=MailMerge.State.RUNNING, next_at__lte=now
    ).count()


def _of(run: MailMerge) -> Deliveries:
    return MailDelivery.objects.filter(list_id=run.list_id, request=run.request)


def _items(
    rows: Sequence[bulk.Found], schema: Schema, slots: Collection[str]
) -> list[Item]:
    """Fill the application's slots from facets of the same name."""
    wanted = [name for name in schema.names if name in slots]
    if not wanted:
        return [Item(bytes(token), {}) for token, _ in rows]
    decode = schema.decoder()
    items = []
    for token, text in rows:
        facets = dict(zip(schema.names, decode(text), strict=True))
        values = {name: _text(facets[name]) for name in wanted}
        items.append(Item(bytes(token), {k: v for k, v in values.items() if v}))
    return items


def _text(value: str | int | bool | None) -> str:  # noqa: FBT001 - a value, no flag
    if value is None or isinstance(value, bool):
        return ""
    return str(value)
