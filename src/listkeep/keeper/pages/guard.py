"""Who may speak to the pages, from where, and what browsers are told to allow.

A browser says where a request comes from (Origin, Sec-Fetch-Site) and no page of
another origin can make it say otherwise. One that does not say is not let in.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from listkeep.core.errors import MalformedError, RefusedError

from .answers import INBOX, answer_problem

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_OFF: Final = (
    *("accelerometer", "autoplay", "camera", "clipboard-read"),
    *("display-capture", "encrypted-media", "fullscreen", "geolocation", "gyroscope"),
    *("hid", "identity-credentials-get", "idle-detection", "local-fonts"),
    *("magnetometer", "microphone", "midi", "otp-credentials", "payment"),
    *("picture-in-picture", "screen-wake-lock", "serial", "storage-access", "usb"),
    *("window-management", "xr-spatial-tracking"),
)
_PERMISSIONS: Final = ", ".join(
    (
        "publickey-credentials-get=(self)",
        "publickey-credentials-create=(self)",
        "clipboard-write=(self)",
        *(f"{feature}=()" for feature in _OFF),
    )
)
HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": _PERMISSIONS,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Origin-Agent-Cluster": "?1",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_HSTS: Final = "max-age=63072000"
_View = TypeVar("_View", bound=Callable[..., HttpResponseBase])


def landing(view: _View) -> _View:
    """Let people arrive on this page from elsewhere; no decision may stand on it."""
    view.is_landing = True  # type: ignore[attr-defined]
    return view


class Guard:
    """Stand before every page: host, method, origin, and the headers of each answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap the pages."""
        self._get_response = get_response
        self._origin: str = settings.CONFIG.seal_origin
        self._host = self._origin.partition("://")[2]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let a request pass, or answer it here; the headers are on every answer."""
        response = self._refuse(request) or self._get_response(request)
        for name, value in HEADERS.items():
            response.headers[name] = value
        if self._origin.startswith("https:"):
            response.headers["Strict-Transport-Security"] = _HSTS
        return response

    def process_view(
        self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Send whoever comes from elsewhere to the inbox, unless it is a landing page.

        A typed address and a link in a mail are elsewhere, too: nobody is to be led
        to one request by somebody else's choice.
        """
        if is_from_here(request) or getattr(view, "is_landing", False):
            return None
        return HttpResponseRedirect(INBOX, status=303)

    def _refuse(self, request: HttpRequest) -> HttpResponse | None:
        if request.META.get("HTTP_HOST") != self._host:
            return HttpResponse(
                "there is nobody of this name here\n",
                status=421,
                content_type="text/plain",
            )
        if request.headers.get("Sec-Fetch-Dest", "document") in _FRAMES:
            return answer_problem(
                request, RefusedError("this page is not shown inside another one")
            )
        if request.method in ("GET", "HEAD"):
            return None
        if request.method != "POST":
            error = MalformedError("pages are read and forms are posted")
            return answer_problem(request, error)
        if request.headers.get("Origin") != self._origin or not is_from_here(request):
            return answer_problem(
                request,
                RefusedError(
                    "this came from another page than the keeper's own",
                    hint="open the keeper's page yourself, in a current browser",
                ),
            )
        return None


_FRAMES: Final = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})


def is_from_here(request: HttpRequest) -> bool:
    """Tell whether the browser says that one of our own pages asks for this."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"
