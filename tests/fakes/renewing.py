"""The part of the fake keeper that renews keys, with the real seals."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    RefusedError,
)
from listkeep.core.grants import format_time
from listkeep.core.sealing import OpenedRow, SealedRow, read_key_number
from listkeep.wire import messages as m
from listkeep.wire.base import Message
from listkeep.wire.messages import keys as k
from tests.fakes.rows import sealed_rows

A_DAY = timedelta(days=1)


@dataclass
class FakeRenewing:
    """Keys of lists: numbers and since when, and how many rows there should be."""

    now: datetime = field(
        default_factory=lambda: datetime.now(UTC).replace(microsecond=0)
    )
    held: dict[str, list[tuple[int, datetime]]] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    index_keys: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: 1))
    lists: dict[str, m.ListRecord] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    suppressed: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))

    # --- what the rest of the fake provides ---

    def _called(self, method: str, message: Message) -> None:
        raise NotImplementedError

    def open(self, record: m.ListRecord, row: SealedRow) -> OpenedRow:
        raise NotImplementedError

    def seal(
        self,
        record: m.ListRecord,
        tokens: Sequence[bytes | None],
        facets: Sequence[str],
        rows: Sequence[OpenedRow],
        *,
        row_version: int = 1,
    ) -> m.SealedRows:
        raise NotImplementedError

    def _tokens(
        self, tenant: str, addresses: Sequence[str], *, number: int = 0
    ) -> list[bytes | None]:
        raise NotImplementedError

    # --- what tests look at ---

    def keys_of(self, list_id: str) -> list[tuple[int, datetime]]:
        return self.held.setdefault(list_id, [(0, self.now)])

    def newest_key(self, list_id: str) -> int:
        return self.keys_of(list_id)[-1][0]

    # --- what the dock asks ---

    def read_keys(self, message: k.ReadKeys) -> k.HeldKeys:
        self._called("read_keys", message)
        return k.HeldKeys(lists=tuple(map(self._state, self.lists)), gone=self.gone)

    def renew_key(self, message: k.RenewKey) -> k.ListKeys:
        self._called("renew_key", message)
        keys = self._list_keys(message.list)
        if len(keys) == 1:
            if self.now < keys[0][1] + A_DAY:
                raise RefusedError("the key is younger than a day")
            keys.append((keys[0][0] + 1, self.now))
        return self._state(message.list)

    def renew_rows(self, message: k.RenewRows) -> m.SealedRows:
        self._called("renew_rows", message)
        if len(self._list_keys(message.list)) == 1:
            raise RefusedError("this list has no older key")
        record, rows = self.lists[message.list], list(sealed_rows(message.rows))
        opened = [self._find(record, row) for row in rows]
        return self.seal(
            record,
            [row.token if o else None for row, o in zip(rows, opened, strict=True)],
            [row.facets for row in rows],
            [each or OpenedRow("", "") for each in opened],
        )

    def destroy_keys(
        self, message: k.DestroyKeys, held: Iterable[k.HeldRows]
    ) -> k.ListKeys:
        self._called("destroy_keys", message)
        keys = self._list_keys(message.list)
        if len(keys) > 1:
            if self.now < keys[-1][1] + A_DAY:
                raise ConflictError("older keys stay for a day", code=Code.BUSY)
            if self._count(message.list, held) < self._expected(message.list):
                raise RefusedError("rows are missing", code=Code.COUNT_DIFFERS)
            del keys[:-1]
        return self._state(message.list)

    def _versions(
        self, record: m.ListRecord, addresses: Sequence[str]
    ) -> list[list[bytes | None]]:
        """Compute tokens under each key; who is suppressed has the one that is."""
        numbers = range(self.index_keys[record.tenant])
        columns = [self._tokens(record.tenant, addresses, number=n) for n in numbers]
        for at, row in enumerate(zip(*columns, strict=True)):
            bound = [token in self.suppressed[record.id] for token in row]
            for number in numbers if any(bound) and len(numbers) > 1 else ():
                if not bound[number]:
                    columns[number][at] = None
        return columns

    def _expected(self, list_id: str) -> int:
        return self.entries.get(list_id, 0) - self.removed.get(list_id, 0)

    def _count(self, list_id: str, held: Iterable[k.HeldRows]) -> int:
        before, seen, record = b"", 0, self.lists[list_id]
        for frame in held:
            for row in sealed_rows(frame.rows):
                if not frame.past:
                    if row.token <= before:
                        raise MalformedError("rows come in the order of their tokens")
                    before = row.token
                if not row.sealed and row.token in self.suppressed[list_id]:
                    seen += not frame.past
                    continue
                if self._find(record, row) is None:
                    continue
                if read_key_number(row.sealed) != self.newest_key(list_id):
                    raise ConflictError("a row is under an older key", code=Code.BUSY)
                seen += not frame.past
        return seen

    def _find(self, record: m.ListRecord, row: SealedRow) -> OpenedRow | None:
        try:
            return self.open(record, row)
        except ListkeepError:
            return None

    def _list_keys(self, list_id: str) -> list[tuple[int, datetime]]:
        if list_id not in self.lists:
            raise RefusedError("there is no such list", code=Code.NOT_FOUND)
        return self.keys_of(list_id)

    def _state(self, list_id: str) -> k.ListKeys:
        keys = self._list_keys(list_id)
        return k.ListKeys(
            list=list_id,
            keys=tuple(k.KeyState(number=n, since=format_time(at)) for n, at in keys),
            ready_at=format_time(keys[-1][1] + A_DAY) if len(keys) > 1 else "",
            tenant=(tenant := self.lists[list_id].tenant),
            index_keys=tuple(
                k.KeyState(number=n, since=format_time(self.now))
                for n in range(self.index_keys[tenant])
            ),
        )
