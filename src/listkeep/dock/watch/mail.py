"""Send a letter through the operator's own mail host (RFC 5321, RFC 3207)."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from django.utils import timezone

from .letters import Letter
from .outcomes import Outcome, SendError

_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class MailHost:
    """Where mail is handed in. Without a host none is."""

    host: str
    port: int
    tls: str  # starttls, tls or none
    user: str
    password: str
    sender: str
    context: ssl.SSLContext | None = None

    def send(self, letter: Letter, *, destination: str) -> None:
        """Hand one letter in.

        Raises:
            SendError: It was not taken, or nobody knows.
        """
        message = compose(letter, sender=self.sender, destination=destination)
        # Exceptions of this library quote addresses: none of them is the cause.
        try:
            with self._connect() as connection:
                if self.user:
                    connection.login(self.user, self.password)
                connection.send_message(
                    message, from_addr=self.sender, to_addrs=[destination]
                )
        except TimeoutError:
            raise SendError(Outcome.TIMED_OUT) from None
        except (smtplib.SMTPConnectError, smtplib.SMTPServerDisconnected):
            raise SendError(Outcome.UNREACHABLE) from None
        except (smtplib.SMTPException, UnicodeError):
            raise SendError(Outcome.REFUSED) from None
        except OSError:
            raise SendError(Outcome.UNREACHABLE) from None

    def _connect(self) -> smtplib.SMTP:
        name = self.sender.rpartition("@")[2] or "localhost"  # not this machine's
        context = self.context or ssl.create_default_context()
        if self.tls == "tls":
            return smtplib.SMTP_SSL(
                self.host,
                self.port,
                local_hostname=name,
                timeout=_TIMEOUT_SECONDS,
                context=context,
            )
        connection = smtplib.SMTP(
            self.host, self.port, local_hostname=name, timeout=_TIMEOUT_SECONDS
        )
        if self.tls == "starttls":
            try:
                connection.starttls(context=context)
            except BaseException:
                with suppress(OSError):
                    connection.close()
                raise
        return connection


def compose(letter: Letter, *, sender: str, destination: str) -> EmailMessage:
    """Write a letter as a message whose only addresses are sender and contact."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = destination
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(timezone.now())
    message["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    message.set_content(letter.text)
    return message
