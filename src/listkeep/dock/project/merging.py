"""The mail merge as a sweep: its runs, on the path that the delivery proxy has too."""

import asyncio
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from django.conf import settings

from listkeep.core.mail import Kind, Reply, Template
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.outlet.config import OutletConfig
from listkeep.dock.outlet.delivery.delivering import Deliverer
from listkeep.dock.outlet.delivery.incoming import Parcel
from listkeep.dock.outlet.delivery.sends import SendBook
from listkeep.dock.outlet.merging import queries
from listkeep.dock.outlet.merging.path import Item
from listkeep.dock.outlet.merging.running import Merger
from listkeep.dock.watch.sweeps import Sweep, Work
from listkeep.wire.messages import sends as d

from .proxy import leave_database, make_deliverer

AT_ONCE: Final = 64
"""How many messages are on their way at the same time."""
_CALLERS: Final = 4
_FRESH_SECONDS: Final = 2.0
_FILLED_IN: Final = frozenset({Kind.TEXT, Kind.NUMBER, Kind.DATE})


@dataclass
class ProxyPath:
    """The delivery path of the proxy, for messages that came in no other way."""

    book: SendBook
    deliverer: Deliverer
    loop: asyncio.AbstractEventLoop

    def find_send(self, request: str) -> d.Send | None:
        """Find a send as the keeper knows it now, also one that has just begun."""
        self.book.refresh(older_than=_FRESH_SECONDS)
        if self.book.find(request) is None:
            self.book.refresh(older_than=0)
        return self.book.find(request)

    def read_slots(self, send: d.Send) -> Collection[str]:
        """Name the slots of its template that an application fills in."""
        slots = self._template(send).slots.values()
        return frozenset(slot.name for slot in slots if slot.kind in _FILLED_IN)

    def deliver(self, send: d.Send, items: Sequence[Item]) -> list[Reply]:
        """Deliver messages, so many at once; one reply for each, in their order."""
        template = self._template(send)
        parcels = [
            Parcel(send, template, item.token, dict(item.values)) for item in items
        ]
        work = asyncio.run_coroutine_threadsafe(self._deliver(parcels), self.loop)
        return work.result()

    async def _deliver(self, parcels: Sequence[Parcel]) -> list[Reply]:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(parcel: Parcel) -> Reply:
            async with room:
                return await self.deliverer.deliver(parcel)

        return await asyncio.gather(*map(one, parcels))

    def _template(self, send: d.Send) -> Template:
        if self.book.is_missing_templates(send):
            self.book.load_templates(send)
        return self.book.templates(send)[0]


@contextmanager
def open_path(config: OutletConfig) -> Iterator[ProxyPath]:
    """Put a delivery path together, with a thread of its own for its connections.

    Raises:
        MalformedError: A file of its settings will not do.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="merge", daemon=True)
    thread.start()
    with (
        ThreadPoolExecutor(_CALLERS, "keeper") as callers,
        ThreadPoolExecutor(1, "database") as worker,
    ):
        carrier, deliverer = make_deliverer(config, callers, worker)
        try:
            yield ProxyPath(_book(), deliverer, loop)
        finally:
            for closing in (deliverer.opening.close(), carrier.pool.close()):
                asyncio.run_coroutine_threadsafe(closing, loop).result(10)
            worker.submit(leave_database).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()


@cache
def _book() -> SendBook:
    """Get the sends this process knows: at the next turn it asks for what is new."""
    return SendBook(get_keeper, time.monotonic)


def _send(work: Work) -> int:
    """Open the path only when there is something to send."""
    if not queries.count_due(int(work.clock().timestamp())):
        return 0
    with open_path(settings.LISTKEEP_CONFIG.delivery) as path:
        merger = Merger(
            path=path,
            keeper=work.keeper,
            clock=work.clock,
            keep_on=work.keep_on,
            elapsed=time.monotonic,
        )
        return merger.tick()


def _backlog(now: datetime) -> int:
    return queries.count_due(int(now.timestamp()))


SWEEPS = (
    Sweep(
        name="send-campaigns",
        what="send campaigns page by page, and try again what was deferred",
        every=timedelta(seconds=1),
        run=_send,
        backlog=_backlog,
    ),
)
