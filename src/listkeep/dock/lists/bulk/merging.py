"""Put staged rows into a list: one way through the contract, on either engine."""

from typing import Final, NamedTuple

from django.db import connection

from listkeep.dock.lists.history import keep_staged
from listkeep.dock.lists.models import Change
from listkeep.dock.lists.statuses import ERASED

from .engine import Engine, get_engine
from .staging import Staging


class Merged(NamedTuple):
    """What a merge did: entries that are new, and entries that were replaced."""

    added: int
    updated: int
    is_first: bool = False  # the list was empty before


# A status never gets better and erased stays erased. The lock keeps others away, so
# what is not in the list now is not there a statement later. Without the second look at
# ``incoming``, in each engine's own words, both would go through the whole list for
# each page.
_REPLACE: Final = """
UPDATE entry SET
    batch_id = incoming.batch_id, position = incoming.position,
    sealed = incoming.sealed, facets = incoming.facets,
    status = CASE WHEN incoming.status > entry.status
        THEN incoming.status ELSE entry.status END,
    change = %s
FROM incoming
WHERE entry.list_id = %s AND entry.token = incoming.token AND entry.status <> %s
    AND entry.token {among}
"""
_ADD: Final = """
INSERT INTO entry
    (list_id, token, batch_id, position, sealed, facets, status, change)
SELECT %s, token, batch_id, position, sealed, facets, status, %s FROM incoming
WHERE NOT EXISTS (
    SELECT 1 FROM entry WHERE entry.list_id = %s AND entry.token = incoming.token
)
ORDER BY token
"""


def merge(change: Change, staging: Staging) -> Merged:
    """Put staged rows into a list, within the caller's transaction and lock.

    What they replace is kept in the list's history.
    """
    engine = get_engine()
    if _has_rows(change.list_id):
        return _merge_pages(engine, change, staging)
    added = engine.insert(change, staging.read_sorted())
    return Merged(added, 0, is_first=True)


def _has_rows(list_id: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM entry WHERE list_id = %s LIMIT 1", [list_id])
        return cursor.fetchone() is not None


def _merge_pages(engine: Engine, change: Change, staging: Staging) -> Merged:
    list_id, number = change.list_id, change.number
    added = distinct = 0
    replace = _REPLACE.format(among=engine.among_incoming)
    engine.make_incoming()
    with connection.cursor() as cursor:
        for page in staging.read_sorted():
            engine.fill_incoming(page)
            keep_staged(change, "incoming")
            cursor.execute(replace, [number, list_id, ERASED])
            cursor.execute(_ADD, [list_id, number, list_id])
            added += cursor.rowcount
            distinct += len(page)
    return Merged(added=added, updated=distinct - added)
