"""What browsers are told to allow on the dock's pages: a stylesheet, and no script."""

from django.conf import settings
from django.http.response import HttpResponseBase

from listkeep.looks.headers import Headers

headers = Headers("style-src", origin=lambda: settings.LISTKEEP_DROP_ORIGIN)
harden = headers.harden


def keep_private(response: HttpResponseBase) -> None:
    """Put on what is said to people outside, whose links are secrets of theirs.

    No page that comes after learns the link, and no search engine lists it.
    """
    response["Referrer-Policy"] = "strict-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    harden(response)
