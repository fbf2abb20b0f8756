"""What changes a list's entries: one merge per import, and statuses that sink.

Each change is numbered and keeps what it replaces (`history`).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain, repeat

from django.db import transaction

from listkeep.core.segments import FacetRisk, Schema, verify_anonymity

from . import bulk
from .history import Author, begin_change, keep_better
from .models import ERASED, SUBSCRIBED, Change, Entry

Suppressions = Iterator[tuple[int, list[bytes]]]
_TOKENS_AT_ONCE = 500


def merge_staging(  # noqa: PLR0913 - one import is described by all of these
    staging: bulk.Staging,
    *,
    list_id: str,
    schema: Schema,
    author: Author,
    now: datetime,
    before_commit: Callable[[bulk.Merged, Suppressions], None],
) -> None:
    """Merge a staging file into a list, all of it or nothing.

    New tokens are added and known ones replaced; a status only ever gets worse.
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
        merged = bulk.merge(change, staging)
        change.added, change.updated = merged
        change.save(force_insert=True)
        _verify_facets(list_id, schema)
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
            ).update(status=status, updated_at=change.at, change=change.number)
        if change.updated:
            change.save(force_insert=True)
    return change.updated


def _verify_facets(list_id: str, schema: Schema) -> None:
    """Judge the list as it would be: five files of one row each look harmless."""
    if not schema.facets:
        return
    risk = FacetRisk(schema)
    groups = bulk.count_groups("facets", list_id)
    risk.add_many(chain.from_iterable(repeat(text, count) for text, count in groups))
    verify_anonymity(risk.report())
