"""How rows look while they wait in a staging file: as the engine will take them.

What is staged is read again once, all at once, while the list is locked. So each row is
written on its way in as the engine wants to have it, and on its way out is sorted and
handed over as it stands.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, TypeVar

_W = TypeVar("_W")


class StagedRow(NamedTuple):
    """One row on its way into a list; everything but facets and status is sealed."""

    token: bytes
    batch_id: bytes
    position: int
    sealed: bytes
    facets: str
    status: int


Row = tuple[bytes, bytes, int, bytes, str, int]  # in the order of ``StagedRow``


class Columns(NamedTuple):
    """The same of many rows, in columns of equal length."""

    tokens: Sequence[bytes]
    batch_ids: Sequence[bytes]
    positions: Sequence[int]
    sealed: Sequence[bytes]
    facets: Sequence[str]
    statuses: Sequence[int]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Columns":
        """Take rows apart."""
        return (
            cls(*zip(*rows, strict=True)) if rows else cls(*([()] * len(cls._fields)))
        )


class Form(Protocol[_W]):
    """What staging has to know of rows that wait in an engine's own form."""

    @property
    def kind(self) -> Any:
        """What a chunk of them is decoded as."""

    def write(self, columns: Columns) -> list[_W]:
        """Write rows so that the engine can take them.

        Raises:
            ValueError: The columns are not of equal length.
        """

    def tokens(self, waiting: Sequence[_W]) -> list[bytes]:
        """Tell their tokens."""

    def facets(self, waiting: _W) -> str:
        """Tell one's facets."""

    def status(self, waiting: _W) -> int:
        """Tell one's status."""

    def with_status(self, waiting: _W, status: int) -> _W:
        """Give one another status."""


class Tuples:
    """Rows as they are: SQLite takes value by value."""

    kind = list[Row]

    def write(self, columns: Columns) -> list[Row]:
        """Leave values as they are."""
        return list(zip(*columns, strict=True))

    def tokens(self, waiting: Sequence[Row]) -> list[bytes]:
        """Tell their tokens."""
        return list(map(itemgetter(0), waiting))

    def facets(self, waiting: Row) -> str:
        """Tell one's facets."""
        return waiting[4]

    def status(self, waiting: Row) -> int:
        """Tell one's status."""
        return waiting[5]

    def with_status(self, waiting: Row, status: int) -> Row:
        """Give one another status."""
        return (*waiting[:5], status)
