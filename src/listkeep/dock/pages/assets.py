"""The looks of the pages: the one file they load, pinned by hash, from memory."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from listkeep import looks
from listkeep.looks.pins import Asset, read_assets

from .headers import harden

PINS: Final = Path(__file__).parent / "static.lock"


@lru_cache(maxsize=1)
def stylesheet() -> Asset:
    """Read it once for the life of the process.

    Raises:
        VerificationError: It is not the one that was shipped.
    """
    return read_assets([looks.FOLDER], PINS)["listkeep.css"]


@require_safe
def serve(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - one for all
    """Answer with the one file of looks there is."""
    file = stylesheet()
    response = HttpResponse(file.data, content_type=file.kind)
    response["Cache-Control"] = "max-age=3600"
    harden(response)
    return response
