"""What Django answers by itself, in our words, and the pages of the documentation."""

import sys
from pathlib import Path

import ninja
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from listkeep.core.errors import MalformedError

from .problems import no_such_page, render_problem, render_unforeseen

_ASSETS = Path(ninja.__file__).parent / "static"


@require_safe
def asset(request: HttpRequest, name: str) -> HttpResponseBase:  # noqa: ARG001
    """Serve a file of the documentation pages, so that no other host has to."""
    if name not in _asset_names():
        return render_problem(no_such_page())
    return FileResponse((_ASSETS / name).open("rb"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer what Django refuses to read."""
    return render_problem(MalformedError("the request cannot be read"))


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer at an address that does not exist."""
    return render_problem(no_such_page())


def broken(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer after an error nobody foresaw."""
    return render_unforeseen(sys.exc_info()[1])


def _asset_names() -> frozenset[str]:
    """List what may be served: a name from outside is compared, never joined."""
    files = (path for path in _ASSETS.rglob("*") if path.is_file())
    return frozenset(path.relative_to(_ASSETS).as_posix() for path in files)
