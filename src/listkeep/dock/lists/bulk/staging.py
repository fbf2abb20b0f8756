"""The file one import collects its rows in. It is as fast as it is disposable.

Rows are dealt to 256 buckets by the first byte of their tokens, which are as good as
random, and written in chunks. Read back bucket by bucket they come in token order,
with no more than a bucket in memory: sorting is done by the time the list's lock is
taken. Neither journal nor sync: after a crash the file is thrown away unread.
Everything in it is as sealed as the table.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from .faults import translated


class StagedRow(NamedTuple):
    """One row on its way into a list; everything but facets and status is sealed."""

    token: bytes
    batch_id: bytes
    position: int
    sealed: bytes
    facets: str
    status: int


Row = tuple[bytes, bytes, int, bytes, str, int]  # in the order of ``StagedRow``
Suppressed = tuple[int, list[bytes]]

BUCKETS: Final = 256
PAGE_ROWS: Final = 16_384
_WAITING_ROWS: Final = 32_768
_ROWS_IN_A_PASS: Final = BUCKETS * 65_536  # of more, buckets are read in parts
_TOKENS_AT_ONCE: Final = 4096
_TABLES: Final = (
    "CREATE TABLE chunk (bucket INTEGER, rows BLOB)",
    "CREATE TABLE suppressed (status INTEGER, tokens BLOB)",
)
_PRAGMAS: Final = (
    *("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"),
    *("page_size = 16384", "cache_size = -4000"),
)
_encode = msgspec.msgpack.Encoder().encode
_rows = msgspec.msgpack.Decoder(list[Row])
_tokens = msgspec.msgpack.Decoder(list[bytes])


FindGone = Callable[[Sequence[bytes]], AbstractSet[bytes]]


class Staging:
    """One import's rows before they are in the list."""

    def __init__(self, path: Path) -> None:
        """Begin a new file."""
        self.path = path
        self._buckets: list[list[Row]] = [[] for _ in range(BUCKETS)]
        self._deal = tuple(bucket.append for bucket in self._buckets)
        self._waiting = self._staged = 0
        self._has_worse = False
        self._find_gone: FindGone | None = None
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whichever thread writes: one does at a time.
        self._database = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False
        )
        path.chmod(0o600)
        with translated():
            for pragma in _PRAGMAS:
                self._database.execute(f"PRAGMA {pragma}")
            for table in _TABLES:
                self._database.execute(table)

    def add(self, rows: Sequence[Row]) -> None:
        """Append rows, in the file's order.

        Raises:
            UnavailableError: The disk is full or does not answer.
        """
        deal = self._deal
        for row in rows:
            deal[row[0][0]](row)
        self._note_worse(rows)
        self._waiting += len(rows)
        if self._waiting >= _WAITING_ROWS:
            self._flush()

    def complete(self) -> None:
        """Write what is left in memory; only reading comes after this.

        Raises:
            UnavailableError: The disk is full or does not answer.
        """
        self._flush()
        with translated():
            self._database.execute("CREATE INDEX one_bucket ON chunk (bucket)")

    def leave_out(self, find_gone: FindGone) -> None:
        """Have reading leave out whom ``find_gone`` names among some tokens."""
        self._find_gone = find_gone

    def read_sorted(self) -> Iterator[list[Row]]:
        """Read pages of rows in token order, one row for each token.

        The file's last row for a token wins, except that its status is the worst of
        all: a status never gets better.
        """
        for page in self._pages():
            if left := self._without_gone(page):
                yield left

    def _pages(self) -> Iterator[list[Row]]:
        page: list[Row] = []
        for bucket in range(BUCKETS):
            for rows in self._read_bucket(bucket):
                page += rows
                if len(page) >= PAGE_ROWS:
                    yield page
                    page = []
        if page:
            yield page

    def read_suppressed(self) -> Iterator[Suppressed]:
        """Read the tokens that are not subscribed, one status at a time."""
        found = self._database.execute(
            "SELECT status, tokens FROM suppressed ORDER BY status, rowid"
        )
        waiting: list[bytes] = []
        status = 0
        for next_status, data in found:
            if next_status != status and waiting:
                yield status, self._tokens_left(waiting)
                waiting = []
            status = next_status
            waiting += _tokens.decode(data)
            while len(waiting) >= _TOKENS_AT_ONCE:
                yield status, self._tokens_left(waiting[:_TOKENS_AT_ONCE])
                del waiting[:_TOKENS_AT_ONCE]
        if waiting:
            yield status, self._tokens_left(waiting)

    def _without_gone(self, rows: list[Row]) -> list[Row]:
        if self._find_gone is None:
            return rows
        gone: set[bytes] = set()
        for at in range(0, len(rows), _TOKENS_AT_ONCE):
            gone |= self._find_gone([row[0] for row in rows[at : at + _TOKENS_AT_ONCE]])
        return [row for row in rows if row[0] not in gone]

    def _tokens_left(self, tokens: list[bytes]) -> list[bytes]:
        if self._find_gone is None:
            return tokens
        gone = self._find_gone(tokens)
        return [token for token in tokens if token not in gone]

    def remove(self) -> None:
        """Throw the file away."""
        self._database.close()
        self.path.unlink(missing_ok=True)

    def _note_worse(self, rows: Sequence[Row]) -> None:
        worse: dict[int, list[bytes]] = {}
        for row in rows:
            if row[5]:
                worse.setdefault(row[5], []).append(row[0])
        if worse:
            self._has_worse = True
            self._write(
                "INSERT INTO suppressed VALUES (?, ?)",
                [(status, _encode(tokens)) for status, tokens in worse.items()],
            )

    def _flush(self) -> None:
        self._write(
            "INSERT INTO chunk VALUES (?, ?)",
            [
                (place, _encode(rows))
                for place, rows in enumerate(self._buckets)
                if rows
            ],
        )
        for rows in self._buckets:
            rows.clear()
        self._staged += self._waiting
        self._waiting = 0

    def _write(self, statement: str, rows: list[tuple[int, bytes]]) -> None:
        with translated():
            self._database.execute("BEGIN")
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")

    def _read_bucket(self, bucket: int) -> Iterator[list[Row]]:
        passes = 1 + self._staged // _ROWS_IN_A_PASS
        for place in range(passes):
            kept: dict[bytes, Row] = {}
            for rows in self._chunks(bucket):
                if passes > 1:
                    rows = [r for r in rows if r[0][1] * passes >> 8 == place]  # noqa: PLW2901
                self._keep(kept, rows)
            yield list(map(kept.__getitem__, sorted(kept)))

    def _chunks(self, bucket: int) -> Iterator[list[Row]]:
        found = self._database.execute(
            "SELECT rows FROM chunk WHERE bucket = ? ORDER BY rowid", [bucket]
        )
        for (data,) in found:
            yield _rows.decode(data)

    def _keep(self, kept: dict[bytes, Row], rows: list[Row]) -> None:
        """Let later rows win over earlier ones of the same token."""
        if not self._has_worse:
            kept.update(zip(map(itemgetter(0), rows), rows, strict=True))
            return
        for row in rows:
            before = kept.get(row[0])
            if before and before[5] > row[5]:
                row = (*row[:5], before[5])  # noqa: PLW2901
            kept[row[0]] = row
