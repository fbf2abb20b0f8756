"""What changes a list's entries: one merge per import, and statuses that sink.

Each change is numbered and keeps what it replaces (`history`).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import repeat

from django.db import transaction

from listkeep.core.errors import Code, ConflictError
from listkeep.core.segments import FacetRisk, Schema, Status, verify_anonymity

from . import bulk
from .history import Author, begin_change, keep_better, remove_later
from .models import Change, Entry
from .moments import Moment
from .segments import Condition
from .statuses import ERASED, STATUS_CODES, SUBSCRIBED

Suppressions = Iterator[tuple[int, list[bytes]]]
_TOKENS_AT_ONCE = 500
_AWAY = (STATUS_CODES[Status.UNSUBSCRIBED], STATUS_CODES[Status.BOUNCED])


def _nothing() -> None:
    """Do nothing more."""


def merge_staging(  # noqa: PLR0913 - one import is described by all of these
    staging: bulk.Staging,
    *,
    list_id: str,
    schema: Schema,
    author: Author,
    now: datetime,
    before_commit: Callable[[bulk.Merged, Suppressions], None],
    once_locked: Callable[[], None] = _nothing,
) -> None:
    """Merge a staging file into a list, all of it or nothing.

    ``once_locked`` is called when nobody else changes the list any more. New tokens are
    added and known ones replaced; a status only ever gets worse.
    ``before_commit`` is told what was done and which tokens are not subscribed; if
    it raises, the list stays as it was. It runs while the list is locked.

    Raises:
        RefusedError: The facets of the list would nearly identify people.
        UnavailableError: The disk is full, the list is locked for too long, or the
            database does not answer.
    """
    staging.complete()
    with bulk.translated(), transaction.atomic():
        change = begin_change(list_id, kind=Change.Kind.IMPORT, author=author, now=now)
        once_locked()
        merged = bulk.merge(change, staging)
        change.added, change.updated = merged.added, merged.updated
        change.save(force_insert=True)
        if schema.facets:
            counted = staging.risk if merged.is_first else None
            verify_anonymity((counted or _count_facets(list_id, schema)).report())
        before_commit(merged, staging.read_suppressed())


def lower_status(
    list_id: str,
    tokens: Sequence[bytes],
    *,
    status: int,
    author: Author,
    now: datetime,
) -> int:
    """Set a worse status on entries that have a better one; tell how many.

    Raises:
        ValueError: ``subscribed`` is no worse status, and ``erased`` is no status
            to set but what erasing leaves behind.
        UnavailableError: The list is locked for too long, or the database does not
            answer.
    """
    if not SUBSCRIBED < status < ERASED:
        raise ValueError(status)
    with bulk.translated(), transaction.atomic():
        change = begin_change(list_id, kind=Change.Kind.STATUS, author=author, now=now)
        for at in range(0, len(tokens), _TOKENS_AT_ONCE):
            some = tokens[at : at + _TOKENS_AT_ONCE]
            keep_better(change, some, status=status)
            change.updated += Entry.objects.filter(
                list_id=list_id, token__in=some, status__lt=status
            ).update(status=status, change=change.number)
        if change.updated:
            change.save(force_insert=True)
    return change.updated


def readmit(list_id: str, token: bytes, *, author: Author, now: datetime) -> bool:
    """Call an entry subscribed again that left or bounced; say whether it was there.

    Only after the keeper has let the person back, who alone can ask for that.

    Raises:
        UnavailableError: The list is locked for too long, or the database does not
            answer.
    """
    with bulk.translated(), transaction.atomic():
        change = begin_change(list_id, kind=Change.Kind.STATUS, author=author, now=now)
        away = Entry.objects.filter(list_id=list_id, token=token, status__in=_AWAY)
        if not away.exists():
            return False
        keep_better(change, [token], status=ERASED)
        change.updated = away.update(status=SUBSCRIBED, change=change.number)
        change.save(force_insert=True)
    return True


def restore_staging(  # noqa: PLR0913 - one restore is described by all of these
    staging: bulk.Staging,
    *,
    list_id: str,
    moment: Moment,
    author: Author,
    now: datetime,
    before_commit: Callable[[Change], None],
) -> None:
    """Take a list back to a moment, all of it or nothing.

    ``staging`` holds the earlier entries, sealed anew. Who came later goes, unless
    their status is a worse one. Statuses that sank meanwhile stay as they are.

    Raises:
        ConflictError: Something else than statuses changed since it was looked at, or
            what was replaced since that time is not kept any more.
        UnavailableError: The disk is full, the list is locked for too long, or the
            database does not answer.
    """
    staging.complete()
    with bulk.translated(), transaction.atomic():
        change = begin_change(list_id, kind=Change.Kind.RESTORE, author=author, now=now)
        _require_seen(list_id, moment)
        change.removed = remove_later(change, number=moment.number)
        merged = bulk.merge(change, staging)
        change.added, change.updated = merged.added, merged.updated
        change.moment = moment.at
        change.save(force_insert=True)
        before_commit(change)


def _require_seen(list_id: str, moment: Moment) -> None:
    since = Change.objects.filter(list_id=list_id, number__gt=moment.latest)
    taken_back = Change.objects.filter(list_id=list_id, number__gt=moment.number)
    is_lost = taken_back.filter(is_kept=False).exists()  # some rows may be gone
    if is_lost or since.exclude(kind=Change.Kind.STATUS).exists():
        raise ConflictError(
            "the list was changed meanwhile",
            code=Code.BUSY,
            hint="look again at what going back would change",
        )


def _count_facets(list_id: str, schema: Schema) -> FacetRisk:
    """Count the list as it would be: five files of one row each look harmless.

    Of a list's first rows all were counted on their way: to ask the table for what was
    just written costs as much again as to write it.
    """
    risk = FacetRisk(schema)
    # Who was erased has no facets any more, and is nobody they could point at.
    there = Condition("status <> %s", (ERASED,))
    for text, count in bulk.count_groups("facets", list_id, there):
        risk.add_many(repeat(text, count))
    return risk
