"""Hand mail over: ``python -m bench.mailing.source PORT SESSIONS FILE [LOGIN]``.

Each line of the file is a JSON array: recipient and message; or a recipient alone, who
gets the message of the line before with the name put in. Prints how many were taken and
the seconds it took. LOGIN is a file with name and key, for AUTH PLAIN.
"""

import asyncio
import base64
import json
import sys
import time
from pathlib import Path
from typing import NamedTuple


class Sample(NamedTuple):
    """A message, and who is named in it."""

    recipient: bytes
    content: bytes

    def for_whom(self, recipient: bytes) -> bytes:
        """Give the message with another recipient, and the alias that stands there."""
        if recipient == self.recipient:
            return self.content
        other, named = (who.partition(b"@")[0] for who in (recipient, self.recipient))
        content = self.content.replace(self.recipient, recipient)
        return content.replace(named, other)


async def _converse(port: int, letters: list[tuple[bytes, Sample]], login: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def say(data: bytes) -> bytes:
        writer.write(data)
        while True:
            line = await reader.readline()
            if line[3:4] != b"-":
                return line

    await reader.readline()
    await say(b"EHLO source.example\r\n")
    if login:
        await say(b"AUTH PLAIN %b\r\n" % login.encode())
    taken = 0
    while letters:
        recipient, sample = letters.pop()
        await say(b"MAIL FROM:<app@source.example>\r\n")
        await say(b"RCPT TO:<%b>\r\n" % recipient)
        await say(b"DATA\r\n")
        answer = await say(sample.for_whom(recipient))
        if answer.startswith(b"250"):
            taken += 1
        else:
            sys.stderr.write(answer.decode())
    writer.close()
    return taken


def _read(file: Path) -> list[tuple[bytes, Sample]]:
    letters: list[tuple[bytes, Sample]] = []
    for found in map(json.loads, file.open()):
        if isinstance(found, str):
            letters.append((found.encode(), letters[-1][1]))
            continue
        to, content = found[0].encode(), f"{found[1]}.\r\n".encode()
        letters.append((to, Sample(to, content)))
    return letters


async def _main(
    port: int, sessions: int, letters: list[tuple[bytes, Sample]], login: str
) -> None:
    started = time.perf_counter()
    taken = sum(
        await asyncio.gather(
            *(_converse(port, letters, login) for _ in range(sessions))
        )
    )
    sys.stdout.write(f"{taken} {time.perf_counter() - started:.6f}\n")


if __name__ == "__main__":
    given = Path(sys.argv[4]).read_text().split() if len(sys.argv) > 4 else []
    plain = "\0" + "\0".join(given) if given else ""
    asyncio.run(
        _main(
            int(sys.argv[1]),
            int(sys.argv[2]),
            _read(Path(sys.argv[3])),
            base64.b64encode(plain.encode()).decode() if plain else "",
        )
    )
