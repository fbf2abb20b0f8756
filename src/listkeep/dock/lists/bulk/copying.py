"""Write rows in the format of PostgreSQL's binary COPY, a column at a time.

The driver's own way takes each row apart in three times as long. The format is two
bytes of how many values, then each as its length in four bytes and its bytes; numbers
are big-endian (PostgreSQL's manual, "COPY", "Binary Format").

A row waits as what both tables have of it, from its token to its status: that is most
of it, and what differs, the list and the change, is the same for all rows of a page.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Final

from listkeep.core.sealing import BATCH_ID_BYTES, TOKEN_BYTES
from listkeep.dock.lists.models import Change
from listkeep.dock.lists.statuses import STATUSES

from .forms import Columns

BEGINNING: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END: Final = b"\xff\xff"
_ROWS_AT_ONCE: Final = 512  # about what a socket takes while the next are written
_int4 = struct.Struct(">i").pack
_POSITION_END: Final = TOKEN_BYTES + 4 + BATCH_ID_BYTES + 4 + 4


class _Written(dict[int, bytes]):
    """How each of a few thousand small numbers is written."""

    def __init__(self, write: Callable[[int], bytes]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, value: int) -> bytes:
        self[value] = data = self._write(value)
        return data


def _value(form: str, number: int) -> bytes:
    data = struct.pack(form, number)
    return _int4(len(data)) + data


def _text(text: str) -> bytes:
    data = text.encode()
    return _int4(len(data)) + data


_lengths: Final = _Written(_int4)  # of sealed rows: at most some 30,000
_positions: Final = _Written(lambda place: _int4(4) + _int4(place))
_statuses: Final = [_value(">h", code) for code in range(len(STATUSES))]


class Copies:
    """Rows as COPY wants them, but for what a page's rows have in common."""

    kind = list[bytes]

    def write(self, columns: Columns) -> list[bytes]:
        """Write from the token to the status, without the token's length."""
        tokens, batch_ids, positions, sealed, facets, statuses = columns
        texts = {text: _text(text) for text in set(facets)}  # they repeat
        cells = zip(
            tokens,
            repeat(_int4(BATCH_ID_BYTES), len(tokens)),
            batch_ids,
            map(_positions.__getitem__, positions),
            map(_lengths.__getitem__, map(len, sealed)),
            sealed,
            map(texts.__getitem__, facets),
            map(_statuses.__getitem__, statuses),
            strict=True,
        )
        return list(map(b"".join, cells))

    def tokens(self, waiting: Sequence[bytes]) -> list[bytes]:
        """Tell their tokens."""
        return list(map(itemgetter(slice(TOKEN_BYTES)), waiting))

    def facets(self, waiting: bytes) -> str:
        """Tell one's facets."""
        sealed = int.from_bytes(waiting[_POSITION_END : _POSITION_END + 4], "big")
        begin = _POSITION_END + 4 + sealed + 4
        return waiting[begin : -len(_statuses[0])].decode()

    def status(self, waiting: bytes) -> int:
        """Tell one's status."""
        return int.from_bytes(waiting[-2:], "big")

    def with_status(self, waiting: bytes, status: int) -> bytes:
        """Give one another status."""
        return waiting[: -len(_statuses[0])] + _statuses[status]


def write_pages(
    waiting: Sequence[bytes], *, change: Change | None = None
) -> Iterator[bytes]:
    """Write rows for the table ``incoming``, or for ``entry`` under a change."""
    beginning, end = _around(change)
    between = end + beginning
    for at in range(0, len(waiting), _ROWS_AT_ONCE):
        rows = between.join(waiting[at : at + _ROWS_AT_ONCE])
        yield b"".join((beginning, rows, end))


def _around(change: Change | None) -> tuple[bytes, bytes]:
    """Give what stands in each row before its token, and behind its status."""
    token = _int4(TOKEN_BYTES)
    if change is None:
        return struct.pack(">h", 6) + token, b""
    name = change.list_id.encode()
    columns = struct.pack(">h", 8)
    return columns + _int4(len(name)) + name + token, _value(">i", change.number)
