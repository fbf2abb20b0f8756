"""What browsers are told to allow on the pages: as little as there is to allow."""

from collections.abc import Callable
from typing import Final

from django.http.response import HttpResponseBase

# Neither dock nor console asks for a signature: a page of theirs that was taken over
# cannot either. The keeper's pages, which do, have headers of their own.
_PERMISSIONS: Final = ", ".join(
    f"{feature}=()"
    for feature in (
        *("publickey-credentials-get", "publickey-credentials-create"),
        *("identity-credentials-get", "otp-credentials", "payment"),
        *("camera", "microphone", "geolocation", "usb", "hid", "serial"),
        *("clipboard-read", "display-capture", "fullscreen"),
    )
)
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": _PERMISSIONS,
    # Not "no-referrer": forms of this very origin would then say "Origin: null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Headers:
    """The headers of one building's pages."""

    def __init__(self, *loads: str, origin: Callable[[], str]) -> None:
        """Prepare them.

        ``loads``: what the pages load from their own origin, as directives of a content
        security policy (``style-src``); all else is denied.
        """
        own = "".join(f"{directive} 'self'; " for directive in loads)
        self._policy = (
            f"default-src 'none'; {own}form-action {{forms}}; base-uri 'none'; "
            "frame-ancestors 'none'"
        )
        self._origin = origin

    def policy(self, form_targets: str = "'self'") -> str:
        """Say what a page may load, and where its forms may lead."""
        return self._policy.format(forms=form_targets)

    def harden(self, response: HttpResponseBase) -> None:
        """Put the headers of all pages on an answer."""
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", self.policy())
        if self._origin().startswith("https://"):
            response["Strict-Transport-Security"] = "max-age=31536000"
        response.is_page = True  # type: ignore[attr-defined]


def is_page(response: HttpResponseBase) -> bool:
    """Tell whether an answer is one of these, and nothing of Django's own."""
    return getattr(response, "is_page", False)
