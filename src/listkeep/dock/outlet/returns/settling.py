"""Have what came back count: at the keeper first, then in the list.

Each step can be done again: the keeper suppresses nobody twice, a status only sinks,
and a row waits until both know.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import structlog
from django.db import transaction

from listkeep.core.errors import Code, RefusedError
from listkeep.core.mail import Outcome
from listkeep.core.registry.incidents import IncidentKind
from listkeep.dock.lists import bulk
from listkeep.dock.lists import services as lists
from listkeep.dock.lists.history import Author
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.statuses import STATUS_CODES
from listkeep.dock.watch.incidents import open_incident
from listkeep.wire.messages import sends as d

from .brake import Brake
from .models import Returned
from .outcomes import STATUSES
from .recording import About, record_anew, record_returned
from .soft import ENDS_COUNTING, count_soft_bounce, forget_soft_bounces

log = structlog.get_logger("listkeep.dock.outlet")

AT_ONCE = 1000
_AUTHOR = "returned"


def settle_returned(
    *,
    keeper: Keeper,
    clock: Callable[[], datetime],
    keep_on: Callable[[], bool],
) -> int:
    """Settle what waits, list by list. Gives how many things that were.

    Raises:
        UnavailableError: The keeper or the database does not answer; all that is not
            settled waits.
    """
    done = 0
    for list_id in _waiting_lists():
        while keep_on():
            rows = _waiting(list_id)
            if not rows:
                break
            _settle(list_id, rows, keeper=keeper, now=clock())
            done += len(rows)
    return done


def count_waiting() -> int:
    """Count what is not settled."""
    return Returned.objects.filter(state=Returned.State.WAITING).count()


def decide_held(list_id: str, decision: str, *, who: str) -> int:
    """Let what is held count after all, or drop it. Gives how many things that were.

    What counts gets a number of its own, so that whoever reads on hears of it.
    """
    count = 0
    while some := _held(list_id):
        with bulk.translated(), transaction.atomic():
            numbers = [row.number for row in some]
            held = Returned.objects.filter(list_id=list_id, number__in=numbers)
            held.update(state=Returned.State.DROPPED, is_past=True)
            for row in some if decision == "accept" else ():
                record_anew(row, how=Returned.How.ACCEPTED)
        count += len(some)
    log.info("returned.decided", list=list_id, by=who, decision=decision, count=count)
    return count


def _held(list_id: str) -> list[Returned]:
    held = Returned.objects.filter(list_id=list_id, state=Returned.State.HELD)
    return list(held.order_by("number")[:AT_ONCE])


def _waiting_lists() -> list[str]:
    waiting = Returned.objects.filter(state=Returned.State.WAITING)
    return sorted(waiting.values_list("list_id", flat=True).distinct())


def _waiting(list_id: str) -> list[Returned]:
    waiting = Returned.objects.filter(list_id=list_id, state=Returned.State.WAITING)
    return list(waiting.order_by("number")[:AT_ONCE])


def _settle(
    list_id: str, rows: Sequence[Returned], *, keeper: Keeper, now: datetime
) -> None:
    brake = Brake.of(list_id, now=now)
    harmful = [row for row in rows if row.outcome in STATUSES]
    allowed = [row for row in harmful if brake.lets(row)]
    held = {row.number for row in harmful} - {row.number for row in allowed}
    if held:
        # First of all: what is held with nobody told would be lost.
        open_incident(
            IncidentKind.RETURNED_FLOOD,
            keeper=keeper,
            list_id=list_id,
            found=len(held),
            now=now,
        )
        _mark(list_id, held, Returned.State.HELD)
    _suppress(list_id, allowed, keeper=keeper, now=now)
    for row in rows:
        _count(row, now=now)
    _mark(list_id, {row.number for row in rows} - held, Returned.State.SETTLED)


def _suppress(
    list_id: str, rows: Sequence[Returned], *, keeper: Keeper, now: datetime
) -> None:
    if not rows:
        return
    items = [
        d.ReturnedItem(
            request=row.request,
            token=bytes(row.token),
            outcome=row.outcome,
            code=row.code,
        )
        for row in rows
    ]
    try:
        keeper.report_returned(d.ReportReturned(items=items))
    except RefusedError as error:
        # Of a list or send that is gone; what the list itself says still sinks.
        if error.code is not Code.NOT_FOUND:
            raise
        log.warning("returned.not-taken", list=list_id, code=error.code)
    tokens = defaultdict[int, list[bytes]](list)
    for item in items:
        tokens[STATUS_CODES[STATUSES[Outcome(item.outcome)]]].append(item.token)
    for status, some in sorted(tokens.items()):
        author = Author(_AUTHOR)
        lists.lower_status(list_id, some, status=status, author=author, now=now)


def _count(row: Returned, *, now: datetime) -> None:
    """Follow what fails for a while, and say so when it did for too long."""
    token, outcome = bytes(row.token), Outcome(row.outcome)
    if outcome in ENDS_COUNTING:
        forget_soft_bounces(row.list_id, token)
    elif outcome is Outcome.SOFT_BOUNCE and count_soft_bounce(
        row.list_id, token, day=row.day
    ):
        record_returned(
            About(row.list_id, row.request),
            token,
            Outcome.HARD_BOUNCE,
            row.code,
            how=Returned.How.RULE,
            now=now,
        )


def _mark(list_id: str, numbers: Iterable[int], state: Returned.State) -> None:
    Returned.objects.filter(
        list_id=list_id, number__in=list(numbers), state=Returned.State.WAITING
    ).update(state=state)
