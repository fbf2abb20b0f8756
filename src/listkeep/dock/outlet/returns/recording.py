"""Write down what came back: once a day of the same, numbered by list."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, QuerySet

from listkeep.core.mail import Outcome
from listkeep.dock.lists import bulk
from listkeep.dock.lists.models import Entry
from listkeep.dock.lists.statuses import ERASED, SUBSCRIBED

from .models import Returned

_NOBODY = ""
_DAY_SECONDS = 86_400
# Whoever takes a number waits for whoever took the one before: who reads on from a
# number has seen all lower ones.
_NUMBER = """
INSERT INTO returned_count (list_id, last) VALUES (%s, 1)
ON CONFLICT (list_id) DO UPDATE SET last = returned_count.last + 1 RETURNING last
"""
# What changes something: for everything else the row is all there is to do.
TO_SETTLE = frozenset(
    {
        *(Outcome.HARD_BOUNCE, Outcome.COMPLAINT, Outcome.UNSUBSCRIBE),
        *(Outcome.SOFT_BOUNCE, Outcome.DELIVERED),
    }
)


class About(NamedTuple):
    """Which list and send something is about."""

    list_id: str
    request: str


def record_returned(  # noqa: PLR0913 - one thing that came back, in all its parts
    about: About | None,
    token: bytes,
    outcome: Outcome,
    code: str = "",
    *,
    how: Returned.How,
    now: datetime,
) -> bool:
    """Write down what came back, unless that is known of today. Says whether it is new.

    Of a send nobody knows, or of somebody who was erased, it is only counted; that
    takes as long, and as much of the disk, as writing down again what is known.

    Raises:
        UnavailableError: The disk is full, or the database does not answer.
    """
    seconds = int(now.timestamp())
    day = seconds // _DAY_SECONDS
    list_id, request = about or About(_NOBODY, "")
    with bulk.translated(), transaction.atomic():
        number = _take_number(list_id)
        is_erased = _has_status(list_id, token, ERASED).exists()
        same = _find_same(list_id, request, token, outcome, day=day)
        if same.exists() or is_erased or about is None:
            return False
        is_waiting = outcome in TO_SETTLE
        Returned.objects.create(
            list_id=list_id,
            number=number,
            request=request,
            token=token,
            outcome=outcome,
            code=code,
            how=how,
            at=seconds,
            day=day,
            state=Returned.State.WAITING if is_waiting else Returned.State.NONE,
        )
    return True


def _find_same(
    list_id: str, request: str, token: bytes, outcome: Outcome, *, day: int
) -> QuerySet[Returned]:
    """Ask for what says the same: of one day, or of somebody who left and is gone."""
    same = Returned.objects.filter(
        list_id=list_id, token=token, request=request, outcome=outcome, is_past=False
    )
    if outcome is not Outcome.UNSUBSCRIBE:
        return same.filter(day=day)
    is_settled = same.filter(state=Returned.State.SETTLED)
    is_settled.filter(_is_back(list_id, token)).update(is_past=True)
    return same


def _is_back(list_id: str, token: bytes) -> Exists:
    """Ask whether somebody is on the list, perhaps again."""
    return Exists(_has_status(list_id, token, SUBSCRIBED))


def _has_status(list_id: str, token: bytes, status: int) -> QuerySet[Entry]:
    return Entry.objects.filter(list_id=list_id, token=token, status=status)


def record_anew(row: Returned, *, how: Returned.How) -> None:
    """Write something down again under a new number, to be settled.

    The earlier row has to be past. Within a transaction of the caller's.
    """
    Returned.objects.create(
        list_id=row.list_id,
        number=_take_number(row.list_id),
        request=row.request,
        token=row.token,
        outcome=row.outcome,
        code=row.code,
        how=how,
        at=row.at,
        day=row.day,
        state=Returned.State.WAITING,
    )


def _take_number(list_id: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_NUMBER, [list_id])
        [number] = cursor.fetchone()
    return int(number)
