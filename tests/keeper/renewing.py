"""What the dock does to replace a list's key, in short verbs over a world."""

from collections.abc import Iterator, Sequence
from typing import Self

from listkeep.core.sealing import SealedRow
from listkeep.keeper.release import renewals
from listkeep.keeper.release.opening import Opener
from listkeep.wire import messages as m
from listkeep.wire.messages import keys as k
from tests.keeper.instance import ACME
from tests.keeper.world import Rows, World, batch_of


class Renewing(World):
    """A world whose keys grow old, with one list that has rows."""

    rows: Rows

    @classmethod
    def of(cls, world: World) -> Self:
        return cls(world.home, world.now, world.cluster, world.people, world._sessions)

    def fill(self, count: int = 5, name: str = "news") -> Rows:
        """Import so many people, and have the ledger know how many they are."""
        found = self.create_list(name)
        return self.more(found.id, [f"person{n}@example.com" for n in range(count)])

    def more(self, list_id: str, addresses: Sequence[str]) -> Rows:
        """Import some new people."""
        ticket = self.start_import("ada", list_id).ticket
        sealed = self.seal(ticket, addresses)
        self.finish(ticket, added=len(addresses))
        return self.rows_of(list_id, list(addresses), sealed)

    def renew(self, list_id: str) -> k.ListKeys:
        message = k.RenewKey(list=list_id)
        return renewals.renew_key(
            self.gate, message, carrier=self.service("dock"), now=self.now
        )

    def reseal(self, rows: Rows) -> Rows:
        message = k.RenewRows(list=rows.list_id, rows=rows.whole())
        sealed = renewals.renew_rows(
            self.gate, message, carrier=self.service("dock"), now=self.now
        )
        return self.rows_of(rows.list_id, rows.addresses, sealed)

    def destroy(
        self, list_id: str, entries: Sequence[SealedRow], past: Sequence[SealedRow] = ()
    ) -> k.ListKeys:
        """Show the keeper these rows in small frames, to have the old key destroyed."""
        message = k.DestroyKeys(list=list_id)
        return renewals.destroy_keys(
            self.gate, message, frames(entries, past), clock=self.clock
        )

    def sweep(self) -> k.HeldKeys:
        """Ask as the dock does every minute, which carries out what had to wait."""
        return renewals.read_keys(
            self.gate, k.ReadKeys(), carrier=self.service("dock"), now=self.now
        )

    def numbers(self, list_id: str) -> list[int]:
        return [key.number for key in self.registry.lists[list_id].keys]

    def open_rows(self, rows: Rows) -> list[str]:
        opener = Opener(self.gate.store, self.registry.lists[rows.list_id])
        return [opener.open(row).address for row in rows.sealed]


def renew_index_key(world: World) -> m.RequestView:
    """Have new entries of acme get tokens under a new key, by both its owners."""
    view = world.ask("ada", "index-key.renew", {"id": ACME})
    return world.sign("amir", view, "approve")


def in_order(rows: Sequence[SealedRow]) -> list[SealedRow]:
    return sorted(rows, key=lambda row: row.token)


def frames(
    entries: Sequence[SealedRow], past: Sequence[SealedRow]
) -> Iterator[k.HeldRows]:
    for is_past, rows in ((False, in_order(entries)), (True, in_order(past))):
        for at in range(0, len(rows), 2):
            batch: m.RowBatch = batch_of(rows[at : at + 2])
            yield k.HeldRows(rows=batch, past=is_past)
