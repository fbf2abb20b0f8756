"""What browsers are told to allow on the dock's pages: a stylesheet, and no script.

Where somebody follows long work it is a stylesheet and one script, named by its hash:
no other file of this origin runs there, nor anything that got into the page.
"""

from django.conf import settings
from django.http.response import HttpResponseBase

from listkeep.looks.headers import Headers

headers = Headers("style-src", origin=lambda: settings.LISTKEEP_DROP_ORIGIN)
harden = headers.harden


def allow_script(response: HttpResponseBase, integrity: str) -> None:
    """Let one page run the script of this hash, and ask this origin for pages."""
    response["Content-Security-Policy"] = (
        f"{headers.policy()}; script-src '{integrity}'; connect-src 'self'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def keep_private(response: HttpResponseBase) -> None:
    """Put on what is said to people outside, whose links are secrets of theirs.

    No page that comes after learns the link, and no search engine lists it.
    """
    response["Referrer-Policy"] = "strict-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    harden(response)
