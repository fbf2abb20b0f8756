"""Speak SMTP with a mail server over an open connection: one letter, two waits.

aiosmtplib opens and secures a connection; then this takes its place. Where the server
offers it (RFC 2920), MAIL, RCPT and DATA go together, and their replies are read in
turn. The content goes only after all three were taken: nothing of a letter leaves for
somebody who was refused. If a server that refused one of them wants content all the
same, we hang up: even a lone dot could become a letter.

A refusal is told at once. That the server is to begin anew is said behind it, and only
the next letter over that connection waits for the answer, for a few seconds.

Replies are counted. What comes while nothing is asked, or is one too many, would be
taken for the answer to what is said next: such a connection is not spoken over again.
A letter is delivered when the reply to its content says so, and by nothing else.
"""

import asyncio
import re
from collections.abc import Collection
from typing import Final

from aiosmtplib import SMTP, SMTPServerDisconnected

from .delivering import Letter

REPLY_SECONDS: Final = 60.0
ANEW_SECONDS: Final = 5.0  # for RSET, which costs a server nothing
MAX_REPLY_BYTES: Final = 32_768
_LATE: Final = "451 4.4.1 listkeep: the mail server did not answer in time"
_ENDED: Final = "451 4.4.2 listkeep: the mail server ended the connection"
_CONFUSED: Final = "451 4.5.0 listkeep: the mail server does not keep to the protocol"
_LINE: Final = re.compile(rb"([2-5][0-9]{2})(?:([\t -])(.*))?", re.DOTALL)
_ADDRESS: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f<>]*")  # it stays between < and >
_LONE: Final = re.compile(rb"\r\n|\r|\n")
NO_UTF8: Final = "553 5.6.7 listkeep: the mail server takes ASCII addresses only"
_GO_ON: Final = "354"
_WANTED: Final = ("2", "2", _GO_ON)  # of MAIL, RCPT and DATA


class NotReachedError(Exception):
    """A hop could not be spoken with; nothing of the message was sent."""

    def __init__(self, reply: str) -> None:
        """Say in a reply of ours why."""
        super().__init__(reply)
        self.reply = reply


