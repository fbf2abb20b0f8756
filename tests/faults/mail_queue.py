"""A mail server's queue, as far as it matters: it tries again until it is told."""

import asyncio
import base64
import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

_PAUSE_SECONDS = 0.2
Say = Callable[[bytes], Awaitable[str]]


class MailQueue(threading.Thread):
    """Hands letters over in some sessions, again and again; runs until none is left."""

    def __init__(self, port: int, file: Path, login: Path, *, sessions: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._sessions = sessions
        name, key = login.read_text().split()
        self._login = base64.b64encode(f"\0{name}\0{key}".encode())
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        for line in file.read_text().splitlines():
            recipient, content = json.loads(line)
            self._waiting.append((recipient.encode(), content.encode()))
        self.total = len(self._waiting)
        self.delivered = 0
        self.deferred = 0
        self.refused: list[str] = []

    @property
    def settled(self) -> int:
        return self.delivered + len(self.refused)

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        await asyncio.gather(*(self._session() for _ in range(self._sessions)))

    async def _session(self) -> None:
        while self.settled < self.total:
            try:
                await self._converse()
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _converse(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)

        async def say(data: bytes) -> str:
            writer.write(data)
            async with asyncio.timeout(60):
                while True:
                    line = await reader.readuntil(b"\n")
                    if line[3:4] != b"-":
                        return line.decode()

        try:
            async with asyncio.timeout(60):
                await reader.readuntil(b"\n")
            await say(b"EHLO mta.example\r\n")
            answer = await say(b"AUTH PLAIN " + self._login + b"\r\n")
            if not answer.startswith("235"):
                raise ConnectionError
            while self.settled < self.total:
                if not self._waiting:
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                letter = self._waiting.popleft()
                try:
                    answer = await self._hand_over(say, *letter)
                except BaseException:
                    self._waiting.append(letter)
                    raise
                await self._settle(letter, answer)
        finally:
            writer.close()

    async def _hand_over(self, say: Say, recipient: bytes, content: bytes) -> str:
        await say(b"RSET\r\n")
        for words in (
            b"MAIL FROM:<app@mta.example>\r\n",
            b"RCPT TO:<" + recipient + b">\r\n",
            b"DATA\r\n",
        ):
            answer = await say(words)
            if answer[0] not in "23":
                return answer
        return await say(content + b".\r\n")

    async def _settle(self, letter: tuple[bytes, bytes], answer: str) -> None:
        if answer.startswith("250"):
            self.delivered += 1
        elif answer.startswith("5"):
            self.refused.append(answer)
        else:
            self.deferred += 1
            self._waiting.append(letter)
            await asyncio.sleep(_PAUSE_SECONDS / 4)
