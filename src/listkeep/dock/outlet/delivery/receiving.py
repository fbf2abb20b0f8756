"""Take mail from mail servers over SMTP: who they are, one recipient, one message.

Built on aiosmtpd. What costs most there is done otherwise here: a message is read in
one piece instead of line by line, an address by one pattern instead of the parser of
header fields, and who sends several commands at once (RFC 2920) gets their replies at
once. Nothing that comes in is logged or repeated in a reply.
"""

import asyncio
import base64
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from listkeep.core.mail import Reply
from listkeep.core.mail.mime import MAX_BYTES
from listkeep.dock.outlet.smtp import Talk, Talks

log = structlog.get_logger("listkeep.dock.outlet")

MAX_FAILED_LOGINS = 3
_DRAINED_BYTES = 32 * 1024 * 1024
_IDLE_SECONDS = 300.0
_IDENT = "listkeep"
_END = b"\r\n.\r\n"


class Desk(Protocol):
    """What is done with whoever comes and what they bring; each answer is a reply."""

    async def log_in(self, session: Session, name: str, key: str) -> Reply:
        """Say whether a mail server is one that was enrolled: 235, or a refusal."""

    async def still_in(self, session: Session) -> Reply | None:
        """Say if a mail server that logged in may not any more."""

    async def address(self, session: Session, recipient: str) -> Reply | None:
        """Say if there is nobody of this name; keep whom it stands for."""

    async def take(self, session: Session, data: bytes) -> Reply:
        """Take one message, and say what came of it."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a port is served."""

    hostname: str
    tls: ssl.SSLContext | None
    requires_tls: bool  # before anything else: others than this machine can connect
    max_connections: int


