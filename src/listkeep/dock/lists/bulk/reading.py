"""Count and read rows of a list in the order of their tokens, on either engine."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db import connection

from listkeep.dock.lists.segments import Condition, Parameter

READ_ROWS: Final = 4096
_AMONG: Final = """AND token <= (SELECT token FROM (
SELECT token FROM entry WHERE list_id = %s AND token > %s ORDER BY token LIMIT %s
) AS first ORDER BY token DESC LIMIT 1)"""
Found = tuple[Any, ...]
_COLUMNS: Final = frozenset(
    {"token", "batch_id", "position", "sealed", "facets", "status"}
)


def count_rows(list_id: str, condition: Condition | None = None) -> int:
    """Count a list's rows, or those of them a condition selects."""
    where, parameters = _where(list_id, condition)
    with connection.cursor() as cursor:
        sql = f"SELECT count(*) FROM entry WHERE {where}"  # noqa: S608 - as below
        cursor.execute(sql, parameters)
        return int(cursor.fetchone()[0])


def count_groups(
    column: str, list_id: str, condition: Condition | None = None
) -> Iterator[tuple[Any, int]]:
    """Count a list's rows by the values of one column, ``facets`` or ``status``."""
    if column not in {"facets", "status"}:
        raise ValueError(column)
    where, parameters = _where(list_id, condition)
    sql = f"SELECT {column}, count(*) FROM entry WHERE {where} GROUP BY {column}"  # noqa: S608 - as below
    yield from _read(sql, parameters)


def count_kinds(list_id: str) -> Iterator[tuple[str, int, int]]:
    """Count a list's rows by facets and status together."""
    yield from _read(
        "SELECT facets, status, count(*) FROM entry WHERE list_id = %s"
        " GROUP BY facets, status",
        (list_id,),
    )


def read_rows(  # noqa: PLR0913 - a page is described by all of these
    columns: Sequence[str],
    list_id: str,
    condition: Condition | None = None,
    *,
    after: bytes = b"",
    limit: int = READ_ROWS,
    among: int | None = None,
) -> list[Found]:
    """Read the next rows of a list in token order, perhaps among the next so many.

    Each page is a read of its own, so that a slow reader holds no snapshot that
    the log of the database would have to grow around.
    """
    if not _COLUMNS.issuperset(columns):
        raise ValueError(columns)
    where, parameters = _where(list_id, condition)
    # Nothing in the text is from outside: columns are checked, `_where` binds.
    sql = (
        f"SELECT {', '.join(columns)} FROM entry"  # noqa: S608
        f" WHERE {where} AND token > %s {{}} ORDER BY token LIMIT %s"
    )
    bounds: tuple[Parameter, ...] = ()
    if among is None:
        sql = sql.format("")
    else:
        sql, bounds = sql.format(_AMONG), (list_id, after, among)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, after, *bounds, limit])
        found: list[Found] = cursor.fetchall()
    return found


def find_rows(
    columns: Sequence[str], list_id: str, tokens: Sequence[bytes]
) -> list[Found]:
    """Find the rows of a few tokens, whatever the size of the list.

    No other bound stands beside the tokens: given ``token > ''`` as well, SQLite walks
    the whole list for them.
    """
    if not tokens:
        return []
    if not _COLUMNS.issuperset(columns):
        raise ValueError(columns)
    sql = (
        f"SELECT {', '.join(columns)} FROM entry WHERE list_id = %s"  # noqa: S608 - as above
        f" AND token IN ({', '.join(['%s'] * len(tokens))}) ORDER BY token"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list_id, *tokens])
        found: list[Found] = cursor.fetchall()
    return found


def _where(
    list_id: str, condition: Condition | None
) -> tuple[str, tuple[Parameter, ...]]:
    if condition is None:
        return "list_id = %s", (list_id,)
    return f"list_id = %s AND {condition.sql}", (list_id, *condition.parameters)


def _read(sql: str, parameters: Sequence[Parameter]) -> Iterator[Found]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(READ_ROWS):
            yield from rows
