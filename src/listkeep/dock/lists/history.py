"""What a list was before: each change is numbered, and keeps what it replaces.

Rules of the module:

- Whatever changes entries begins a change first and keeps the rows it is about to
  replace or remove, all in one transaction. New entries leave nothing to keep, so a
  first import costs one row here.
- Predecessors are as sealed as entries. Nobody who was erased has any.
- The statements are plain SQL that both engines speak; the ways of one engine are in
  ``bulk``.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from .models import Change, PastEntry
from .segments import Parameter
from .statuses import ERASED, SUBSCRIBED

_KEPT = (
    "list_id, token, replaced_by, change, batch_id, position, sealed, facets, status"
)
_KEEP = f"""
INSERT INTO past_entry ({_KEPT})
SELECT e.list_id, e.token, %s, e.change, e.batch_id, e.position, e.sealed, e.facets,
    e.status
"""
# Entries that were not in the list at a time and are now: `e`.
ADDED_LATER = """
FROM entry AS e WHERE e.list_id = %s AND e.change > %s AND NOT EXISTS (
    SELECT 1 FROM past_entry AS p WHERE p.list_id = e.list_id AND p.token = e.token
        AND p.change <= %s AND p.replaced_by > %s
)
"""
_SOME = 10_000
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


def newest_change(list_id: str) -> int:
    """Give the number of a list's newest change; 0 if nothing ever changed it."""
    newest = Change.objects.filter(list_id=list_id).order_by("-number")
    return newest.values_list("number", flat=True).first() or 0


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
    stand several times. To SQLite a cross join says in which order to look: it would
    go through the whole list for a few staged rows.
    """
    sql = f"""{_KEEP}
FROM (SELECT DISTINCT token FROM {staged}) AS s
CROSS JOIN entry AS e
WHERE e.list_id = %s AND e.token = s.token AND e.status <> %s ORDER BY e.token
"""  # noqa: S608
    return _execute(sql, [change.number, change.list_id, ERASED])


def keep_better(change: Change, tokens: Sequence[bytes], *, status: int) -> int:
    """Keep those of some entries that have a better status; tell how many."""
    marks = ", ".join(["%s"] * len(tokens))
    sql = f"""{_KEEP}
FROM entry AS e WHERE e.list_id = %s AND e.token IN ({marks}) AND e.status < %s
"""
    return _execute(sql, [change.number, change.list_id, *tokens, status])


def later_parameters(list_id: str, number: int) -> list[Parameter]:
    """Bind ``ADDED_LATER`` to the time after one change."""
    return [list_id, number, number, number]


def remove_later(change: Change, *, number: int) -> int:
    """Take out who came after a change and is subscribed; tell how many.

    They are kept as predecessors, so that this can be taken back as well.
    """
    parameters = later_parameters(change.list_id, number)
    kept = _execute(
        f"{_KEEP} {ADDED_LATER} AND e.status = %s",
        [change.number, *parameters, SUBSCRIBED],
    )
    _execute(
        """DELETE FROM entry WHERE list_id = %s AND token IN (
SELECT token FROM past_entry WHERE list_id = %s AND replaced_by = %s)
""",
        [change.list_id, change.list_id, change.number],
    )
    return kept


def drop_predecessors(
    list_id: str, *, until: int, keep_on: Callable[[], bool] = lambda: True
) -> int:
    """Drop what changes up to a number replaced, some at a time; tell how many rows.

    From then on the list cannot be taken back to before that change.
    """
    old = Change.objects.filter(list_id=list_id, number__lte=until)
    with transaction.atomic():  # not while a restore that needs them is merged
        lock_list(list_id)
        old.update(is_kept=False)
    dropped, after = 0, b""
    while keep_on():
        page = PastEntry.objects.filter(list_id=list_id, token__gt=after)
        tokens = list(page.order_by("token").values_list("token", flat=True)[:_SOME])
        if not tokens:
            old.update(is_dropped=True)
            break
        last = bytes(tokens[-1])
        dropped += _execute(
            "DELETE FROM past_entry WHERE list_id = %s AND token > %s AND token <= %s"
            " AND replaced_by <= %s",
            [list_id, after, last, until],
        )
        after = last
    return dropped


def forget(list_id: str, token: bytes) -> int:
    """Drop everything an entry was before; tell how many rows that were."""
    found = PastEntry.objects.filter(list_id=list_id, token=token)
    return found.delete()[0]


def _execute(sql: str, parameters: Sequence[Parameter]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)