class Conversation(Talk):
    """One connection with a mail server."""

    def __init__(
        self, desk: Desk, manner: Manner, *, leave: Callable[["Conversation"], None]
    ) -> None:
        """Speak with whoever connected; ``leave`` is called when it is over."""
        super().__init__(
            _Hooks(desk),
            data_size_limit=MAX_BYTES,
            hostname=manner.hostname,
            ident=_IDENT,
            tls_context=manner.tls,
            require_starttls=manner.requires_tls,
            auth_require_tls=manner.requires_tls,
            auth_exclude_mechanism=("LOGIN",),
            timeout=_IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self._auth_required = True  # said here, since the library warns of loopback
        self._leave = leave
        self.is_taking = False
        self.is_ending = False
        self._held = b""  # replies to commands behind which others wait
        self._may_hold = False

    def connection_lost(self, error: Exception | None) -> None:
        """Forget a connection that is over."""
        super().connection_lost(error)
        self._leave(self)

    def end(self) -> None:
        """End the connection, after the message it is in."""
        self.is_ending = True
        if not self.is_taking and self.transport is not None:
            self._writer.write(self._held + b"421 4.3.2 service is going down\r\n")
            self.transport.close()

    async def handle_exception(self, error: Exception) -> str:
        """Say that something broke, and nothing of what."""
        log.error("smtp.broken", error=type(error).__qualname__)
        return "451 4.3.0 listkeep: internal"

    async def push(self, status: str | bytes) -> None:
        """Send a reply; of an envelope only once no other command waits."""
        reply = status.encode() if isinstance(status, str) else status
        reader: Any = self._reader
        if self._may_hold and b"\n" in reader._buffer:  # noqa: SLF001
            self._held += reply + b"\r\n"
            return
        held, self._held = self._held, b""
        await super().push(held + reply)

    @syntax("MAIL FROM: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        """Begin an envelope."""
        self._may_hold = True
        try:
            await super().smtp_MAIL(arg)
        finally:
            self._may_hold = False

    @syntax("RCPT TO: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        """Take the one recipient of an envelope."""
        self._may_hold = True
        try:
            await super().smtp_RCPT(arg)
        finally:
            self._may_hold = False

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the library's name
        """Read a whole message at once, and hand it on."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if await self._expect(arg) is None:
            return
        self.is_taking = True
        try:
            await self.push("354 go on")
            data = await self._read_message()
            status = (
                "552 5.3.4 the message is too long"
                if data is None
                else await self._call_handler_hook("TAKE", data)
            )
        finally:
            self.is_taking = False
        self.envelope = self._create_envelope()
        await self.push(status)
        if self.is_ending:
            self.end()

    async def _read_message(self) -> bytes | None:
        """Read up to the line with one dot (RFC 5321, 4.5.2); ``None`` if too long.

        Only CRLF ends a line here. What hides an end of the message behind a bare line
        feed stays inside of it, and is refused later.
        """
        reader: Any = self._reader
        # A message that is empty ends with the first line; so one line is put before.
        reader._buffer[:0] = b"\r\n"  # noqa: SLF001
        reader._limit = MAX_BYTES + len(_END)  # noqa: SLF001
        drained = 0
        try:
            while True:
                try:
                    data: bytes = await reader.readuntil(_END)
                    break
                except asyncio.LimitOverrunError as error:
                    drained += error.consumed
                    await reader.readexactly(error.consumed)
                    if drained > _DRAINED_BYTES:
                        raise ConnectionResetError from error
        finally:
            reader._limit = self.line_length_limit  # noqa: SLF001
        if drained or len(data) > MAX_BYTES:
            return None
        return data[:-3].replace(b"\r\n.", b"\r\n")[2:]


class _Hooks:
    """Turns the library's hooks into calls of the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._failed = 0

    async def handle_AUTH(  # noqa: N802
        self, server: SMTP, session: Session, _envelope: Envelope, args: list[str]
    ) -> str | None:
        login = await _read_login(server, args)
        if login is None:
            return None  # it was answered
        reply = await self._desk.log_in(session, *login)
        if reply.code == 235:
            session.authenticated = True
            return str(reply)
        self._failed += 1
        if self._failed >= MAX_FAILED_LOGINS and server.transport is not None:
            await server.push("421 4.7.0 too many failed logins")
            server.transport.close()
            return None
        return str(reply)

    async def handle_EHLO(  # noqa: N802
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        lines: list[str],
    ) -> list[str]:
        session.host_name = hostname
        lines.insert(1, "250-PIPELINING")
        return ["\r\n".join(lines)]  # in one piece: each costs a call of the system

    async def handle_MAIL(  # noqa: N802
        self,
        _server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        refusal = await self._desk.still_in(session)
        if refusal is not None:
            return str(refusal)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if envelope.rcpt_tos:
            # A reply is about one message; the mail server comes again with the rest.
            return "452 4.5.3 one recipient for each message"
        refusal = await self._desk.address(session, address)
        if refusal is not None:
            return str(refusal)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_TAKE(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, data: bytes
    ) -> str:
        # A mail server that goes away does not undo a delivery that has begun.
        taking = asyncio.ensure_future(self._desk.take(session, data))
        return str(await asyncio.shield(taking))


async def _read_login(server: SMTP, args: list[str]) -> tuple[str, str] | None:
    """Read AUTH PLAIN (RFC 4616), with or without an initial response."""
    if len(args) == 1:
        given = await server.challenge_auth("")
    else:
        try:
            given = base64.b64decode(args[1], validate=True)
        except ValueError:
            await server.push("501 5.5.2 not base64")
            return None
    if not isinstance(given, bytes):
        return None
    try:
        _, name, key = given.decode("ascii").split("\0")
    except (UnicodeDecodeError, ValueError):
        await server.push("501 5.5.2 not what AUTH PLAIN sends")
        return None
    return name, key


class Port:
    """A port that is served, and the conversations on it."""

    def __init__(self, desk: Desk, manner: Manner) -> None:
        """Prepare; nothing listens yet."""
        self._desk = desk
        self._talks = Talks(
            lambda: Conversation(self._desk, manner, leave=self._talks.forget),
            most=manner.max_connections,
        )

    @property
    def busy(self) -> int:
        """How many conversations are in the middle of a message."""
        return sum(1 for one in self._talks.open if one.is_taking)

    async def listen(self, host: str, port: int) -> None:
        """Begin to serve; other processes may share the port."""
        await self._talks.listen(host, port, backlog=512)

    async def close(self, *, patience_seconds: float) -> bool:
        """Take no new ones, and end those there are after the message they are in.

        Gives whether all of them ended by themselves.
        """
        self._talks.end()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._talks.empty.wait(), patience_seconds)
        ended = not self._talks.open
        self._talks.abort()
        return ended
