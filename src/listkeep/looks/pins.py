"""The few files a page loads: pinned by hash, and read only as they were pinned."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from listkeep.core.errors import Code, VerificationError

_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it was checked, and the name browsers check it by."""

    data: bytes
    integrity: str
    kind: str


def read_assets(folders: Sequence[Path], pins: Path) -> dict[str, Asset]:
    """Read the files a lock names, each only if it is the one that was pinned.

    Raises:
        VerificationError: One differs, is missing, or is there without a pin.
    """
    lines = (line.split() for line in pins.read_text("ascii").splitlines())
    pinned = {name: integrity for integrity, name in lines}
    paths = [path for folder in folders for path in folder.iterdir()]
    found = {path.name: path.read_bytes() for path in paths}
    if found.keys() != pinned.keys() or any(
        integrity_of(data) != pinned[name] for name, data in found.items()
    ):
        raise VerificationError(
            "a file of these pages is not the one that was shipped",
            code=Code.PROOF_INVALID,
            hint="do not sign; install Listkeep anew (developers: `make pins`)",
        )
    return {
        name: Asset(data, pinned[name], _KINDS[Path(name).suffix])
        for name, data in found.items()
    }


def integrity_of(data: bytes) -> str:
    """Name bytes as browsers do (Subresource Integrity)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(data).digest()).decode()}"
