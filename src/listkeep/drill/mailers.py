"""Thieves of those who send: the application's host, and the dock's while mail leaves.

On the application's host there is nothing but tokens. Whoever holds the dock's host
while a send goes on can have opened what that send has left: nobody who had a message
of it, nobody beyond its cap, and each row stands in the ledger first.
"""

from dataclasses import dataclass
from pathlib import Path

from listkeep.core.errors import Code, ListkeepError
from listkeep.wire import messages as m
from listkeep.wire.keeper import KeeperClient
from listkeep.wire.messages import sends as d

from .loot import Loot
from .scene import Scene
from .thieves import stolen_rows

_AT_ONCE = d.MAX_ROWS_OPENED


@dataclass(frozen=True, slots=True)
class Opened:
    """What a thief on the dock's host had opened, and what stayed closed."""

    addresses: frozenset[str]
    cap: int  # of the live sends
    closed: int  # rows of people who had a message of theirs

    @property
    def unspent(self) -> int:
        """What the live sends had left."""
        return self.cap - self.closed


def steal_app_host(scene: Scene, folder: Path) -> Loot:
    """Copy what the application keeps: its files of subscribers."""
    loot = scene.loot()
    loot.take_folder(folder, without=())
    return loot


def abuse_live_sends(scene: Scene) -> Opened:
    """Have stolen rows opened under each send that goes on, with the dock's key."""
    key = (scene.home / "dock.key").read_text().strip()
    rows = list(stolen_rows(scene))
    addresses: set[str] = set()
    cap = closed = 0
    with KeeperClient(scene.keeper_socket, service_key=key) as keeper:
        for send in keeper.read_sends(d.ReadSends()).sends:
            if send.state != "live":
                continue
            cap += send.cap
            mine = [row for list_id, row in rows if list_id == send.list]
            for start in range(0, len(mine), _AT_ONCE):
                page = mine[start : start + _AT_ONCE]
                batch = m.RowBatch(
                    tokens=b"".join(row.token for row in page),
                    batch_ids=b"".join(row.batch_id for row in page),
                    positions=[row.position for row in page],
                    sealed=[row.sealed for row in page],
                    facets=[row.facets for row in page],
                )
                for row in _open(keeper, send.request, batch):
                    closed += row.code == Code.ALREADY_SENT
                    addresses |= {row.address} if row.address else set()
    return Opened(frozenset(addresses), cap, closed)


def _open(keeper: KeeperClient, request: str, batch: m.RowBatch) -> list[d.SendRow]:
    message = d.OpenForSend(
        request=request, rows=batch, triggers=[""] * len(batch.positions)
    )
    try:
        return keeper.open_for_send(message).rows
    except ListkeepError:
        return []
