"""SQLite: many rows to a statement; a transaction holds the whole file."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Final

from django.db import connection

from listkeep.dock.lists.models import Change

from .forms import Row, Tuples

# Many rows to a statement: half of the time of one row is the way in and out.
_AT_ONCE: Final = 256
_COLUMNS: Final = 6
_INCOMING: Final = """
CREATE TEMPORARY TABLE incoming (
    token BLOB PRIMARY KEY, batch_id BLOB, position INTEGER, sealed BLOB,
    facets TEXT, status INTEGER
) WITHOUT ROWID
"""


class SQLite:
    """The engine in one file."""

    form = Tuples()
    among_incoming = "IN (SELECT token FROM incoming)"

    def insert(self, change: Change, pages: Iterable[Sequence[Row]]) -> int:
        """Fill an empty list with pages in token order; tell how many rows."""
        count = 0
        for page in pages:
            _execute(_entry_statement, page, (change.list_id, change.number))
            count += len(page)
        return count

    def make_incoming(self) -> None:
        """Make the temporary table; it lies in the staging folder."""
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS temp.incoming")
            cursor.execute(_INCOMING)

    def fill_incoming(self, rows: Sequence[Row]) -> None:
        """Replace what is in ``incoming``."""
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM incoming")
        _execute(_incoming_statement, rows, ())


@cache
def _entry_statement(rows: int) -> str:
    values = (f"(?1, {_marks(2 + at * _COLUMNS)}, ?2)" for at in range(rows))
    return f"""
        INSERT INTO entry
            (list_id, token, batch_id, position, sealed, facets, status, change)
        VALUES {", ".join(values)}
    """  # noqa: S608 - marks, and no value


@cache
def _incoming_statement(rows: int) -> str:
    values = (f"({_marks(at * _COLUMNS)})" for at in range(rows))
    return f"INSERT INTO incoming VALUES {', '.join(values)}"  # noqa: S608 - marks


def _marks(after: int) -> str:
    return ", ".join(f"?{after + place + 1}" for place in range(_COLUMNS))


def _execute(
    statement: Callable[[int], str],
    rows: Sequence[Row],
    first: tuple[str | int, ...],
) -> None:
    """Run a statement over all rows, past Django, which would look at each value."""
    database: sqlite3.Connection = connection.connection
    whole = len(rows) - len(rows) % _AT_ONCE
    with connection.wrap_database_errors:
        database.executemany(
            statement(_AT_ONCE),
            (
                (*first, *chain.from_iterable(rows[at : at + _AT_ONCE]))
                for at in range(0, whole, _AT_ONCE)
            ),
        )
        database.executemany(statement(1), ((*first, *row) for row in rows[whole:]))
