"""The contract of an engine: what SQLite and PostgreSQL each do in their own way."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from django.db import connection

from listkeep.dock.lists.models import Change

from .forms import Form


class Engine(Protocol):
    """What merging needs beyond the SQL both engines read alike.

    Every method works within the caller's transaction on Django's connection.
    """

    @property
    def form(self) -> Form[Any]:
        """What rows look like that are given to it."""

    @property
    def among_incoming(self) -> str:
        """How a condition goes on that is true of tokens in ``incoming``."""

    def insert(self, change: Change, pages: Iterable[Sequence[Any]]) -> int:
        """Fill an empty list with pages in token order; tell how many rows."""

    def make_incoming(self) -> None:
        """Make the temporary table ``incoming``, which ends with the transaction."""

    def fill_incoming(self, rows: Sequence[Any]) -> None:
        """Replace what is in ``incoming``."""


def get_engine() -> Engine:
    """Get the engine behind Django's connection."""
    if connection.vendor == "postgresql":
        from .postgresql import PostgreSQL  # noqa: PLC0415 - its driver is an extra

        return PostgreSQL()
    from .sqlite import SQLite  # noqa: PLC0415 - for the sake of symmetry

    return SQLite()
