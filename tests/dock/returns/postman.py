"""A mail server on the other side, and a listener in a thread of its own."""

import asyncio
import smtplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from listkeep.dock.lists.paces import Pace
from listkeep.dock.outlet.returns.book import Book
from listkeep.dock.outlet.returns.listening import Listener, Manner
from listkeep.dock.outlet.returns.receiving import Desk
from tests.dock.ways import Clock
from tests.fakes.keeper import FakeKeeper


@contextmanager
def listening(
    keeper: FakeKeeper, *, manner: Manner | None = None, burst: int = 10_000
) -> Iterator[int]:
    """Listen on a free port of this machine; gives the port."""
    desk = Desk(Book(lambda: keeper), Clock(), Pace("returned", 600, burst))
    ready, ports = threading.Event(), list[int]()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        listener = Listener(desk, manner or Manner())
        await listener.listen("127.0.0.1", 0)
        ports.append(listener.port)
        ready.set()
        await over.wait()
        await listener.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(20)
        loop.close()
        connections.close_all()


@contextmanager
def connected(port: int) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.ehlo("mx.example")
        yield client


def bring(port: int, recipient: str, data: bytes, *, sender: str = "") -> int:
    """Bring one message; gives the last code that was answered."""
    with connected(port) as client:
        client.mail(sender)
        code, _ = client.rcpt(recipient)
        if code == 250:
            code, _ = client.data(data)
        return code
