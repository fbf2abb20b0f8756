"""What changes a list's entries: one merge per import, and statuses that sink."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain, repeat

from django.db import transaction

from listkeep.core.segments import FacetRisk, Schema, verify_anonymity

from . import bulk
from .models import ERASED, SUBSCRIBED, Entry

Suppressions = Iterator[tuple[int, list[bytes]]]
_TOKENS_AT_ONCE = 500


def merge_staging(
    staging: bulk.Staging,
    *,
    list_id: str,
    schema: Schema,
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
        bulk.lock_list(list_id)
        merged = bulk.merge(list_id, staging, at=int(now.timestamp()))
        _verify_facets(list_id, schema)
        before_commit(merged, staging.read_suppressed())


def lower_status(
    list_id: str, tokens: Sequence[bytes], *, status: int, now: datetime
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
    changed = 0
    with bulk.translated(), transaction.atomic():
        bulk.lock_list(list_id)
        for at in range(0, len(tokens), _TOKENS_AT_ONCE):
            changed += Entry.objects.filter(
                list_id=list_id,
                token__in=tokens[at : at + _TOKENS_AT_ONCE],
                status__lt=status,
            ).update(status=status, updated_at=int(now.timestamp()))
    return changed


def _verify_facets(list_id: str, schema: Schema) -> None:
    """Judge the list as it would be: five files of one row each look harmless."""
    if not schema.facets:
        return
    risk = FacetRisk(schema)
    groups = bulk.count_groups("facets", list_id)
    risk.add_many(chain.from_iterable(repeat(text, count) for text, count in groups))
    verify_anonymity(risk.report())
