"""Rows as they lie in the table, for the keeper to look over: whatever stands there.

Somebody may have written anything into a column. What could not even travel goes as an
empty row under its token, which does not open; it is counted like any other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from django.db import DatabaseError

from listkeep.core.sealing import BATCH_ID_BYTES, MAX_FIELDS_BYTES, TOKEN_BYTES
from listkeep.dock.lists import bulk
from listkeep.dock.lists.queries import SEALED_COLUMNS, row_batch
from listkeep.dock.lists.segments import Condition
from listkeep.dock.lists.statuses import SUBSCRIBED
from listkeep.wire.messages import RowBatch

_COLUMNS: Final = (*SEALED_COLUMNS, "status")
_POSITIONS: Final = range(65_536)
_LONGEST_SEAL: Final = MAX_FIELDS_BYTES + 1024
_LONGEST_FACETS: Final = 65_536
_WHOLE = f"length(token) = {TOKEN_BYTES}"


class Row(NamedTuple):
    """One row, in the order of ``SEALED_COLUMNS``, and its status."""

    token: bytes
    batch_id: bytes
    position: int
    sealed: bytes
    facets: str
    status: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of one list, in the order of their tokens."""

    list_id: str
    rows: list[Row] = field(default_factory=list)

    def batch(self) -> RowBatch:
        """Write them as the keeper wants them."""
        return row_batch([row[:-1] for row in self.rows])

    def subscribed(self) -> bytes:
        """Say of each whether it is called subscribed."""
        return bytes(row.status == SUBSCRIBED for row in self.rows)


def read_page(
    list_id: str, *, after: bytes, until: bytes | None, limit: int
) -> Page | None:
    """Read the next rows behind a token; none if text in the table is no text."""
    where = Condition(_WHOLE, ())
    if until is not None:
        where = Condition(f"{_WHOLE} AND token <= %s", (until,))
    return _page(
        list_id,
        lambda: bulk.read_rows(_COLUMNS, list_id, where, after=after, limit=limit),
    )


def read_again(list_id: str, tokens: Sequence[bytes]) -> Page | None:
    """Read rows once more, as they are now; those that are gone are left out."""
    return _page(list_id, lambda: bulk.find_rows(_COLUMNS, list_id, tokens))


def count_misshapen(list_id: str) -> int:
    """Count rows under what is no token: no page can meet them."""
    return bulk.count_rows(list_id, Condition(f"NOT ({_WHOLE})", ()))


def _page(list_id: str, read: Callable[[], list[bulk.Found]]) -> Page | None:
    try:
        found = read()
    except DatabaseError as error:
        if "UTF-8" not in str(error):
            raise
        return None
    return Page(list_id, [_row(*columns) for columns in found])


def _row(*columns: Any) -> Row:
    token, batch_id, position, sealed, facets, status = columns
    can_travel = (
        isinstance(batch_id, bytes | memoryview)
        and len(batch_id) == BATCH_ID_BYTES
        and isinstance(position, int)
        and position in _POSITIONS
        and isinstance(sealed, bytes | memoryview)
        and len(sealed) <= _LONGEST_SEAL
        and isinstance(facets, str)
        and len(facets) <= _LONGEST_FACETS
    )
    if not can_travel:
        return Row(bytes(token), bytes(BATCH_ID_BYTES), 0, b"", "", SUBSCRIBED)
    return Row(bytes(token), bytes(batch_id), position, bytes(sealed), facets, status)
