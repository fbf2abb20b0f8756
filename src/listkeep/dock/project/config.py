"""What `dock.toml` may say. Each field's text is its manual."""

from listkeep.wire.config import Config

FILE_NAME = "dock.toml"


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

    seal_origin: str = "http://seal.localhost:8471"
    """Where people sign in and sign; they are sent there and nowhere else."""

    database: str = ""
    """Empty: ``dock.sqlite3`` in the home. Else a ``postgresql://`` address."""
