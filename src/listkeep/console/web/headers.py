"""What browsers are told to allow on the console's pages."""

from django.conf import settings
from django.http.response import HttpResponseBase

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
)
# The console never asks for a signature: a page of it that was taken over cannot.
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
    if settings.LISTKEEP_APP_ORIGIN.startswith("https://"):
        response["Strict-Transport-Security"] = "max-age=31536000"
