"""Look for addresses in the tables of a database, column by column, read-only."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

from listkeep.core.errors import UnavailableError
from listkeep.core.files.plaintext import cover

from .scanning import UNREADABLE, Finding, Scan

if TYPE_CHECKING:
    import psycopg

Name = TypeVar("Name", str, tuple[str, str])

_ROWS_AT_ONCE = 2000
_TABLES = """
SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum),
    array_agg(t.typname::text ORDER BY a.attnum)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
    AND t.typname NOT IN ('int2', 'int4', 'int8', 'float4', 'float8', 'numeric',
        'bool', 'uuid', 'date', 'time', 'timestamp', 'timestamptz', 'oid', 'inet')
GROUP BY n.nspname, c.relname ORDER BY n.nspname, c.relname
"""


class _Table(NamedTuple):
    schema: str
    name: str
    columns: list[str]
    types: list[str]


def scan_sqlite(path: Path, shown: str, *, found: int, scan: Scan) -> Iterator[Finding]:
    """Tell in which columns of an SQLite database what was found in its file stands.

    What stands in no column any more is what deleted rows leave behind.
    """
    counts: Counter[tuple[str, str]] = Counter()
    try:
        for table, columns, rows in _read_sqlite(path):
            names = [(table, column) for column in columns]
            counts += _count_rows(rows, names, scan)
    except sqlite3.Error:
        yield Finding(shown, "SQLite, whose tables cannot be read", found)
        return
    for (table, column), count in sorted(counts.items()):
        yield Finding(f"{shown}: {cover(table)}.{cover(column)}", "column", count)
    if not counts:
        yield Finding(shown, "deleted rows: VACUUM it", found)


def scan_postgresql(url: str, scan: Scan) -> Iterator[Finding]:
    """Look at every table of a PostgreSQL database one may read.

    Raises:
        UnavailableError: It does not answer, or psycopg is missing.
    """
    with closing(_connect(url)) as connection:
        import psycopg  # noqa: PLC0415 - an extra; it is there, as it connected

        connection.read_only = True
        with connection.cursor() as cursor:
            tables = [_Table(*row) for row in cursor.execute(_TABLES).fetchall()]
        connection.rollback()
        for table in tables:
            place = f"{cover(table.schema)}.{cover(table.name)}"
            scan.places += 1
            try:
                counts = _count_table(connection, table, scan)
            except psycopg.OperationalError as error:
                raise _away() from error
            except psycopg.Error:
                yield Finding(place, UNREADABLE, 0)
                continue
            finally:
                if not connection.closed:
                    connection.rollback()
            for column, count in sorted(counts.items()):
                yield Finding(f"{place}.{cover(column)}", "column", count)


def _count_table(
    connection: "psycopg.Connection[Any]", table: _Table, scan: Scan
) -> Counter[str]:
    from psycopg import sql  # noqa: PLC0415 - as above

    cells = [
        sql.Identifier(name)
        if kind == "bytea"
        else sql.SQL("{}::text").format(sql.Identifier(name))
        for name, kind in zip(table.columns, table.types, strict=True)
    ]
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(cells), sql.Identifier(table.schema, table.name)
    )
    with connection.cursor(name="scan") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(query)
        return _count_rows(cursor, table.columns, scan)


def _count_rows(
    rows: Iterable[Sequence[Any]], names: Sequence[Name], scan: Scan
) -> Counter[Name]:
    counts: Counter[Name] = Counter()
    finder = scan.finder()
    for row in rows:
        for name, cell in zip(names, row, strict=True):
            if not isinstance(cell, str | bytes):
                continue
            data = cell.encode() if isinstance(cell, str) else cell
            scan.add(len(data))
            if found := finder.count(data):
                counts[name] += found
    return counts


def _read_sqlite(
    path: Path,
) -> Iterator[tuple[str, list[str], Iterator[tuple[Any, ...]]]]:
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as database:
        database.text_factory = bytes
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall()
        for (raw,) in tables:
            name = raw.decode(errors="replace")
            rows = database.execute(f"SELECT * FROM {_quoted(name)}")  # noqa: S608 - quoted
            columns = [each[0] for each in rows.description]
            yield name, columns, rows


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _connect(url: str) -> "psycopg.Connection[Any]":
    try:
        import psycopg  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UnavailableError(
            "scanning PostgreSQL needs psycopg", hint="pip install listkeep[postgres]"
        ) from error
    try:
        return psycopg.connect(url, connect_timeout=10)
    except psycopg.Error:
        pass
    raise _away()  # outside: what psycopg says can name the account


def _away() -> UnavailableError:
    return UnavailableError(
        "the database to scan does not answer",
        hint="see whether `psql` reaches it with the same address",
    )
