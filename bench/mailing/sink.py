"""Take mail and count it: ``python -m bench.mailing.sink``; prints its port.

As little as a mail server can do, so that the machine is the relay's. It answers one
line, `COUNT`, with how many messages it took.
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
        """Answer each command, and each message, as soon as it is whole."""
        self._buffer += data
        while True:
            end, size = (_END, 5) if self._is_data else (b"\r\n", 2)
            place = self._buffer.find(end)
            if place < 0:
                return
            command = self._buffer[:5].upper()
            self._buffer = self._buffer[place + size :]
            self._answer(command)

    def _answer(self, command: bytes) -> None:
        if self._is_data:
            Sink.taken += 1
            self._is_data = False
            reply = b"250 2.0.0 taken"
        elif command.startswith(b"DATA"):
            self._is_data = True
            reply = b"354 go on"
        elif command.startswith(b"COUNT"):
            reply = b"250 %d" % Sink.taken
        else:
            reply = b"250 ok"
        self._transport.write(reply + b"\r\n")


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
