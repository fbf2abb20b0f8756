"""What `dock.toml` may say. Each field's text is its manual."""

from typing import Any

from listkeep.core.errors import Code, MalformedError
from listkeep.dock.lists.visitors import are_networks
from listkeep.dock.outlet.config import OutletConfig, read_outlet
from listkeep.wire.config import Config

FILE_NAME = "dock.toml"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TLS = frozenset({"starttls", "tls", "none"})
_DAYS = ("export_keep_days", "key_renew_days", "history_keep_days", "scrub_days")


class DockConfig(Config, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the dock, read from ``LISTKEEP_HOME/dock.toml``.

    Paths are relative to ``LISTKEEP_HOME``. A missing file means defaults.
    """

    bind: str = "127.0.0.1"
    """Address to listen on. Anything else than loopback wants TLS in front."""

    port: int = 8480
    """Port to listen on."""

    keeper_socket: str = "keeper.sock"
    """The keeper's unix socket."""

    service_key_file: str = "dock.key"
    """File with the key by which the keeper knows this dock; mode 0600."""

    drop_origin: str = "http://drop.localhost:8480"
    """Where browsers find the dock's pages; keeper.toml names the same origin."""

    public_origin: str = ""
    """Where people outside leave lists and confirm. Empty: at ``drop_origin``."""

    trusted_proxies: list[str] = []  # noqa: RUF012 - each gets its own
    """Web proxies in front: their ``X-Forwarded-For`` says where visitors are."""

    seal_origin: str = "http://seal.localhost:8471"
    """Where people sign in and sign; they are sent there and nowhere else."""

    app_origin: str = ""
    """Where the console's pages are, for links back; empty: there is no console."""

    database: str = ""
    """Empty: ``dock.sqlite3`` in the home. Else ``postgresql://user@host/name``."""

    export_keep_days: int = 7
    """How long the age file of an export can be fetched after its run."""

    key_renew_days: int = 30
    """How old the key of a list gets before its rows are sealed under a new one."""

    history_keep_days: int = 30
    """How long a list can be taken back: what entries were before is kept so long."""

    scrub_days: int = 7
    """How often each list is looked over, row by row."""

    inbox_url: str = ""
    """The inbox on the keeper's pages, as messages to people name it."""

    mail_from: str = ""
    """Sender of mail to contacts: an address of the operator's own domain."""

    smtp_host: str = ""
    """The operator's mail host. Empty: contacts with a mail address are not told."""

    smtp_port: int = 587
    """Port of the mail host."""

    smtp_tls: str = "starttls"
    """``starttls``, ``tls``, or ``none`` for a mail host on this machine."""

    smtp_user: str = ""
    """Name at the mail host. Empty: none is given."""

    smtp_password_file: str = ""
    """File with the password at the mail host; mode 0600."""

    webhook_private_targets: bool = False
    """Let webhooks go inside the own network, and without TLS."""

    outlet: dict[str, Any] = {}  # noqa: RUF012 - each gets its own
    """The delivery proxy: a section of its own, see ``dock/outlet/config.py``."""

    @property
    def delivery(self) -> OutletConfig:
        """The settings of the delivery proxy."""
        return read_outlet(self.outlet)

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            MalformedError: Mail without a sender, or without TLS over a network.
        """
        read_outlet(self.outlet)
        fault = ""
        if self.smtp_tls not in _TLS:
            fault = "smtp_tls is starttls, tls or none"
        elif self.smtp_tls == "none" and self.smtp_host not in _LOOPBACK | {""}:
            fault = 'smtp_tls = "none" is for a mail host on this machine only'
        elif self.smtp_host and "@" not in self.mail_from:
            fault = "smtp_host needs mail_from, the sender's address"
        elif bool(self.smtp_user) != bool(self.smtp_password_file):
            fault = "smtp_user and smtp_password_file belong together"
        elif short := [name for name in _DAYS if getattr(self, name) < 1]:
            fault = f"{short[0]} is at least 1"
        elif not are_networks(self.trusted_proxies):
            fault = "trusted_proxies are addresses or networks, as in 10.0.0.0/24"
        if fault:
            raise MalformedError(
                "dock.toml contradicts itself", code=Code.CONFIG_INVALID, hint=fault
            )
