"""What the dock's two SMTP ports share: mail is handed over on one, comes back on one.

Nothing that was said is repeated, nobody is told who is here, and who is one too many
is told to come later. What a message is, and what becomes of it, is each port's own.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Generic, TypeVar

from aiosmtpd.smtp import SMTP

MAX_COMMAND_BYTES = 1024
_PATH = re.compile(r"<(?P<address>[^<>\s\x00-\x1f\x7f]{0,320})>(?: (?P<rest>.*))?")
_CROWDED = b"421 4.7.0 too many connections, come again later\r\n"


class Talk(SMTP):
    """One connection; an address is read by one pattern, not as a header field."""

    line_length_limit = MAX_COMMAND_BYTES
    command_size_limit = MAX_COMMAND_BYTES

    _idle_until = 0.0

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Note that something was said; a new timer for each command is not cheap."""
        self._idle_until = self.loop.time() + (duration or self._timeout_duration)
        if self._timeout_handle is None:
            self._timeout_handle = self.loop.call_at(self._idle_until, self._timeout_cb)

    def _timeout_cb(self) -> None:
        """Hang up on who says nothing for so long."""
        if self.loop.time() >= self._idle_until:
            super()._timeout_cb()  # type: ignore[no-untyped-call]
        else:
            self._timeout_handle = self.loop.call_at(self._idle_until, self._timeout_cb)

    def end(self) -> None:
        """Say that it is over, to whoever is in the middle of nothing."""
        raise NotImplementedError

    def abort(self) -> None:
        """Hang up."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    async def smtp_VRFY(self, _arg: str) -> None:  # noqa: N802 - the library's name
        """Tell nobody who is here."""
        await self.push("252 2.5.0 send it and see")

    async def smtp_EXPN(self, _arg: str) -> None:  # noqa: N802
        """Tell nobody who is on a list."""
        await self.push("502 5.5.1 not here")

    async def smtp_HELP(self, _arg: str) -> None:  # noqa: N802
        """Say nothing that a stranger does not know."""
        await self.push("214 2.0.0 see RFC 5321")

    async def _expect(self, arg: str) -> str | None:
        """Say for whom a message may come now; if for nobody, that was answered."""
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 send RCPT first")
            return None
        if arg:
            await self.push("501 5.5.4 DATA takes no argument")
            return None
        return self.envelope.rcpt_tos[0]

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        match = _PATH.fullmatch(arg.strip())
        if match is None:
            return None, None
        return match["address"] or "<>", match["rest"] or ""


_Talk = TypeVar("_Talk", bound=Talk)


class Talks(Generic[_Talk]):
    """A port that is served, and the conversations on it."""

    def __init__(self, begin: Callable[[], _Talk], *, most: int) -> None:
        """Prepare; nothing listens yet. No more than ``most`` are open at once."""
        self._begin, self._most = begin, most
        self._server: asyncio.Server | None = None
        self.open: set[_Talk] = set()
        self.empty = asyncio.Event()
        self.empty.set()

    @property
    def port(self) -> int:
        """The port that was asked for, or found."""
        sockets = self._server.sockets if self._server else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    async def listen(self, host: str, port: int, *, backlog: int) -> None:
        """Begin to serve; other processes may share the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._meet, host, port, reuse_port=True, backlog=backlog
        )

    def end(self) -> None:
        """Take no new ones, and tell those there are that it is over."""
        if self._server is not None:
            self._server.close()
        for one in list(self.open):
            one.end()

    def abort(self) -> None:
        """Hang up on those that are left."""
        for one in list(self.open):
            one.abort()

    def forget(self, one: _Talk) -> None:
        """Forget a conversation that is over."""
        self.open.discard(one)
        if not self.open:
            self.empty.set()

    def _meet(self) -> asyncio.Protocol:
        if len(self.open) >= self._most:
            return _Crowded()
        one = self._begin()
        self.open.add(one)
        self.empty.clear()
        return one


class _Crowded(asyncio.Protocol):
    """Turns away who comes when there are too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        turn_away(transport)


def turn_away(transport: asyncio.BaseTransport) -> None:
    """Tell somebody to come again when there are fewer."""
    if isinstance(transport, asyncio.Transport):
        transport.write(_CROWDED)
        transport.close()
