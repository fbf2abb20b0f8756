"""Take mail and count it: ``python -m bench.mailing.sink``; prints its port.

As little as a mail server can do, so that the machine is the relay's. It takes several
commands at once (RFC 2920), as mail servers do, and answers one line, `COUNT`, with how
many messages it took.
"""

import asyncio
import sys

_END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One connection."""

    taken = 0

    def __init__(self) -> None:
        """Begin with a command."""
        self._buffer = b""
        self._is_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer all that is whole at once, so that nobody is held up."""
        self._buffer += data
        replies = []
        while True:
            end, size = (_END, 5) if self._is_data else (b"\r\n", 2)
            place = self._buffer.find(end)
            if place < 0:
                break
            command = self._buffer[:5].upper()
            self._buffer = self._buffer[place + size :]
            replies.append(self._answer(command))
        if replies:
            self._transport.write(b"".join(replies))

    def _answer(self, command: bytes) -> bytes:
        if self._is_data:
            Sink.taken += 1
            self._is_data = False
            return b"250 2.0.0 taken\r\n"
        if command.startswith(b"DATA"):
            self._is_data = True
            return b"354 go on\r\n"
        if command.startswith(b"EHLO"):
            return b"250-sink\r\n250 PIPELINING\r\n"
        if command.startswith(b"COUNT"):
            return b"250 %d\r\n" % Sink.taken
        return b"250 ok\r\n"


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
