"""Put staged rows into a list: one way through the contract, on either engine."""

from typing import Final, NamedTuple

from django.db import connection

from listkeep.dock.lists.models import ERASED

from .engine import Engine, get_engine
from .staging import Staging


class Merged(NamedTuple):
    """What a merge did: entries that are new, and entries that were replaced."""

    added: int
    updated: int


# A status never gets better and erased stays erased. The lock keeps others away, so
# what is not in the list now is not there a statement later.
_REPLACE: Final = """
UPDATE entry SET
    batch_id = incoming.batch_id, position = incoming.position,
    sealed = incoming.sealed, facets = incoming.facets,
    status = CASE WHEN incoming.status > entry.status
        THEN incoming.status ELSE entry.status END,
    updated_at = %s
FROM incoming
WHERE entry.list_id = %s AND entry.token = incoming.token AND entry.status <> %s
"""
_ADD: Final = """
INSERT INTO entry
    (list_id, token, batch_id, position, sealed, facets, status, updated_at)
SELECT %s, token, batch_id, position, sealed, facets, status, %s FROM incoming
WHERE NOT EXISTS (
    SELECT 1 FROM entry WHERE entry.list_id = %s AND entry.token = incoming.token
)
ORDER BY token
"""


def lock_list(list_id: str) -> None:
    """Be the only one who changes this list's entries until the transaction ends.

    Merge, status change, restore, renew and erase each begin with this, so that none
    works on what another is about to replace.
    """
    get_engine().lock_list(list_id)


def merge(list_id: str, staging: Staging, *, at: int) -> Merged:
    """Put staged rows into a list, within the caller's transaction and lock."""
    engine = get_engine()
    if not _has_rows(list_id):
        return Merged(engine.insert(list_id, staging.read_sorted(), at=at), 0)
    return _merge_pages(engine, list_id, staging, at=at)


def _has_rows(list_id: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM entry WHERE list_id = %s LIMIT 1", [list_id])
        return cursor.fetchone() is not None


def _merge_pages(engine: Engine, list_id: str, staging: Staging, *, at: int) -> Merged:
    added = distinct = 0
    engine.make_incoming()
    with connection.cursor() as cursor:
        for page in staging.read_sorted():
            engine.fill_incoming(page)
            cursor.execute(_REPLACE, [at, list_id, ERASED])
            cursor.execute(_ADD, [list_id, at, list_id])
            added += cursor.rowcount
            distinct += len(page)
    return Merged(added=added, updated=distinct - added)
