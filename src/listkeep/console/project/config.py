"""What `console.toml` may say. Each field's text is its manual."""

from listkeep.core.errors import Code, MalformedError
from listkeep.wire.config import Config

FILE_NAME = "console.toml"


class ConsoleConfig(Config, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the console, read from ``LISTKEEP_HOME/console.toml``.

    Paths are relative to ``LISTKEEP_HOME``. A missing file means defaults.
    """

    bind: str = "127.0.0.1"
    """Address to listen on. Anything else than loopback wants TLS in front."""

    port: int = 8490
    """Port to listen on."""

    keeper_socket: str = "keeper.sock"
    """The keeper's unix socket."""

    service_key_file: str = "console.key"
    """File with the key by which the keeper knows this console; mode 0600."""

    dock: str = "http://127.0.0.1:8480"
    """Where the dock answers."""

    app_origin: str = "http://app.localhost:8490"
    """Where browsers find the console; keeper.toml names the same origin."""

    drop_origin: str = "http://drop.localhost:8480"
    """Where files and single addresses go: the dock's pages."""

    seal_origin: str = "http://seal.localhost:8471"
    """Where people sign in and sign; they are sent there and nowhere else."""

    timeout_seconds: int = 10
    """How long keeper and dock may take to answer before a page says so."""

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            MalformedError: Two buildings at one origin, or no time to answer.
        """
        origins = {self.app_origin, self.drop_origin, self.seal_origin}
        fault = ""
        if len(origins) < 3:
            fault = "app_origin, drop_origin and seal_origin are three origins"
        elif self.timeout_seconds < 1:
            fault = "timeout_seconds is at least 1"
        if fault:
            raise MalformedError(
                "console.toml contradicts itself", code=Code.CONFIG_INVALID, hint=fault
            )
