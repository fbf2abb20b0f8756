"""What browsers are told to allow on the console's pages."""

from django.conf import settings

from listkeep.looks.headers import Headers

headers = Headers(
    *("style-src", "script-src", "img-src", "connect-src"),
    origin=lambda: settings.LISTKEEP_APP_ORIGIN,
)
harden = headers.harden
