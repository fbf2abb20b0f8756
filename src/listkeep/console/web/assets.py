"""The few files the pages load, pinned by hash, from memory."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from listkeep import looks
from listkeep.looks.pins import Asset, read_assets

from .headers import harden

_HERE: Final = Path(__file__).parent
PINS: Final = _HERE / "static.lock"


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """Read them once for the life of the process.

    Raises:
        VerificationError: One is not the one that was shipped.
    """
    return read_assets([_HERE / "static", looks.FOLDER], PINS)


@require_safe
def serve(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 - for all
    """Answer with one of them."""
    file = assets().get(name)
    if file is None:
        raise Http404
    response = HttpResponse(file.data, content_type=file.kind)
    response["Cache-Control"] = "max-age=3600"
    harden(response)
    return response
