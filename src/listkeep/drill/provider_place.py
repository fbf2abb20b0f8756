"""Where the mailbox provider of a kept demo is; read by whoever starts or asks it."""

import os
from pathlib import Path

import msgspec

_FILE = Path("demo", "provider.json")


class ProviderPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where the provider listens, where complaints go, and its key in PEM."""

    port: int
    returns_port: int
    mail_domain: str
    private_key: str

    @classmethod
    def find(cls, home: Path) -> "ProviderPlace | None":
        """Read that of an instance; most have none."""
        try:
            return msgspec.json.decode((home / _FILE).read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError):
            return None

    def write(self, home: Path) -> None:
        """Leave it with an instance, for its own user to read."""
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
        with os.fdopen(os.open(home / _FILE, flags, 0o600), "wb") as file:
            file.write(msgspec.json.encode(self))
