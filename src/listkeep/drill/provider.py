"""The mailbox provider of a demo: takes mail for everybody, and behaves like one.

Domains say what becomes of a message. There is nobody at ``gone.example``, and at
``tired.example`` people call everything they get unwanted, which comes back as a
complaint a moment later. Nothing is kept of any message.
"""

import asyncio
import smtplib
from contextlib import suppress

from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from listkeep.core.errors import MalformedError
from listkeep.core.mail import (
    Purpose,
    ReturnAddress,
    format_return_address,
    parse_return_address,
)

from .provider_place import ProviderPlace
from .sink import MailSink

GONE, TIRED = "gone.example", "tired.example"
_SECONDS_TO_READ = 0.5
_REPORT = """\
From: <fbl@tired.example>
To: <{address}>
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b

Somebody pressed the button for unwanted mail.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1
User-Agent: demo/1

--b--
"""


def make_place(*, port: int, returns_port: int, mail_domain: str) -> ProviderPlace:
    """Make a place for one, with a key by which a route knows it for good."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return ProviderPlace(
        port=port,
        returns_port=returns_port,
        mail_domain=mail_domain,
        private_key=pem.decode(),
    )


class Provider(MailSink):
    """The provider; use it in a ``with`` block."""

    def __init__(self, place: ProviderPlace) -> None:
        """Read its key; nothing listens yet."""
        key = serialization.load_pem_private_key(place.private_key.encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise MalformedError("the demo's mail server has no key it could use")
        super().__init__(port=place.port, key=key)
        self._place = place
        self._complaints: set[asyncio.Task[None]] = set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name and arguments
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take mail for everybody but those who are gone."""
        if address.endswith(f"@{GONE}"):
            return "550 5.1.1 there is nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 welcome"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a message and forget it; some complain."""
        if any(address.endswith(f"@{TIRED}") for address in envelope.rcpt_tos):
            task = asyncio.create_task(self._complain(envelope.mail_from or ""))
            self._complaints.add(task)
            task.add_done_callback(self._complaints.discard)
        return "250 2.0.0 delivered"

    async def _complain(self, sender: str) -> None:
        await asyncio.sleep(_SECONDS_TO_READ)
        with suppress(MalformedError, OSError, smtplib.SMTPException):
            await asyncio.to_thread(self._report, sender)

    def _report(self, sender: str) -> None:
        domain = self._place.mail_domain
        about = parse_return_address(sender, mail_domain=domain)
        address = format_return_address(
            ReturnAddress(Purpose.COMPLAINT, about.alias), mail_domain=domain
        )
        with smtplib.SMTP("127.0.0.1", self._place.returns_port, timeout=10) as client:
            client.sendmail("", [address], _REPORT.format(address=address))
