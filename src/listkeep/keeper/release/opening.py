"""Open sealed rows, and believe nothing about them that was not authenticated."""

from collections.abc import Callable, Container, Iterator, Sequence

import msgspec

from listkeep.core.addresses import index_form
from listkeep.core.errors import Code, MalformedError, VerificationError
from listkeep.core.opening import OpenedRows, SealedRows, Ways, open_plain_rows
from listkeep.core.registry.facts import ListFacts
from listkeep.core.registry.held_keys import index_key, index_numbers
from listkeep.core.sealing import (
    BATCH_ID_BYTES,
    TOKEN_BYTES,
    OpenedRow,
    SealedRow,
    make_tokens,
    open_row,
    read_key_number,
)
from listkeep.core.segments import Schema
from listkeep.keeper.gate.decisions.list_keys import fetch_list_keys, find_later_key
from listkeep.keeper.keys import KeyStore
from listkeep.wire import messages as m
from listkeep.wire.base import MAX_ROWS

Value = str | int | bool | None
_texts = msgspec.json.Decoder(list[str]).decode


class Opener:
    """Opens rows of one list; keys stay inside."""

    def __init__(
        self,
        store: KeyStore,
        found: ListFacts,
        *,
        look_again: Callable[[], ListFacts] | None = None,
    ) -> None:
        """Fetch every key the list holds, and the tenant's.

        An older one that is not in the key store any more was destroyed; the end of the
        ledger, which said so, was lost.

        Who opens for a while passes ``look_again``, so that a key that was begun
        meanwhile is known when the first row under it comes.

        Raises:
            UnavailableError: The newest key is not there, or a key does not unwrap.
        """
        self._store, self._list_id = store, found.id
        self._look_again = look_again
        self._index_keys: tuple[bytes, ...] = ()
        self._list_keys: dict[int, bytes] = {}
        self._found = found
        self._ways = Ways(self._list_keys, found.id)
        self._fetch(found)

    def _fetch(self, found: ListFacts) -> None:
        self._index_keys = fetch_index_keys(self._store, found)
        self._list_keys |= fetch_list_keys(self._store, found)
        self._found = found

    def open(self, row: SealedRow) -> OpenedRow:
        """Open one row under the key it says it is sealed under.

        Raises:
            VerificationError: It is not the row its token says, of this list, or its
                key was destroyed.
        """
        number = read_key_number(row.sealed)
        if number not in self._list_keys and self._look_again is not None:
            self._fetch(self._look_again())
        key = self._list_keys.get(number)
        if key is None:
            raise self._not_held(number)
        try:
            return open_row(key, self._index_keys, list_id=self._list_id, row=row)
        except VerificationError:
            if not self._finds_index_key():
                raise
        return open_row(key, self._index_keys, list_id=self._list_id, row=row)

    def _not_held(self, number: int) -> VerificationError:
        later = find_later_key(self._store, self._found)
        if later is not None and self._found.newest_key < number <= later:
            return VerificationError(
                "a sealed row is under a key that the ledger does not know",
                code=Code.ROW_INVALID,
                hint="the end of the ledger was lost with its renewal: `listkeep keys "
                f"renew {self._found.name}` takes that key up",
            )
        return VerificationError(
            "a sealed row is under a key that this list does not hold",
            code=Code.ROW_INVALID,
            hint="its key was destroyed, and what is under it stays closed; the "
            "row comes from an old copy of the dock's database",
        )

    def open_many(self, rows: SealedRows) -> OpenedRows:
        """Open up to 4096 rows, with the answer or refusal of ``open`` for each.

        Raises:
            VerificationError: One of them is not the row its token says.
        """
        found = open_plain_rows(self._ways, self._index_keys, rows)
        if found is not None:
            return found
        opened = [self.open(row) for row in map(SealedRow, *rows)]
        return OpenedRows(
            [row.address.encode() for row in opened],
            [row.fields.encode() for row in opened],
        )

    @property
    def has_versions(self) -> bool:
        """Tell whether people may have more tokens than the one of their row."""
        return len(self._index_keys) > 1

    def versions(self, addresses: Sequence[str]) -> list[list[bytes]]:
        """Compute all tokens people have, a column for each index key; of one, none.

        A row has one of them. What is known about its person may stand under another.
        """
        if not self.has_versions:
            return []
        forms = [index_form(address) for address in addresses]
        return [make_tokens(key, forms) for key in self._index_keys]

    def find_known(self, addresses: Sequence[str], known: Container[bytes]) -> set[int]:
        """Find who is known under a token of another key than the row's own."""
        return {
            place
            for tokens in self.versions(addresses)
            for place, token in enumerate(tokens)
            if token in known
        }

    def _finds_index_key(self) -> bool:
        held = len(self._index_keys)
        if self._look_again is not None:
            self._fetch(self._look_again())
        return len(self._index_keys) > held


def fetch_index_keys(store: KeyStore, found: ListFacts) -> tuple[bytes, ...]:
    """Fetch every index key the list's tenant holds, the oldest first.

    Raises:
        UnavailableError: One of them does not unwrap.
    """
    numbers = index_numbers(found.index_keys)
    return tuple(store.get(index_key(found.tenant, number)) for number in numbers)


class Shape:
    """What one list's rows look like in the clear."""

    def __init__(self, found: ListFacts) -> None:
        """Prepare decoders for facets and sealed fields."""
        schema = Schema.parse(found.facets)
        self.decode_facets = schema.decoder()
        self.facets, self.fields = schema.names, found.fields
        self.names = ("address", *self.facets, *self.fields)

    def values(self, opened: OpenedRow, facets: Sequence[Value]) -> list[Value]:
        """Put a row's values in the order of ``names``."""
        return [opened.address, *facets, *self.field_values(opened.fields)]

    def field_values(self, text: str | bytes) -> list[str]:
        """Read a row's sealed fields; those it does not have are empty.

        Raises:
            VerificationError: They are no list, or more than the list has.
        """
        try:
            fields = _texts(text or b"[]")
        except msgspec.DecodeError as error:
            raise VerificationError(
                "a row's sealed fields are no list", code=Code.ROW_INVALID
            ) from error
        missing = len(self.fields) - len(fields)
        if missing < 0:
            raise VerificationError(
                "a row holds fields the list does not have", code=Code.ROW_INVALID
            )
        return fields + [""] * missing


def columns_of(batch: m.RowBatch) -> SealedRows:
    """Take a batch apart into its columns.

    Raises:
        MalformedError: They have different lengths, or too many rows.
    """
    rows = len(batch.sealed)
    if (
        not rows == len(batch.facets) == len(batch.positions) <= MAX_ROWS
        or len(batch.tokens) != rows * TOKEN_BYTES
        or len(batch.batch_ids) != rows * BATCH_ID_BYTES
    ):
        raise MalformedError("a batch is at most 4096 rows of equal columns")
    return SealedRows(
        _cut(batch.tokens, TOKEN_BYTES),
        _cut(batch.batch_ids, BATCH_ID_BYTES),
        batch.positions,
        batch.sealed,
        batch.facets,
    )


def part_of(rows: SealedRows, start: int, count: int) -> SealedRows:
    """Take a few rows out of many."""
    return SealedRows._make(column[start : start + count] for column in rows)


def rows_of(batch: m.RowBatch) -> Iterator[SealedRow]:
    """Take a batch apart into its rows.

    Raises:
        MalformedError: Its columns have different lengths, or too many rows.
    """
    return map(SealedRow, *columns_of(batch))


def _cut(joined: bytes, size: int) -> list[bytes]:
    return [joined[at : at + size] for at in range(0, len(joined), size)]
