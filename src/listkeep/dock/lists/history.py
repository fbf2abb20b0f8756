"""What a list was before: each change is numbered, and keeps what it replaces.

Rules of the module:

- Whatever changes entries begins a change first and keeps the rows it is about to
  replace or remove, all in one transaction. New entries leave nothing to keep, so a
  first import costs one row here.
- Predecessors are as sealed as entries. Nobody who was erased has any.
- The statements are plain SQL that both engines speak; the ways of one engine are in
  ``bulk``.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from .models import ERASED, Change
from .segments import Parameter

_KEPT = (
    "list_id, token, replaced_by, change, batch_id, position, sealed, facets, status"
)
_KEEP = f"""
INSERT INTO past_entry ({_KEPT})
SELECT e.list_id, e.token, %s, e.change, e.batch_id, e.position, e.sealed, e.facets,
    e.status
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 4711))"


class Author(NamedTuple):
    """Who changes a list, and under which import, ticket or request."""

    who: str
    source: str = ""


def begin_change(
    list_id: str, *, kind: Change.Kind, author: Author, now: datetime
) -> Change:
    """Begin a list's next change, which no other can do until this transaction ends.

    Save it with its counts when it is done; one that changed nothing is not saved.
    """
    lock_list(list_id)
    latest = Change.objects.filter(list_id=list_id).order_by("-number").first()
    at = int(now.timestamp())
    return Change(
        list_id=list_id,
        number=latest.number + 1 if latest else 1,
        kind=kind,
        at=max(at, latest.at) if latest else at,
        who=author.who,
        source=author.source,
    )


def lock_list(list_id: str) -> None:
    """Have a list to oneself until the transaction ends.

    SQLite has one writer at a time anyway, from the beginning of its transaction.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [list_id])


def keep_staged(change: Change, staged: str) -> int:
    """Keep the entries that a table of staged rows is about to replace; tell how many.

    ``staged`` is the name of a table with a column ``token``, in which a token may
    stand several times.
    """
    sql = f"""{_KEEP}
FROM (SELECT DISTINCT token FROM {staged}) AS s
JOIN entry AS e ON e.list_id = %s AND e.token = s.token
WHERE e.status <> %s ORDER BY e.token
"""  # noqa: S608
    return _execute(sql, [change.number, change.list_id, ERASED])


def keep_better(change: Change, tokens: Sequence[bytes], *, status: int) -> int:
    """Keep those of some entries that have a better status; tell how many."""
    marks = ", ".join(["%s"] * len(tokens))
    sql = f"""{_KEEP}
FROM entry AS e WHERE e.list_id = %s AND e.token IN ({marks}) AND e.status < %s
"""
    return _execute(sql, [change.number, change.list_id, *tokens, status])


def _execute(sql: str, parameters: Sequence[Parameter]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)
