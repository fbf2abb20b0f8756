"""Pages for people outside, who have no session and nothing but a link.

Rules of these pages:

- Every link gets the same answer, byte by byte: one that was made up, was used, is
  over or is somebody else's. What is true is done or not done, and not shown.
- To look changes nothing. Programs follow links in mail before people do.
- Knowing the link is all there is to know; there is no cookie a form could misuse. A
  browser that says another site sent the form is refused all the same, whatever the
  link. Sign-up forms alone may be on other sites, on those they were made for.
"""

import re
from collections.abc import Callable, Collection
from functools import wraps
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from listkeep.core.errors import ListkeepError, RefusedError, UnavailableError
from listkeep.dock.intake.sign_ups import confirming as sign_ups
from listkeep.dock.lists.origins import public_origin
from listkeep.dock.outlet.returns.book import get_book
from listkeep.dock.outlet.unsubscribe import find_proven, unsubscribe
from listkeep.looks.marking import gettext_noop

from .answers import show
from .headers import keep_private

log = structlog.get_logger("listkeep.dock.pages")

_MAX_BODY = 4096
_LONGEST_PART = 64
FORM: Final = "application/x-www-form-urlencoded"
# RFC 8058, 3.1: the same pair, in a form of either kind.
_ONE_CLICK = ("List-Unsubscribe", "One-Click")
_CONFIRM = ("confirm", "yes")
_IN_PARTS = re.compile(
    rb'name="?List-Unsubscribe"?[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\nOne-Click(?:\r?\n|\Z)',
    re.IGNORECASE,
)

_LATER = UnavailableError(
    gettext_noop("this could not be written down"),
    hint=gettext_noop("try again in a few minutes"),
)

View = Callable[..., HttpResponse]


def outside(view: View) -> Callable[..., HttpResponseBase]:
    """Make a page for whoever has a link, at the origin that is for them."""

    @wraps(view)
    def page(request: HttpRequest, **parts: str) -> HttpResponseBase:
        def act() -> HttpResponse:
            require_form_from(request)
            return view(request, **parts)

        return answer(request, act)

    return page


@outside
def leave(request: HttpRequest, *, alias: str, proof: str) -> HttpResponse:
    """Show the one button by which people leave a list, or note that they do."""
    if request.method != "POST" or not _is_meant(request, _ONE_CLICK):
        return show(request, "leave", {"path": ""})
    if max(len(alias), len(proof)) <= _LONGEST_PART:
        unsubscribe(alias.lower(), proof, book=get_book(), now=timezone.now())
    return show(request, "left", {"path": ""})


@outside
def confirm(request: HttpRequest, *, alias: str, proof: str) -> HttpResponse:
    """Show the one button by which people confirm a sign-up, or note that they do."""
    if request.method != "POST" or not _is_meant(request, _CONFIRM):
        return show(request, "confirm", {"path": ""})
    if max(len(alias), len(proof)) <= _LONGEST_PART:
        named = find_proven(alias.lower(), proof, book=get_book())
        list_id, token = (named.send.list, named.token) if named else ("", bytes(16))
        sign_ups.confirm(list_id, token, now=timezone.now())
    return show(request, "confirmed", {"path": ""})


def answer(request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Answer somebody outside, whatever becomes of it."""
    response = _answer(request, act)
    keep_private(response)
    return response


def require_form_from(request: HttpRequest, origins: Collection[str] = ()) -> None:
    """Require that a form is of this dock, or of one of these sites.

    Raises:
        RefusedError: A browser says that it is of another.
    """
    if request.method != "POST":
        return
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    if origin and origin in origins:
        return
    if site not in ("same-origin", "none") or (origin and origin not in _here()):
        raise RefusedError(
            gettext_noop("the form was sent from somewhere else"),
            hint=gettext_noop("open the page by its link, then press its button"),
        )


def _answer(request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    if request.method not in ("GET", "HEAD", "POST"):
        response = _show_error(
            request, RefusedError(gettext_noop("this page is not for that")), status=405
        )
        response["Allow"] = "GET, HEAD, POST"
        return response
    try:
        _require_here(request)
        return act()
    except ListkeepError as error:
        if type(error) is ListkeepError:
            log.exception("page.broken")
        return _show_error(request, error)
    except Exception:
        log.exception("page.broken")
        return _show_error(
            request, ListkeepError(gettext_noop("something went wrong here"))
        )


def _show_error(
    request: HttpRequest, error: ListkeepError, *, status: int = 0
) -> HttpResponse:
    """Say that it did not work; what is wrong in here is not for people outside."""
    status = status or error.status
    told = error if isinstance(error, RefusedError) else _LATER
    return show(request, "not_now", {"error": told, "path": ""}, status=status)


def _require_here(request: HttpRequest) -> None:
    """Require the origin these pages are at."""
    hosts = {urlsplit(origin).netloc for origin in _here()}
    if request.META.get("HTTP_HOST", "") not in hosts:
        raise RefusedError(gettext_noop("there is no page at this address"))


def _here() -> set[str]:
    return {public_origin(), settings.LISTKEEP_DROP_ORIGIN}


def _is_meant(request: HttpRequest, wanted: tuple[str, str]) -> bool:
    """Tell whether somebody means it: the button, or a mail program for a person."""
    body = request.read(_MAX_BODY)
    if request.content_type == FORM:
        try:
            pairs = parse_qsl(body.decode("ascii"), max_num_fields=20)
        except ValueError:
            return False
        return wanted in pairs
    if wanted is _ONE_CLICK and request.content_type == "multipart/form-data":
        return _IN_PARTS.search(body) is not None
    return False
