"""What browsers are told to allow on the pages: as little as there is to allow."""

from django.conf import settings
from django.http.response import HttpResponseBase

_POLICY = (
    "default-src 'none'; style-src 'self'; form-action {forms}; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# The dock never asks for a signature: a page of it that was taken over cannot either.
_PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        *("publickey-credentials-get", "publickey-credentials-create"),
        *("identity-credentials-get", "otp-credentials", "payment"),
        *("camera", "microphone", "geolocation", "usb", "hid", "serial"),
        *("clipboard-read", "display-capture", "fullscreen"),
    )
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": _PERMISSIONS,
    # Not "no-referrer": forms of this very origin would then say "Origin: null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def policy(form_targets: str = "'self'") -> str:
    """Say what a page may load, and where its forms may lead."""
    return _POLICY.format(forms=form_targets)


def harden(response: HttpResponseBase) -> None:
    """Put the headers of all pages on an answer."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", policy())
    if settings.LISTKEEP_DROP_ORIGIN.startswith("https://"):
        response["Strict-Transport-Security"] = "max-age=31536000"
    response.is_page = True  # type: ignore[attr-defined]


def keep_private(response: HttpResponseBase) -> None:
    """Put on what is said to people outside, whose links are secrets of theirs.

    No page that comes after learns the link, and no search engine lists it.
    """
    response["Referrer-Policy"] = "strict-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    harden(response)


def is_page(response: HttpResponseBase) -> bool:
    """Tell whether an answer is one of these, and no problem document."""
    return getattr(response, "is_page", False)
