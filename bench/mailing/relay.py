"""A bare relay: ``python -m bench.mailing.relay NEXT_PORT [KEY.pem]``; tells its port.

What a careful programmer builds of the same libraries without a keeper: aiosmtpd takes
a message, it is parsed once and its text decoded, with a key it is signed, and
aiosmtplib hands it on over a connection that is kept. Nothing is held against anything,
nobody is counted, and nothing is written to a disk.
"""

import asyncio
import sys
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

import aiosmtplib
from aiosmtpd import smtp
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from listkeep.core.mail import Algorithm, Signer, sign_message
from listkeep.core.mail.message import Built


class Relay:
    """Hands on what comes."""

    def __init__(self, port: int, signer: Signer | None) -> None:
        """Hand on to a port of this machine."""
        self._port = port
        self._signer = signer
        self._kept: list[aiosmtplib.SMTP] = []

    async def handle_DATA(  # noqa: N802 - the library's name
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        """Parse, sign, hand on."""
        content: bytes = envelope.content
        for part in message_from_bytes(content).walk():
            part.get_payload(decode=True)
        if self._signer is not None:
            content = _sign(content, self._signer)
        client = self._kept.pop() if self._kept else await self._connect()
        await client.sendmail(envelope.mail_from, envelope.rcpt_tos, content)
        self._kept.append(client)
        return "250 2.0.0 taken"

    async def _connect(self) -> aiosmtplib.SMTP:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=self._port, start_tls=False)
        await client.connect()
        return client


def _sign(content: bytes, signer: Signer) -> bytes:
    head, _, body = content.partition(b"\r\n\r\n")
    fields: list[str] = []
    for line in head.decode("ascii").split("\r\n"):
        if line[:1] in " \t":
            fields[-1] += f"\r\n{line}"
        else:
            fields.append(line)
    built = Built(tuple(fields), body)
    return sign_message(built, [signer], at=datetime.now(UTC)).as_bytes()


def _signer(path: Path) -> Signer:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SystemExit("bench: the relay signs with RSA")
    return Signer(
        Algorithm.RSA,
        "example.com",
        "lk1",
        lambda digest: key.sign(digest, padding.PKCS1v15(), Prehashed(SHA256())),
    )


async def _serve(port: int, signer: Signer | None) -> None:
    loop = asyncio.get_running_loop()
    relay = Relay(port, signer)
    server = await loop.create_server(
        lambda: smtp.SMTP(relay, hostname="relay.example", loop=loop),
        "127.0.0.1",
        0,
        backlog=512,
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    key = _signer(Path(sys.argv[2])) if len(sys.argv) > 2 else None
    asyncio.run(_serve(int(sys.argv[1]), key))