class Dialogue(asyncio.Protocol):
    """A connection to which commands are said, each of which has one reply."""

    def __init__(self, transport: asyncio.Transport, offers: Collection[str]) -> None:
        """Speak over an open connection with a server that offers some extensions."""
        self._transport = transport
        self.pipelines = "pipelining" in offers  # several commands at once
        self.takes_utf8 = "smtputf8" in offers
        self.fault = ""  # why nothing more is said, in a reply of ours
        self._rest = b""
        self._size = 0
        self._texts: list[str] = []  # of a reply with several lines
        self._replies: list[str] = []
        self._missing = 0
        self._heard_at = 0.0
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._anew: asyncio.Task[None] | None = None

    @classmethod
    def take_over(cls, client: SMTP) -> "Dialogue":
        """Speak over a connection that was opened, and greeted, by the library.

        Raises:
            SMTPServerDisconnected: It has just ended.
        """
        transport = client.transport
        if not isinstance(transport, asyncio.Transport) or transport.is_closing():
            raise SMTPServerDisconnected("Connection lost")
        dialogue = cls(transport, client.esmtp_extensions.keys())
        transport.set_protocol(dialogue)
        return dialogue

    @property
    def is_usable(self) -> bool:
        """Whether something can be said, as far as is known."""
        return not self.fault and not self._transport.is_closing()

    def close(self) -> None:
        """End the connection, after what was said."""
        self.fault = self.fault or _ENDED
        if self._anew is not None:
            self._anew.cancel()
        self._transport.close()

    async def ask(self, *commands: bytes) -> list[str]:
        """Say commands at once; give the replies, code first, in their order.

        There are fewer than commands when the connection is of no use any more:
        ``fault`` says why.
        """
        if not self.is_usable:
            self.fault = self.fault or _ENDED
            return []
        loop = asyncio.get_running_loop()
        self._replies, self._size, self._missing = [], 0, len(commands)
        self._waiter, self._heard_at = loop.create_future(), loop.time()
        if self._timer is None:  # of an earlier question it goes on: see _expire
            self._timer = loop.call_later(REPLY_SECONDS, self._expire)
        try:
            self._transport.write(b"".join(commands))
            await self._waiter
        finally:
            self._missing, self._waiter = 0, None
        return self._replies

    def begin_anew(self) -> None:
        """Have the server forget a letter it refused, without waiting for its answer.

        If that is not a yes, or does not come soon, nothing more is said to it.
        """
        self._anew = asyncio.get_running_loop().create_task(self._reset())

    async def wait_until_anew(self) -> None:
        """Wait for the answer to that, if one is due."""
        if self._anew is not None:
            await asyncio.wait((self._anew,))
            self._anew = None

    async def _reset(self) -> None:
        try:
            async with asyncio.timeout(ANEW_SECONDS):
                replies = await self.ask(b"RSET\r\n")
        except TimeoutError:
            self._end(_LATE)
            return
        if not replies or not replies[0].startswith("2"):
            self._end(_CONFUSED)

    def data_received(self, data: bytes) -> None:
        """Read replies; what is none, or too many, is the end."""
        self._size += len(data)
        if not self._missing or self._size > MAX_REPLY_BYTES:
            self._end(_CONFUSED)
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._missing or not self._read(line.removesuffix(b"\r")):
                self._end(_CONFUSED)
                return
        if not self._missing:
            if self._rest:
                self._end(_CONFUSED)
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give what was heard to who waits for more."""
        del exc
        self._end(_ENDED)

    def _read(self, line: bytes) -> bool:
        """Read one line; false if no reply has such a one (RFC 5321, 4.2.1)."""
        match = _LINE.fullmatch(line)
        if match is None:
            return False
        code, mark, text = match.groups(b"")
        self._texts.append(text.decode("utf-8", "surrogateescape").strip())
        if mark != b"-":
            self._replies.append(f"{code.decode()} " + "\n".join(self._texts))
            self._texts, self._missing = [], self._missing - 1
            self._heard_at = asyncio.get_running_loop().time()
        return True

    def _expire(self) -> None:
        """Give up, unless a reply came meanwhile; then the next has as long."""
        loop, due = asyncio.get_running_loop(), self._heard_at + REPLY_SECONDS
        if self._waiter is None:
            self._timer = None
        elif loop.time() < due:
            self._timer = loop.call_at(due, self._expire)
        else:
            self._end(_LATE)

    def _end(self, fault: str) -> None:
        self.fault = self.fault or fault
        if self._timer is not None:
            self._timer.cancel()
        self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def hand_over(dialogue: Dialogue, letter: Letter) -> str:
    """Hand a letter over; the first refusal is the answer, code first.

    Whoever cancels this has to close the dialogue. A connection that ends in the middle
    of the content may have taken it, or not.

    Raises:
        NotReachedError: Nothing of it was sent; another connection may be tried.
    """
    if not dialogue.takes_utf8 and not letter.recipient.isascii():
        return NO_UTF8
    await dialogue.wait_until_anew()
    answer = await _say_envelope(dialogue, envelope_of(letter))
    if not answer:
        replies = await dialogue.ask(content_of(letter))
        answer = replies[0] if replies else dialogue.fault
    elif answer.startswith("421"):
        raise NotReachedError(answer)
    if not answer.startswith("250") and dialogue.is_usable:
        dialogue.begin_anew()
    return answer


async def _say_envelope(dialogue: Dialogue, commands: tuple[bytes, ...]) -> str:
    """Say MAIL, RCPT and DATA; give what was refused, or nothing if it may go on."""
    steps = [commands] if dialogue.pipelines else [(each,) for each in commands]
    replies: list[str] = []
    for step in steps:
        replies += await dialogue.ask(*step)
        if not _are_taken(replies) or dialogue.fault:
            break
    refused = [at for at, reply in enumerate(replies) if reply[0] in "45"]
    if refused:
        if not all(reply[0] in "45" for reply in replies[refused[0] :]):
            dialogue.close()  # it waits for content: there is none for it
        return replies[refused[0]]
    if not _are_taken(replies):
        dialogue.close()
        raise NotReachedError(_CONFUSED)
    if dialogue.fault or len(replies) < len(commands):
        raise NotReachedError(dialogue.fault or _CONFUSED)
    return ""


def _are_taken(replies: list[str]) -> bool:
    return all(
        reply.startswith(wanted)
        for reply, wanted in zip(replies, _WANTED, strict=False)
    )


def envelope_of(letter: Letter) -> tuple[bytes, ...]:
    """Write the commands of a letter's envelope.

    Raises:
        ValueError: An address has what no command may have.
    """
    for address in (letter.sender, letter.recipient):
        if not _ADDRESS.fullmatch(address):
            raise ValueError("an address would not stay in its command")
    # RFC 6531, 3.4 and 3.6
    options = "" if letter.recipient.isascii() else " BODY=8BITMIME SMTPUTF8"
    return (
        f"MAIL FROM:<{letter.sender}>{options}\r\n".encode("ascii"),
        f"RCPT TO:<{letter.recipient}>\r\n".encode(),
        b"DATA\r\n",
    )


def content_of(letter: Letter) -> bytes:
    """Write a letter's content as it travels (RFC 5321, 4.5.2), with its end.

    Only CRLF is an end of a line: what stands alone would be one to some servers and
    none to others, and what follows a letter of its own.
    """
    data = letter.data
    if not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):
        data = _LONE.sub(b"\r\n", data)
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\r\n.", b"\r\n..") + b".\r\n"
