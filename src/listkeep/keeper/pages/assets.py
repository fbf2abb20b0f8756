"""The few files a page loads: pinned by hash, checked at start, served from memory."""

from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep import looks
from listkeep.core.errors import Code, RefusedError
from listkeep.looks.pins import Asset, read_assets

from .demo_file import SCRIPT, read_demo

FOLDERS: Final = (Path(__file__).parent / "static", looks.FOLDER)
PINS: Final = Path(__file__).parent / "static.lock"


@lru_cache(maxsize=1)
def assets() -> MappingProxyType[str, Asset]:
    """Read them once for the life of the process."""
    return MappingProxyType(read_assets(FOLDERS, PINS))


def serve(_request: HttpRequest, name: str) -> HttpResponse:
    """Answer with one of them, from memory.

    Raises:
        RefusedError: There is none of this name.
    """
    asset = assets().get(name)
    if asset is None or (name == SCRIPT and read_demo() is None):
        raise RefusedError("there is no such file", code=Code.NOT_FOUND)
    return HttpResponse(asset.data, content_type=asset.kind)
