"""The two files the pages load, pinned by hash, from memory: their looks, a script."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from listkeep import looks
from listkeep.looks.pins import Asset, read_assets

_HERE: Final = Path(__file__).parent
PINS: Final = _HERE / "static.lock"
LOOKS: Final = "listkeep.css"
SCRIPT: Final = "follow.js"  # of pages that somebody follows long work on, and no other


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """Read them once for the life of the process.

    Raises:
        VerificationError: One is not the one that was shipped.
    """
    return read_assets([_HERE / "static", looks.FOLDER], PINS)
