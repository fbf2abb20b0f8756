"""The process of the delivery proxy: put together, run, and stopped without a loss."""

import asyncio
import secrets
import signal
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection

from listkeep.core.errors import Code, ListkeepError, MalformedError
from listkeep.dock.lists.keeper import get_keeper, read_service_key
from listkeep.dock.outlet.config import OutletConfig, parse_endpoint
from listkeep.dock.outlet.delivery.carrying import RouteCarrier
from listkeep.dock.outlet.delivery.connections import Pool
from listkeep.dock.outlet.delivery.delivering import Deliverer
from listkeep.dock.outlet.delivery.desk import ProxyDesk
from listkeep.dock.outlet.delivery.hops import RouteHops
from listkeep.dock.outlet.delivery.logins import read_login
from listkeep.dock.outlet.delivery.memory import Memory
from listkeep.dock.outlet.delivery.names import Dns
from listkeep.dock.outlet.delivery.opening import Opening
from listkeep.dock.outlet.delivery.receiving import Manner, Port
from listkeep.dock.outlet.delivery.register import Register, forget_claims
from listkeep.dock.outlet.delivery.sends import FRESH_SECONDS, SendBook
from listkeep.dock.outlet.unsubscribe import header_url

from .returns import open_returns
from .start import verify_engine, verify_version

log = structlog.get_logger("listkeep.dock")

PATIENCE_SECONDS = 10.0
"""How long messages under way may take after the proxy was told to stop."""
_CALLERS = 4
_TICK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Proxy:
    """What serves a port, and what delivers."""

    port: Port
    deliverer: Deliverer
    book: SendBook
    pool: Pool
    callers: ThreadPoolExecutor


def check_proxy() -> OutletConfig:
    """Check all a proxy needs before its processes begin.

    Raises:
        ConflictError: The database is newer or older than this code.
        MalformedError: There is no proxy in dock.toml, or a file of it will not do.
        UnavailableError: The database does not answer.
    """
    config: OutletConfig = settings.LISTKEEP_CONFIG.delivery
    if not config.listen:
        raise MalformedError(
            "dock.toml says of no address where the proxy would listen",
            code=Code.CONFIG_INVALID,
            hint='write listen = "127.0.0.1:2525" into a section [outlet]',
        )
    verify_engine()
    verify_version()
    read_service_key(settings.LISTKEEP_SERVICE_KEY_FILE)
    make_tls(config)
    for path in _logins(config).values():
        read_login(path)
    if connection.vendor == "sqlite":
        # Its processes are all on this machine, and none of them has begun.
        forget_claims()
    return config


def run_proxy(config: OutletConfig, *, stop: Callable[[], bool]) -> None:
    """Serve until told to stop; ``stop`` says so to who has no signals."""
    asyncio.run(_serve(config, stop))


