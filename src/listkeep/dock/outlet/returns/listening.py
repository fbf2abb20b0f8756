"""Listen for mail that comes back, from whatever mail server there is.

Built on aiosmtpd. One recipient for each message, as many bytes as are read
(`core/mail/returned.py`) and the rest let go by, no login, nothing that was said
repeated in a reply or a log. A message is written down before it is said to be taken.
"""

import asyncio
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax
from django.db import connection

from listkeep.core.mail.returned import MAX_BYTES
from listkeep.dock.outlet.smtp import Talk, Talks, turn_away

from .receiving import LATER, TAKEN, Desk

log = structlog.get_logger("listkeep.dock.outlet")

MAX_MESSAGE_BYTES: Final = 32 * 1024 * 1024
MAX_CONNECTIONS: Final = 64
MAX_FROM_ONE_PEER: Final = 16
_SECONDS: Final = 60.0  # for one command, or one message
_THREADS: Final = 4
_END: Final = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Manner:
    """How the port is served."""

    hostname: str = "localhost"
    tls: ssl.SSLContext | None = None
    seconds: float = _SECONDS
    max_connections: int = MAX_CONNECTIONS
    max_from_one_peer: int = MAX_FROM_ONE_PEER


class Listener:
    """A port on which mail comes back, and the conversations on it."""

    def __init__(self, desk: Desk, manner: Manner) -> None:
        """Prepare; nothing listens yet."""
        self._desk = desk
        self.manner = manner
        self._talks = Talks(lambda: _Conversation(self), most=manner.max_connections)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="returns")

    @property
    def port(self) -> int:
        """The port that was asked for, or found."""
        return self._talks.port

    async def listen(self, host: str, port: int) -> None:
        """Begin to listen; other processes may share the port."""
        await self._talks.listen(host, port, backlog=128)

    async def close(self) -> None:
        """Take nothing new, and let end what is being written down."""
        self._talks.end()
        await asyncio.to_thread(self._pool.shutdown, wait=True)
        await asyncio.sleep(0)  # the last replies go out
        self._talks.abort()

    async def greet(self, recipient: str, *, peer: str) -> str:
        """Ask the desk whether somebody is here."""
        return await self._ask(lambda: self._desk.greet(recipient, peer=peer))

    async def take(self, recipient: str, data: bytes) -> str:
        """Hand a message to the desk."""
        return await self._ask(lambda: self._desk.take(recipient, data))

    async def _ask(self, question: Callable[[], str]) -> str:
        def ask() -> str:
            try:
                return question()
            finally:
                connection.close()  # nobody could close it when its thread has ended

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, ask)
        except Exception:
            log.exception("returned.broken")
            return LATER

    def is_crowded_by(self, peer: str) -> bool:
        """Tell whether one peer has as many connections as one may have."""
        count = sum(one.peer_address == peer for one in self._talks.open)
        return count > self.manner.max_from_one_peer

    def forget(self, one: "_Conversation") -> None:
        """Forget a conversation that is over."""
        self._talks.forget(one)


class _Conversation(Talk):
    """One connection."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(
            _Hooks(listener),
            data_size_limit=MAX_MESSAGE_BYTES,
            hostname=listener.manner.hostname,
            ident="listkeep",
            tls_context=listener.manner.tls,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            timeout=listener.manner.seconds,
            loop=asyncio.get_running_loop(),
        )
        self._listener = listener
        self.peer_address = ""
        self._is_taking = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        self.peer_address = str(peer[0]) if isinstance(peer, tuple) else "?"
        super().connection_made(transport)
        if self._listener.is_crowded_by(self.peer_address):
            turn_away(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._listener.forget(self)

    def end(self) -> None:
        """Say that it is over; a message that is being taken is still answered."""
        if self.transport is None or self.transport.is_closing():
            return
        if not self._is_taking:
            self._writer.write(b"421 4.3.2 service is going down\r\n")

    async def handle_exception(self, error: Exception) -> str:
        log.error("returned.broken", error=type(error).__qualname__)
        return LATER

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the library's name
        """Read a message as far as it counts, and have it written down."""
        if await self.check_helo_needed():
            return
        recipient = await self._expect(arg)
        if recipient is None:
            return
        await self.push("354 go on")
        data = await self._read_message()
        if data is None:
            await self.push("552 5.3.4 the message is too long")
        else:
            await self.push(await self._take(recipient, data))
        self._set_post_data_state()  # type: ignore[no-untyped-call]

    async def _take(self, recipient: str, data: bytes) -> str:
        """Have a message written down, also if who brought it hangs up meanwhile."""
        self._is_taking = True
        try:
            taking = asyncio.ensure_future(self._listener.take(recipient, data))
            return await asyncio.shield(taking)
        finally:
            self._is_taking = False

    async def _read_message(self) -> bytes | None:
        """Read up to the line with one dot (RFC 5321, 4.5.2), keeping what counts.

        Only CRLF ends a line, so what hides an end behind a bare line feed stays
        inside. One byte more than is read tells that there was more.
        """
        reader: Any = self._reader
        reader._buffer[:0] = b"\r\n"  # noqa: SLF001 - an empty message ends at once
        reader._limit = MAX_BYTES  # noqa: SLF001
        kept, seen = b"", 0
        try:
            while True:
                try:
                    last: bytes = await reader.readuntil(_END)
                    break
                except asyncio.LimitOverrunError as overrun:
                    seen += overrun.consumed
                    kept += await reader.readexactly(overrun.consumed)
                    kept = kept[: MAX_BYTES + 3]
                    if seen > MAX_MESSAGE_BYTES:
                        self.abort()
                        return None
        finally:
            reader._limit = self.line_length_limit  # noqa: SLF001
        if seen + len(last) > MAX_MESSAGE_BYTES:
            return None
        whole = (kept + last)[: MAX_BYTES + 3] if seen else last[:-3]
        return whole[2:].replace(b"\r\n.", b"\r\n")


class _Hooks:
    """Answers to the library's hooks."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    async def handle_MAIL(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        _address: str,
        options: list[str],
    ) -> str:
        """Take anybody for a sender, nobody too: nothing is ever sent back."""
        envelope.mail_from = "<>"  # who wrote is of no use here
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802
        self,
        server: _Conversation,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take one mailbox for each message."""
        if envelope.rcpt_tos:
            return "452 4.5.3 one recipient for each message"
        reply = await self._listener.greet(address, peer=server.peer_address)
        if reply == TAKEN:
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 ok"
        return reply
