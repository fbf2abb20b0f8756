"""Where sealed rows stand, walked in order and swapped for others: two tables.

The statements are plain SQL that both engines speak. A row is swapped only if it is
still the one that was read: whoever changed it meanwhile sealed it under a newer key.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.db import connection

from listkeep.core.errors import MalformedError
from listkeep.core.sealing import TOKEN_BYTES, first_bytes
from listkeep.wire import messages as m

PAGE_ROWS = 4096
Place = tuple[bytes, int]  # token, and the change that replaced it; entries: 0
START: Place = (b"", 0)


class Shelf(NamedTuple):
    """A table of sealed rows, and what orders it within a list."""

    table: str
    places: tuple[str, ...]
    shown: str  # a place, in the words of a query


class Row(NamedTuple):
    """A sealed row and where it stands."""

    place: Place
    batch_id: bytes
    position: int
    sealed: bytes
    facets: str


ENTRIES = Shelf("entry", ("token",), "token, 0")
PAST = Shelf("past_entry", ("token", "replaced_by"), "token, replaced_by")
SHELVES = (ENTRIES, PAST)
_SEALED = "length(sealed) > 0"  # of an erased entry nothing is left to open
_OLDER = "substr(sealed, 1, 3) <> %s"


def read_older(shelf: Shelf, list_id: str, *, key: int, after: Place) -> list[Row]:
    """Read the next rows that are under another key than the newest."""
    condition = f"{_SEALED} AND {_OLDER}"
    return _read(shelf, list_id, after, condition, [first_bytes(key)])


def read_all(shelf: Shelf, list_id: str) -> Iterator[list[Row]]:
    """Read all rows, page by page, also the marks that erased people left."""
    after = START
    while page := _read(shelf, list_id, after, "1 = 1", []):
        yield page
        after = page[-1].place


def count_older(list_id: str, *, key: int) -> int:
    """Count the rows of a list that are under another key than the newest."""
    total = 0
    for shelf in SHELVES:
        sql = (
            f"SELECT count(*) FROM {shelf.table}"  # noqa: S608 - a shelf's own words
            f" WHERE list_id = %s AND {_SEALED} AND {_OLDER}"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [list_id, first_bytes(key)])
            total += cursor.fetchone()[0]
    return total


def swap(shelf: Shelf, list_id: str, rows: Sequence[Row], anew: m.SealedRows) -> int:
    """Put rows sealed anew in the place of those that were read; tell how many.

    Within the caller's transaction. A row with an empty seal stays as it is.

    Raises:
        MalformedError: The answer does not fit the rows.
    """
    tokens = [
        anew.tokens[at : at + TOKEN_BYTES]
        for at in range(0, len(anew.tokens), TOKEN_BYTES)
    ]
    if not len(rows) == len(tokens) == len(anew.sealed):
        raise MalformedError("the keeper's rows are not as many as were sent")
    where = " AND ".join(f"{name} = %s" for name in shelf.places)
    sql = (
        f"UPDATE {shelf.table} SET batch_id = %s, position = %s, sealed = %s"  # noqa: S608
        f" WHERE list_id = %s AND {where} AND batch_id = %s AND position = %s"
    )
    changes = []
    for at, (row, token, sealed) in enumerate(
        zip(rows, tokens, anew.sealed, strict=True)
    ):
        if sealed:
            if token != row.place[0]:
                raise MalformedError("the keeper's rows are not those that were sent")
            place = row.place[: len(shelf.places)]
            old = (row.batch_id, row.position)
            changes.append((anew.batch_id, at, sealed, list_id, *place, *old))
    with connection.cursor() as cursor:
        cursor.executemany(sql, changes)
    return len(changes) + (_carry(list_id, changes) if shelf is ENTRIES else 0)


def _carry(list_id: str, changes: Sequence[tuple[Any, ...]]) -> int:
    """Give what an entry was under the same seal the new one as well.

    Of such a predecessor only the status was another. With a seal of its own it would
    look as if going back changed the rest of the entry.
    """
    if not changes:
        return 0
    tokens = [bytes(change[4]) for change in changes]  # in their order
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT token FROM past_entry"
            " WHERE list_id = %s AND token BETWEEN %s AND %s",
            [list_id, tokens[0], tokens[-1]],
        )
        there = {bytes(token) for (token,) in cursor.fetchall()}
        some = [c for c, token in zip(changes, tokens, strict=True) if token in there]
        if not some:
            return 0
        cursor.executemany(
            "UPDATE past_entry SET batch_id = %s, position = %s, sealed = %s"
            " WHERE list_id = %s AND token = %s AND batch_id = %s AND position = %s",
            some,
        )
        return int(cursor.rowcount)


def batch_of(rows: Sequence[Row]) -> m.RowBatch:
    """Turn rows into columns for the keeper."""
    return m.RowBatch(
        tokens=b"".join(row.place[0] for row in rows),
        batch_ids=b"".join(row.batch_id for row in rows),
        positions=[row.position for row in rows],
        sealed=[row.sealed for row in rows],
        facets=[row.facets for row in rows],
    )


def _read(
    shelf: Shelf, list_id: str, after: Place, condition: str, values: list[Any]
) -> list[Row]:
    places = ", ".join(shelf.places)
    marks = ", ".join(["%s"] * len(shelf.places))
    sql = (
        f"SELECT {shelf.shown}, batch_id, position, sealed, facets"  # noqa: S608
        f" FROM {shelf.table}"
        f" WHERE list_id = %s AND ({places}) > ({marks}) AND {condition}"
        f" ORDER BY {places} LIMIT {PAGE_ROWS}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list_id, *after[: len(shelf.places)], *values])
        found = cursor.fetchall()
    return [Row((token, by), *columns) for token, by, *columns in found]
