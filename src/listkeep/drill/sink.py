"""A mail server that keeps what it takes: where a campaign of a drill ends.

Some mailboxes can be full for a while, so that a mail server before it has something
to keep; it repeats the address then, as servers do.

It listens on this machine alone, wants TLS, and is known by the digest of its key, as a
smart host of a route is.
"""

import hashlib
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

_NAME = "sink.example"


class MailSink:
    """The sink; use it in a ``with`` block."""

    def __init__(
        self,
        *,
        port: int,
        key: ec.EllipticCurvePrivateKey | None = None,
        full_every: int = 0,
    ) -> None:
        """Make a key, unless there is one; nothing listens yet.

        Of so many mailboxes one is full, until ``make_room``; none if it is 0.
        """
        self.port = port
        self._full_every = full_every
        self._asked: dict[str, bool] = {}  # by mailbox: whether it is full
        self.recipients: list[str] = []
        self.contents: list[bytes] = []
        self._key = key or ec.generate_private_key(ec.SECP256R1())
        self._controller: Controller | None = None

    @property
    def pin(self) -> str:
        """What a route knows it by."""
        spki = self._key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(spki).hexdigest()

    def __enter__(self) -> Self:
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            tls_context=self._make_tls(),
            require_starttls=True,
            ident="sink",
        )
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._controller:
            self._controller.stop()

    @property
    def full(self) -> int:
        """How many mailboxes that were asked for are full."""
        return sum(self._asked.values())

    def make_room(self) -> None:
        """Have no mailbox be full any more."""
        self._full_every = 0
        self._asked.clear()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take a recipient, unless the mailbox is full."""
        if self._full_every and address not in self._asked:
            self._asked[address] = (len(self._asked) + 1) % self._full_every == 0
        if self._asked.get(address):
            return f"452 4.2.2 <{address}> is full, {address.partition('@')[0]}"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a message."""
        self.recipients += envelope.rcpt_tos
        content: Any = envelope.content
        self.contents.append(content)
        return "250 2.0.0 kept"

    def _make_tls(self) -> ssl.SSLContext:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, _NAME)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=365))
            .sign(self._key, SHA256())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:  # TLS reads keys from files only
            path = Path(folder, "sink.pem")
            path.touch(mode=0o600)
            path.write_bytes(
                self._key.private_bytes(
                    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
                )
                + certificate.public_bytes(Encoding.PEM)
            )
            context.load_cert_chain(path)
        return context
