"""The file one import collects its rows in. It is as fast as it is disposable.

Rows are dealt to 256 buckets by the first byte of their tokens, which are as good as
random, and written in chunks. Read back bucket by bucket they come in token order,
with no more than a bucket in memory: sorting is done by the time the list's lock is
taken. Neither journal nor sync: after a crash the file is thrown away unread.
Everything in it is as sealed as the table. Rows wait in the form in which the engine
takes them.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Final

import msgspec

from listkeep.core.segments import FacetRisk, Schema

from .engine import get_engine
from .faults import translated
from .forms import Columns, Form, Row

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
_tokens = msgspec.msgpack.Decoder(list[bytes])


FindGone = Callable[[Sequence[bytes]], AbstractSet[bytes]]


class Staging:
    """One import's rows before they are in the list."""

    def __init__(
        self, path: Path, *, schema: Schema | None = None, form: Form[Any] | None = None
    ) -> None:
        """Begin a new file, of rows as the engine takes them unless ``form`` is given.

        With the ``schema`` of their facets it is counted on the way whom they name.
        """
        self.path = path
        self.risk = FacetRisk(schema) if schema and schema.facets else None
        self._form: Form[Any] = form or get_engine().form
        self._rows = msgspec.msgpack.Decoder(self._form.kind)
        self._buckets: list[list[Any]] = [[] for _ in range(BUCKETS)]
        self._deal = tuple(bucket.append for bucket in self._buckets)
        self._waiting = self._staged = 0
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
        """Append a few rows; the same as ``add_columns``."""
        self.add_columns(Columns.of(rows))

    def add_columns(self, columns: Columns) -> None:
        """Append rows, in the file's order.

        Raises:
            RefusedError: There are more combinations of facets than are harmless.
            UnavailableError: The disk is full or does not answer.
        """
        deal = self._deal
        written = self._form.write(columns)
        for token, row in zip(columns.tokens, written, strict=True):
            deal[token[0]](row)
        if self.risk is not None:
            self.risk.add_many(columns.facets)
        if any(columns.statuses):
            self._note_worse(columns)
        self._waiting += len(written)
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

    def read_sorted(self) -> Iterator[list[Any]]:
        """Read pages of rows in token order, one row for each token. Once.

        The file's last row for a token wins, except that its status is the worst of
        all: a status never gets better. Rows that are left out do not count for
        ``risk`` any more.
        """
        for page in self._pages():
            if left := self._without_gone(page):
                yield left

    def _pages(self) -> Iterator[list[Any]]:
        page: list[Any] = []
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

    def _without_gone(self, rows: list[Any]) -> list[Any]:
        if self._find_gone is None:
            return rows
        tokens, gone = self._form.tokens(rows), set[bytes]()
        for at in range(0, len(rows), _TOKENS_AT_ONCE):
            gone |= self._find_gone(tokens[at : at + _TOKENS_AT_ONCE])
        left = []
        for token, row in zip(tokens, rows, strict=True):
            if token in gone:
                self._leave_out(row)
            else:
                left.append(row)
        return left

    def _leave_out(self, row: Any) -> None:
        if self.risk is not None:
            self.risk.remove(self._form.facets(row))

    def _tokens_left(self, tokens: list[bytes]) -> list[bytes]:
        if self._find_gone is None:
            return tokens
        gone = self._find_gone(tokens)
        return [token for token in tokens if token not in gone]

    def remove(self) -> None:
        """Throw the file away."""
        self._database.close()
        self.path.unlink(missing_ok=True)

    def _note_worse(self, columns: Columns) -> None:
        worse: dict[int, list[bytes]] = {}
        for token, status in zip(columns.tokens, columns.statuses, strict=True):
            if status:
                worse.setdefault(status, []).append(token)
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

    def _read_bucket(self, bucket: int) -> Iterator[list[Any]]:
        passes = 1 + self._staged // _ROWS_IN_A_PASS
        for place in range(passes):
            kept: dict[bytes, Any] = {}
            for rows in self._chunks(bucket):
                named = zip(self._form.tokens(rows), rows, strict=True)
                if passes == 1:
                    self._keep(kept, named)
                else:
                    self._keep(
                        kept, (n for n in named if n[0][1] * passes >> 8 == place)
                    )
            yield list(map(kept.__getitem__, sorted(kept)))

    def _chunks(self, bucket: int) -> Iterator[list[Any]]:
        found = self._database.execute(
            "SELECT rows FROM chunk WHERE bucket = ? ORDER BY rowid", [bucket]
        )
        for (data,) in found:
            yield self._rows.decode(data)

    def _keep(self, kept: dict[bytes, Any], named: Iterable[tuple[bytes, Any]]) -> None:
        """Let later rows win over earlier ones of the same token."""
        keep, form = kept.setdefault, self._form
        for token, row in named:
            before = keep(token, row)
            if before is row:
                continue
            worst = form.status(before)
            is_worse = worst > form.status(row)
            kept[token] = form.with_status(row, worst) if is_worse else row
            self._leave_out(before)
