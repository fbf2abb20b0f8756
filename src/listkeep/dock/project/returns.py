"""Where mail comes back: a second port of the proxy's process."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog

from listkeep.dock.outlet.config import OutletConfig, parse_endpoint
from listkeep.dock.outlet.returns.book import Book
from listkeep.dock.outlet.returns.listening import Listener, Manner
from listkeep.dock.outlet.returns.receiving import Desk

log = structlog.get_logger("listkeep.dock")


@asynccontextmanager
async def open_returns(
    config: OutletConfig, tls: ssl.SSLContext | None
) -> AsyncIterator[Listener | None]:
    """Listen for what comes back, if dock.toml says where; then stop."""
    if not config.returns_listen:
        yield None
        return
    listener = Listener(
        Desk(Book(), clock=_now),
        Manner(hostname=config.hostname or socket.gethostname(), tls=tls),
    )
    endpoint = parse_endpoint(config.returns_listen)
    await listener.listen(endpoint.host, endpoint.port)
    log.info("returns.began")
    try:
        yield listener
    finally:
        await listener.close()


def _now() -> datetime:
    return datetime.now(UTC)
