"""A mail server that keeps what it takes, and can be in any mood at any stage."""

import asyncio
import ssl
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

HANG_UP = "hang up"
STALL = "stall"
Mood = Callable[[str, int], str]
"""Given the stage and how often it was reached: a reply, a deed, or nothing."""


@dataclass(frozen=True)
class Taken:
    """A message that was taken."""

    sender: str
    recipient: str
    content: bytes
    is_tls: bool
    peer: str


def friendly(_stage: str, _count: int) -> str:
    return ""


@dataclass
class MailSink:
    """The few commands a client needs; stages are CONNECT, EHLO, TLS, MAIL, RCPT,
    DATA and END (of the content)."""

    mood: Mood = friendly
    tls: ssl.SSLContext | None = None
    pipelines: bool = False  # offers to take several commands at once
    is_gullible: bool = False  # wants content for nobody
    speaks_utf8: bool = False  # RFC 6531
    auth: str = ""  # methods that are offered, if any
    login: tuple[str, str] = ("", "")  # which name and password are taken
    logged_in: int = 0
    taken: list[Taken] = field(default_factory=list)
    stages: Counter[str] = field(default_factory=Counter)
    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = await asyncio.start_server(self._meet, host, port, limit=2**22)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._abort_all()

    def drop_all(self) -> None:
        """End all connections without a word, as a restart does; from any thread.

        In another one the loop would hear of it when something else wakes it: whoever
        waits for an answer waits until they lose patience.
        """
        assert self._server is not None
        self._server.get_loop().call_soon_threadsafe(self._abort_all)

    def _abort_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _meet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._writers.add(writer)
        try:
            await _Talk(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


class _Talk:
    def __init__(
        self, sink: MailSink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.sink, self.reader, self.writer = sink, reader, writer
        self.sender = self.recipient = ""
        self.is_tls = self.is_taken = self.is_begun = self.is_addressed = False

    async def run(self) -> None:
        if not await self._stage("CONNECT", "220 sink"):
            return
        while line := await self.reader.readline():
            self.sink.heard.append(line)
            verb = line[:4].upper().decode("ascii", "replace").strip()
            if not await self._act(verb, line.decode("utf-8", "replace").strip()):
                return

    async def _act(self, verb: str, line: str) -> bool:
        if verb == "EHLO":
            offers = "250-STARTTLS\r\n" if self.sink.tls and not self.is_tls else ""
            offers += "250-PIPELINING\r\n" if self.sink.pipelines else ""
            offers += f"250-AUTH {self.sink.auth}\r\n" if self.sink.auth else ""
            offers += "250-SMTPUTF8\r\n250-8BITMIME\r\n" * self.sink.speaks_utf8
            return await self._stage("EHLO", f"250-sink\r\n{offers}250 SIZE 9999999")
        if verb == "AUTH":
            return await self._log_in(line.split())
        if verb == "MAIL":
            return await self._begin(line)
        if verb == "RCPT":
            return await self._address(line)
        if deed := {"STAR": self._start_tls, "DATA": self._data}.get(verb):
            return await deed()
        self._say("221 bye" if verb == "QUIT" else "250 ok")
        return verb != "QUIT"

    async def _begin(self, line: str) -> bool:
        self.sender = line[10:].partition(">")[0].strip("<> ")
        goes_on = await self._stage("MAIL", "250 2.1.0 ok")
        self.is_begun, self.is_addressed = self.is_taken, False
        return goes_on

    async def _address(self, line: str) -> bool:
        if not self.is_begun:
            self._say("503 5.5.1 from whom")
            return True
        self.recipient = line[8:].partition(">")[0].strip("<> ")
        goes_on = await self._stage("RCPT", "250 2.1.5 ok")
        self.is_addressed = self.is_taken
        return goes_on

    async def _stage(self, stage: str, reply: str) -> bool:
        """Say what the mood is at a stage, or the reply; whether it goes on."""
        self.sink.stages[stage] += 1
        said = self.sink.mood(stage, self.sink.stages[stage]) or reply
        self.is_taken = said.startswith("2")
        return await self._do(said)

    async def _do(self, wanted: str) -> bool:
        if wanted == HANG_UP:
            self.writer.transport.abort()
            return False
        if wanted == STALL:
            await asyncio.sleep(3600)
        self._say(
            wanted.replace("{address}", self.recipient).replace(
                "{local}", self.recipient.partition("@")[0]
            )
        )
        return True

    async def _start_tls(self) -> bool:
        if not await self._stage("TLS", "220 go"):
            return False
        await self.writer.start_tls(self._context())
        self.is_tls = True
        return True

    async def _log_in(self, words: list[str]) -> bool:
        """Take a name and a password by PLAIN, or by LOGIN (RFC 4954)."""
        if words[1] == "PLAIN":
            _, *said = b64decode(words[2]).decode().split("\0")
        else:
            said = []
            for asked in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
                self._say(f"334 {asked}")
                said.append(b64decode(await self.reader.readline()).decode())
        is_right = tuple(said) == self.sink.login
        self.sink.logged_in += is_right
        reply = "235 2.7.0 welcome" if is_right else f"535 5.7.8 not {said[0]}"
        return await self._stage("AUTH", reply)

    def _context(self) -> ssl.SSLContext:
        assert self.sink.tls is not None
        return self.sink.tls

    async def _data(self) -> bool:
        if not (self.is_addressed or self.sink.is_gullible):
            self._say("503 5.5.1 for whom")
            return True
        self.is_begun = self.is_addressed = False
        self.sink.stages["DATA"] += 1
        wanted = self.sink.mood("DATA", self.sink.stages["DATA"])
        if not await self._do(wanted or "354 go on"):
            return False
        if wanted:
            return True
        content = await self.reader.readuntil(b"\r\n.\r\n")
        self.sink.stages["END"] += 1
        reply = self.sink.mood("END", self.sink.stages["END"])
        if reply in ("", HANG_UP) or reply.startswith("250"):
            peer: Any = self.writer.get_extra_info("peername")
            self.sink.taken.append(
                Taken(
                    self.sender,
                    self.recipient,
                    content[:-3].replace(b"\r\n..", b"\r\n."),
                    self.is_tls,
                    str(peer[0]),
                )
            )
        return await self._do(reply or "250 2.0.0 taken")

    def _say(self, text: str) -> None:
        self.writer.write(f"{text}\r\n".encode())
