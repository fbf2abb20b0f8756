"""What a hand with SQL can do to a table: insert, change, swap, put back, delete.

The changes are made from what is in the table, so that a new table or column is bent
like the others without a word about it here.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

Row = dict[str, Any]
Rows = list[Row]
EACH_WAY = bool(os.environ.get("LISTKEEP_EACH_WAY"))
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")


@dataclass(frozen=True)
class Table:
    """A table as it was at one moment."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: tuple[Row, ...]

    def keyless(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name not in self.key)


Change = Callable[[Table, Table], Rows]  # of the table now and at an earlier moment


def table_names() -> list[str]:
    return sorted(connection.introspection.table_names())


def read_table(name: str) -> Table:
    with connection.cursor() as cursor:
        key = connection.introspection.get_primary_key_columns(cursor, name) or ()
        # No value of a test comes in here, only names of our own tables.
        cursor.execute(f"SELECT * FROM {quoted(name)}")  # noqa: S608
        columns = tuple(column[0] for column in cursor.description)
        rows = [
            dict(zip(columns, map(_plain, row), strict=True))
            for row in cursor.fetchall()
        ]
    rows.sort(key=lambda row: [row[column] for column in key])
    return Table(name, columns, tuple(key), tuple(rows))


def write_table(table: Table, rows: Sequence[Row]) -> None:
    """Let a table hold these rows and no others."""
    names = ", ".join(map(quoted, table.columns))
    places = ", ".join(["%s"] * len(table.columns))
    with _unchecked(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {quoted(table.name)}")  # noqa: S608
        cursor.executemany(
            f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({places})",  # noqa: S608
            [[row[column] for column in table.columns] for row in rows],
        )


@contextmanager
def _unchecked() -> Iterator[None]:
    """Let foreign keys point nowhere, as whoever owns the database can."""
    if connection.vendor != "postgresql":
        with connection.constraint_checks_disabled():
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET session_replication_role")


def changes_to(table: Table) -> Iterator[tuple[str, Change]]:
    """Name each thing that can be done to a table of this shape."""
    yield "all rows are deleted", lambda _now, _then: []
    yield "the first row is deleted", lambda now, _then: list(now.rows[1:])
    yield "the last row is deleted", lambda now, _then: list(now.rows[:-1])
    yield "an old copy is put back", lambda _now, then: list(then.rows)
    yield "old rows are put back beside new ones", _merged
    yield "a row is inserted", _inserted
    yield "rows are swapped", _swapped
    for column in table.keyless():
        yield f"{column} is bent", _each(column, _bent)
        yield f"{column} is emptied", _each(column, _emptied)
        yield f"{column} is a neighbour's", _neighbours(column)
    for column in table.key:
        yield f"the key's {column} is bent", _each(column, _bent)


def by_turns(table: Table) -> Iterator[tuple[str, Change]]:
    """Edit columns in one way each, where to see what comes of it takes long.

    With ``LISTKEEP_EACH_WAY`` it is each column in each way.
    """
    turns = {column: place for place, column in enumerate(table.keyless())}
    ways: Counter[str] = Counter()
    for what, change in changes_to(table):
        column = what.partition(" is ")[0]
        ways[column] += 1
        if EACH_WAY or column not in turns or (ways[column] - turns[column]) % 3 == 0:
            yield what, change


def _merged(now: Table, then: Table) -> Rows:
    """Let each old row win over the new one of its key."""
    kept = {
        tuple(row[name] for name in now.key): row for row in (*now.rows, *then.rows)
    }
    return list(kept.values())


def _inserted(now: Table, _then: Table) -> Rows:
    last = now.rows[-1]
    return [*now.rows, {**last, **{name: _bent(last[name]) for name in now.key[-1:]}}]


def _swapped(now: Table, _then: Table) -> Rows:
    """Leave the keys, and give each row what its neighbour holds."""
    others = [*now.rows[1:], now.rows[0]]
    return [
        {**other, **{name: row[name] for name in now.key}}
        for row, other in zip(now.rows, others, strict=True)
    ]


def _each(column: str, bend: Callable[[Any], Any]) -> Change:
    return lambda now, _then: [{**row, column: bend(row[column])} for row in now.rows]


def _neighbours(column: str) -> Change:
    def change(now: Table, _then: Table) -> Rows:
        values = [row[column] for row in now.rows]
        return [
            {**row, column: value}
            for row, value in zip(now.rows, [*values[1:], values[0]], strict=True)
        ]

    return change


def _bent(value: Any) -> Any:  # noqa: PLR0911 - one per kind of value
    """Give another value of the same kind, as near as there is one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, datetime):
        return value + timedelta(hours=6)
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"\x00"
    if isinstance(value, str) and _TIME.fullmatch(value):  # SQLite's
        return str(datetime.fromisoformat(value) + timedelta(hours=6))
    if isinstance(value, str):
        return value[:-1] + ("a" if value[-1:] != "a" else "b")
    return value


def _emptied(value: Any) -> Any:
    """Give the least value of the kind; a moment long ago for a moment."""
    if isinstance(value, datetime):
        return value.replace(year=2000)
    if isinstance(value, str) and _TIME.fullmatch(value):
        return "2000-01-01 00:00:00"
    return type(value)() if isinstance(value, bool | int | bytes | str) else value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is None:
        return str(value)  # as SQLite has it
    return bytes(value) if isinstance(value, memoryview) else value


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)