async def _serve(config: OutletConfig, stop: Callable[[], bool]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with open_proxy(config) as proxy, open_returns(config, make_tls(config)):
        endpoint = parse_endpoint(config.listen)
        await proxy.port.listen(endpoint.host, endpoint.port)
        log.info("proxy.began")
        while not stopping.is_set() and not stop():
            try:
                await asyncio.wait_for(stopping.wait(), _TICK_SECONDS)
            except TimeoutError:
                await _tend(proxy)
        ended = await proxy.port.close(patience_seconds=PATIENCE_SECONDS)
        log.info("proxy.ended", left=proxy.deliverer.under_way, whole=ended)


async def _tend(proxy: Proxy) -> None:
    """Hear of sends that began or ended, and close what nobody uses."""
    proxy.pool.prune()
    if proxy.book.age < FRESH_SECONDS:
        return
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(proxy.callers, proxy.book.refresh)
    except ListkeepError as error:
        log.warning("proxy.no_news", code=error.code)


@asynccontextmanager
async def open_proxy(config: OutletConfig) -> AsyncIterator[Proxy]:
    """Put a proxy together; it does not listen yet.

    Raises:
        MalformedError: A file of its settings will not do.
    """
    with (
        ThreadPoolExecutor(_CALLERS, "keeper") as callers,
        ThreadPoolExecutor(1, "database") as worker,
    ):
        proxy = _put_together(config, callers, worker)
        try:
            yield proxy
        finally:
            await proxy.deliverer.opening.close()
            await proxy.pool.close()
            worker.submit(leave_database).result()


def _put_together(
    config: OutletConfig, callers: ThreadPoolExecutor, worker: ThreadPoolExecutor
) -> Proxy:
    carrier, deliverer = make_deliverer(config, callers, worker)
    book = SendBook(get_keeper, time.monotonic)
    desk = ProxyDesk(book, deliverer, callers, worker, get_keeper, time.monotonic)
    manner = Manner(
        hostname=config.hostname or socket.gethostname(),
        tls=make_tls(config),
        requires_tls=not parse_endpoint(config.listen).is_loopback,
        max_connections=config.max_connections,
    )
    return Proxy(Port(desk, manner), deliverer, book, carrier.pool, callers)


def make_deliverer(
    config: OutletConfig, callers: ThreadPoolExecutor, worker: ThreadPoolExecutor
) -> tuple[RouteCarrier, Deliverer]:
    """Put the path of messages together: threads for the keeper, one for the disk.

    Raises:
        MalformedError: A file of its settings will not do.
    """
    hostname = config.hostname or socket.gethostname()
    carrier = _make_carrier(config, worker, hostname=hostname)
    deliverer = Deliverer(
        register=Register(worker, holder=secrets.token_hex(8), now=_seconds),
        opening=Opening(callers, keeper=get_keeper),
        carrier=carrier,
        unsubscribe=header_url,
        now=_now,
    )
    return carrier, deliverer


def _make_carrier(
    config: OutletConfig, worker: ThreadPoolExecutor, *, hostname: str
) -> RouteCarrier:
    names = Dns(parse_endpoint(config.resolver) if config.resolver else None)
    ca_file = _path(config.ca_file)
    memory = Memory(
        names=names,
        worker=worker,
        key=_memory_key(),
        now=_seconds,
        ca_file=ca_file,
        allow_private=config.private_targets,
    )
    hops = RouteHops(
        names,
        memory,
        allow_private=config.private_targets,
        system_names=not config.resolver,
        logins=_logins(config),
    )
    return RouteCarrier(
        hops,
        Pool(
            hostname,
            ca_file,
            time.monotonic,
            memory.note_tls,
            memory.offered_tls,
        ),
    )


def make_tls(config: OutletConfig) -> ssl.SSLContext | None:
    """Make what STARTTLS is answered with; none without a certificate.

    Raises:
        MalformedError: A file is missing, is not one, or others may read the key.
    """
    if not config.certificate:
        return None
    key = Path(_path(config.private_key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if key.stat().st_mode & 0o077:
            raise MalformedError(
                f"others may read {key.name}, the proxy's private key",
                code=Code.CONFIG_INVALID,
                hint=f"chmod 600 {key.name}",
            )
        context.load_cert_chain(_path(config.certificate), key)
    except (OSError, ssl.SSLError) as error:
        raise MalformedError(
            "the proxy's certificate or private key cannot be used",
            code=Code.CONFIG_INVALID,
            hint="both are PEM files, and belong together",
        ) from error
    return context


def _logins(config: OutletConfig) -> dict[str, Path]:
    return {host: Path(_path(name)) for host, name in config.logins.items()}


def _path(name: str) -> str:
    return str(settings.LISTKEEP_HOME / name) if name else ""


def _memory_key() -> bytes:
    key = read_service_key(settings.LISTKEEP_SERVICE_KEY_FILE)
    return sha256(b"listkeep mail peers\0" + key.encode()).digest()


def _now() -> datetime:
    return datetime.now(UTC)


def _seconds() -> int:
    return int(time.time())


def leave_database() -> None:
    """Close the database's connection of this thread; each has its own."""
    connection.close()
