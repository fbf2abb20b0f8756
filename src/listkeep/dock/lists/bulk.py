"""What is fast only in one engine's own words: staging, merging, reading in rows.

All of it is SQLite; another engine gets a sibling of this module. An import writes
to a staging file of its own and is merged in the token order of the table, in one
transaction: each page of the table is written once, and until the commit nothing
of the list has changed. Everything in a staging file is as sealed as the table.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from django.db import OperationalError, connection

from listkeep.core.errors import Code, UnavailableError

from .history import keep_staged
from .models import ERASED, Change
from .segments import Condition, Parameter

READ_ROWS = 4096
Found = tuple[Any, ...]


class StagedRow(NamedTuple):
    """One row on its way into a list; everything but facets and status is sealed."""

    token: bytes
    batch_id: bytes
    position: int
    sealed: bytes
    facets: str
    status: int


class Merged(NamedTuple):
    """What a merge did: entries that are new, and entries that were replaced."""

    added: int
    updated: int


_STAGING = """
CREATE TABLE row (
    token BLOB, batch_id BLOB, position INTEGER, sealed BLOB, facets TEXT,
    status INTEGER
)
"""
_STAGE = "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?)"
# Many rows to a statement: half of the time of one row is the way in and out.
_STAGED_AT_ONCE = 64
_STAGE_MANY = _STAGE + ", (?, ?, ?, ?, ?, ?)" * (_STAGED_AT_ONCE - 1)
# Rows arrive in token order, within a token in the file's order: the last one of
# the file wins, except that a status never gets better and erased stays erased.
_MERGE = """
INSERT INTO main.entry
    (list_id, token, batch_id, position, sealed, facets, status, updated_at, change)
SELECT %s, token, batch_id, position, sealed, facets, status, %s, %s
FROM staging.row WHERE true ORDER BY token, rowid
ON CONFLICT (list_id, token) DO UPDATE SET
    batch_id = excluded.batch_id, position = excluded.position,
    sealed = excluded.sealed, facets = excluded.facets,
    status = max(status, excluded.status), updated_at = excluded.updated_at,
    change = excluded.change
WHERE status <> %s
"""


_FAULTS = {
    sqlite3.SQLITE_FULL: ("the dock's disk is full", "make room on it, then try again"),
    sqlite3.SQLITE_BUSY: (
        "the dock's database is busy with other work",
        "try again in a minute",
    ),
    sqlite3.SQLITE_ERROR: (
        "the dock's database does not work as it should",
        "look at the dock's disk and log, then try again",
    ),
}


class Staging:
    """The file one import collects its rows in. It is as fast as it is disposable.

    Neither journal nor sync: after a crash the file is thrown away unread.
    """

    def __init__(self, path: Path) -> None:
        """Begin a new file."""
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, isolation_level=None)
        path.chmod(0o600)
        for pragma in (
            *("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"),
            *("page_size = 16384", "cache_size = -4000"),
        ):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(_STAGING)

    def add(self, rows: Sequence[Found]) -> None:
        """Append rows, each in the order of ``StagedRow``.

        Raises:
            UnavailableError: The disk is full or does not answer.
        """
        with translated():
            self._database.execute("BEGIN")
            whole = len(rows) - len(rows) % _STAGED_AT_ONCE
            self._database.executemany(
                _STAGE_MANY,
                (
                    tuple(chain.from_iterable(rows[at : at + _STAGED_AT_ONCE]))
                    for at in range(0, whole, _STAGED_AT_ONCE)
                ),
            )
            self._database.executemany(_STAGE, rows[whole:])
            self._database.execute("COMMIT")

    def close(self) -> None:
        """Write what is left in memory and let go of the file."""
        self._database.close()

    def remove(self) -> None:
        """Throw the file away."""
        self.close()
        self.path.unlink(missing_ok=True)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the engine's errors into ours; their texts stay out of it.

    Raises:
        UnavailableError: The disk is full, or the database is locked for too long.
    """
    try:
        yield
    except (sqlite3.OperationalError, OperationalError) as error:
        cause = error.__cause__ if isinstance(error, OperationalError) else error
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        message, hint = _FAULTS.get(code, _FAULTS[sqlite3.SQLITE_ERROR])
        raise UnavailableError(
            message, code=Code.DOCK_UNAVAILABLE, hint=hint
        ) from error


@contextmanager
def attached(staging: Path) -> Iterator[None]:
    """Make a staging file part of the connection; SQLite wants no transaction open."""
    with connection.cursor() as cursor:
        cursor.execute("ATTACH DATABASE %s AS staging", [str(staging)])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DETACH DATABASE staging")


def merge_attached(change: Change) -> Merged:
    """Put the attached rows into a list, within the caller's transaction.

    What they replace is kept in the list's history.
    """
    list_id = change.list_id
    before = count_rows(list_id)
    if before:
        keep_staged(change, "staging.row")
    with connection.cursor() as cursor:
        cursor.execute(_MERGE, [list_id, change.at, change.number, ERASED])
        added = count_rows(list_id) - before
        if not before:
            return Merged(added=added, updated=0)
        cursor.execute("SELECT count(DISTINCT token) FROM staging.row")
        return Merged(added=added, updated=cursor.fetchone()[0] - added)


def read_attached_suppressions() -> Iterator[tuple[int, list[bytes]]]:
    """Read the attached tokens that are not subscribed, one status at a time."""
    sql = "SELECT status, token FROM staging.row WHERE status > 0 ORDER BY status"
    status, tokens = 0, list[bytes]()
    for found, token in _read(sql, ()):
        if tokens and (found != status or len(tokens) == READ_ROWS):
            yield status, tokens
            tokens = []
        status = found
        tokens.append(token)
    if tokens:
        yield status, tokens


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


def read_rows(
    columns: Sequence[str],
    list_id: str,
    condition: Condition | None = None,
    *,
    after: bytes = b"",
    limit: int = READ_ROWS,
) -> list[Found]:
    """Read the next rows of a list in token order.

    Each page is a read of its own, so that a slow reader holds no snapshot that
    the log of the database would have to grow around.
    """
    if not {"token", "batch_id", "position", "sealed", "facets", "status"} >= set(
        columns
    ):
        raise ValueError(columns)
    where, parameters = _where(list_id, condition)
    # Nothing in the text is from outside: columns are checked, `_where` binds.
    sql = (
        f"SELECT {', '.join(columns)} FROM entry"  # noqa: S608
        f" WHERE {where} AND token > %s ORDER BY token LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, after, limit])
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
