"""The ways out of the instance, as dock.toml says."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from listkeep.core.errors import Code, MalformedError
from listkeep.wire.messages import notices as n

from .letters import write_letter
from .mail import MailHost
from .outcomes import Outcome, SendError
from .webhook import Webhooks


@dataclass(frozen=True, kw_only=True, slots=True)
class Channels:
    """Mail and webhooks, and the inbox every message points to."""

    mail: MailHost | None
    webhooks: Webhooks
    inbox: str = ""

    def can_tell(self, kind: str) -> bool:
        """Tell whether there is a way to this kind of contact."""
        return kind != "mail" or self.mail is not None

    def tell(self, delivery_id: str, opened: n.OpenedContact, *, now: datetime) -> None:
        """Send one contact what the keeper says it is to be told.

        Raises:
            SendError: It was not taken, or nobody knows.
        """
        letter = write_letter(delivery_id, opened, inbox=self.inbox)
        if opened.kind == "webhook":
            self.webhooks.send(
                letter,
                destination=opened.destination,
                secret=opened.secret,
                timestamp=int(now.timestamp()),
            )
        elif self.mail is not None:
            self.mail.send(letter, destination=opened.destination)
        else:
            raise SendError(Outcome.NOT_CONFIGURED)


def open_channels() -> Channels:
    """Make the channels of this instance.

    Raises:
        MalformedError: The file with the mail host's password cannot be used.
    """
    config = settings.LISTKEEP_CONFIG
    mail = None
    if config.smtp_host:
        mail = MailHost(
            host=config.smtp_host,
            port=config.smtp_port,
            tls=config.smtp_tls,
            user=config.smtp_user,
            password=_read_password(config.smtp_password_file),
            sender=config.mail_from,
        )
    return Channels(
        mail=mail,
        webhooks=Webhooks(allow_private=config.webhook_private_targets),
        inbox=config.inbox_url,
    )


def _read_password(name: str) -> str:
    if not name:
        return ""
    path: Path = settings.LISTKEEP_HOME / name
    try:
        is_private = not path.stat().st_mode & 0o077
        password = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        is_private, password = True, ""
    if not password or not is_private:
        raise MalformedError(
            "the mail host's password is missing, unreadable, or others may read it",
            code=Code.CONFIG_INVALID,
            hint="put it into the file `smtp_password_file` names, mode 0600",
        )
    return password
