"""Where an instance lives, what ``cli.toml`` says, and the ways to its buildings."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from listkeep.core.errors import Code, UnavailableError
from listkeep.wire.config import Config, instance_home, read_config

if TYPE_CHECKING:
    from listkeep.wire.dock import DockClient
    from listkeep.wire.keeper import KeeperClient

CONFIG_FILE = "cli.toml"
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


class CliConfig(Config, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``cli.toml``: what a client has to know, and what it trusts."""

    dock: str = "http://127.0.0.1:8480"
    """Where the dock answers."""

    keeper_socket: str = "keeper.sock"
    """The keeper's unix socket, relative to the instance's home."""

    keeper: str = ""
    """The keeper's id; statements are signed for this one and no other."""

    profile: str = ""
    """The profile sealed in the genesis; it cannot change."""

    genesis: str = ""
    """The digest of the genesis: who replays the ledger has to begin with it."""

    ledger_key: str = ""
    """The key that verifies the ledger's checkpoints, pinned when it was made."""

    dock_service: str = ""
    """The dock's id, which carries the sessions it is shown."""

    def require_genesis(self) -> str:
        """Give the pinned digest of the genesis.

        Raises:
            UnavailableError: Nobody has pinned it since the instance was founded.
        """
        if not self.genesis:
            raise UnavailableError(
                "nobody has said here which genesis this instance began with",
                code=Code.CONFIG_INVALID,
                hint='write genesis = "DIGEST" into cli.toml, as the page of the '
                "founding showed it",
            )
        return self.genesis


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """What ``keeper.toml`` says of the pages where people sign."""

    seal_origin: str = "http://seal.localhost:8471"
    seal_port: int = 0

    @property
    def port(self) -> int:
        """The port on this machine where they answer."""
        parts = urlsplit(self.seal_origin)
        return self.seal_port or parts.port or (443 if parts.scheme == "https" else 80)


class Drop(msgspec.Struct, frozen=True, kw_only=True):
    """What ``dock.toml`` says of the dock's pages and its delivery proxy."""

    drop_origin: str = "http://drop.localhost:8480"
    outlet: dict[str, Any] = {}

    @property
    def proxy(self) -> tuple[str, int] | None:
        """Where the delivery proxy listens, if there is one."""
        host, _, port = str(self.outlet.get("listen", "")).rpartition(":")
        return (host.strip("[]"), int(port)) if host and port.isdecimal() else None


class App(msgspec.Struct, frozen=True, kw_only=True):
    """What ``console.toml`` says of the console's pages."""

    bind: str = "127.0.0.1"
    port: int = 8490
    app_origin: str = "http://app.localhost:8490"


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as its clients see it."""

    home: Path
    config: CliConfig

    @classmethod
    def open(cls) -> "Instance":
        """Open the instance in ``LISTKEEP_HOME``.

        Raises:
            UnavailableError: There is none.
            MalformedError: Its ``cli.toml`` cannot be used.
        """
        home = instance_home()
        if not (home / CONFIG_FILE).exists():
            raise UnavailableError(
                "there is no instance here yet",
                hint="make one with `listkeep init`, or set LISTKEEP_HOME",
            )
        return cls(home, read_config(home / CONFIG_FILE, CliConfig))

    @property
    def socket(self) -> Path:
        """The keeper's socket."""
        return self.home / self.config.keeper_socket

    @property
    def seal(self) -> Seal:
        """The pages where people sign, if this is the keeper's machine."""
        return read_config(self.home / "keeper.toml", Seal)

    @property
    def drop(self) -> Drop:
        """The dock's pages and proxy, if this is the dock's machine."""
        return read_config(self.home / "dock.toml", Drop)

    @property
    def app(self) -> App | None:
        """The console's pages, if this is the console's machine."""
        path = self.home / "console.toml"
        return read_config(path, App) if path.exists() else None

    @property
    def people(self) -> Path:
        """The folder of software passkeys."""
        return self.home / "demo" / "people"

    @property
    def private(self) -> Path:
        """The folder of what this client keeps to itself."""
        return self.home / "cli"

    def keeper(self) -> "KeeperClient":
        """Prepare to speak to the keeper."""
        # An HTTP library costs more time than most commands take.
        from listkeep.wire.keeper import KeeperClient  # noqa: PLC0415

        return KeeperClient(self.socket)

    def dock(self, bearer: str = "") -> "DockClient":
        """Prepare to speak to the dock, for a person or for nobody."""
        from listkeep.wire.dock import DockClient  # noqa: PLC0415

        return DockClient(self.config.dock, bearer=bearer)


def write_private(path: Path, data: bytes) -> None:
    """Write a file only its owner can read; all of it or nothing."""
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    draft.replace(path)


def write_private_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object only its owner can read."""
    write_private(path, json.dumps(value).encode())
