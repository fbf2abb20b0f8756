"""The few files a page loads: pinned by hash, checked at start, served from memory."""

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.core.errors import Code, RefusedError, VerificationError

FOLDER: Final = Path(__file__).parent / "static"
PINS: Final = Path(__file__).parent / "static.lock"
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


def read_assets(folder: Path, pins: Path) -> dict[str, Asset]:
    """Read the files a lock names, each only if it is the one that was pinned.

    Raises:
        VerificationError: One differs, is missing, or is there without a pin.
    """
    lines = (line.split() for line in pins.read_text("ascii").splitlines())
    pinned = {name: integrity for integrity, name in lines}
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    if found.keys() != pinned.keys() or any(
        integrity_of(data) != pinned[name] for name, data in found.items()
    ):
        raise VerificationError(
            "a file of the signing pages is not the one that was shipped",
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


@lru_cache(maxsize=1)
def assets() -> MappingProxyType[str, Asset]:
    """Read them once for the life of the process."""
    return MappingProxyType(read_assets(FOLDER, PINS))


def serve(_request: HttpRequest, name: str) -> HttpResponse:
    """Answer with one of them, from memory.

    Raises:
        RefusedError: There is none of this name.
    """
    asset = assets().get(name)
    if asset is None:
        raise RefusedError("there is no such file", code=Code.NOT_FOUND)
    return HttpResponse(asset.data, content_type=asset.kind)
