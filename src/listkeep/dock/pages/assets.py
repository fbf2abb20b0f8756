"""The looks of the pages: the one file they load, pinned by hash, from memory."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from listkeep import looks
from listkeep.looks.pins import Asset, read_assets

PINS: Final = Path(__file__).parent / "static.lock"


@lru_cache(maxsize=1)
def stylesheet() -> Asset:
    """Read it once for the life of the process.

    Raises:
        VerificationError: It is not the one that was shipped.
    """
    return read_assets([looks.FOLDER], PINS)["listkeep.css"]
