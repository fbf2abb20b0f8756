"""Who comes in, and from where: cookies, origins, tokens of forms, errors as pages."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase

from listkeep.core.errors import Code, ListkeepError, MalformedError, RefusedError
from listkeep.dock.lists.access import not_signed_in, parse_bearer
from listkeep.dock.lists.keeper import get_keeper
from listkeep.wire import messages as m

from .answers import show

log = structlog.get_logger("listkeep.dock.pages")

# "__Host-": sent by this very host only, over TLS, and no sibling can set it.
SESSION_COOKIE = "__Host-drop"
FLOW_COOKIE = "__Host-flow"
FLOW_SECONDS = 600
_SESSION_SECONDS = 8 * 3600
_STATUSES = {Code.NOT_SIGNED_IN: 401, Code.NOT_FOUND: 404}
_FORM = "application/x-www-form-urlencoded"
_FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person whose session the keeper has just confirmed."""

    caller: m.Caller
    principal: m.Principal

    @property
    def form_token(self) -> str:
        """What forms of this session carry; it cannot be guessed from outside."""
        text = f"listkeep drop form\x00{self.caller.session}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def is_guest(self) -> bool:
        """Whether these are people of the operator, who have no lists of their own."""
        return not self.principal.tenant

    def require_token(self, token: str) -> None:
        """Require that a form came from a page this person was given.

        Raises:
            RefusedError: It did not.
        """
        if not hmac.compare_digest(token.encode(), self.form_token.encode()):
            raise RefusedError(
                "the form was not sent from this page",
                hint="open the page anew, then try again",
            )


def public(*methods: str) -> Callable[[View], View]:
    """Make a page for whoever comes, signed in or not."""

    def wrap(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, **parts: str) -> HttpResponseBase:
            return _answer(request, methods, lambda: view(request, **parts), form=_FORM)

        return page

    return wrap


def personal(*methods: str, has_file: bool = False) -> Callable[[View], View]:
    """Make a page for who is signed in; a form with a file checks its own token."""

    def wrap(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, **parts: str) -> HttpResponseBase:
            def enter() -> HttpResponseBase:
                visitor = _identify(request)
                if request.method == "POST" and not has_file:
                    visitor.require_token(request.POST.get("token", ""))
                return view(request, visitor, **parts)

            form = "multipart/form-data" if has_file else _FORM
            return _answer(request, methods, enter, form=form)

        return page

    return wrap


def greet(response: HttpResponseBase, session: str) -> None:
    """Have the browser carry a session, in requests this origin begins itself."""
    _set_cookie(response, SESSION_COOKIE, session, _SESSION_SECONDS, "Strict")


def remember_flow(response: HttpResponseBase, *, state: str, verifier: str) -> None:
    """Have the browser that begins a sign-in, and no other, be able to end it.

    It comes back by a navigation from the keeper's origin, which is another site in
    development and may be in production: Chromium withholds ``Strict`` cookies
    there, also after a redirect. ``Lax`` ones are sent with such a navigation and
    with nothing else that another site can start.
    """
    value = f"{state}.{verifier}"
    _set_cookie(response, FLOW_COOKIE, value, FLOW_SECONDS, "Lax")


def forget(response: HttpResponseBase, *names: str) -> None:
    """Have the browser drop cookies; the attributes must be those it was given."""
    for name in names:
        _set_cookie(response, name, "", 0, "Strict")


def read_flow(request: HttpRequest, state: str) -> str:
    """Give the verifier of the flow this browser began.

    Raises:
        RefusedError: Another browser began it, or it was too long ago.
    """
    ours, _, verifier = request.COOKIES.get(FLOW_COOKIE, "").partition(".")
    if not ours or not hmac.compare_digest(ours.encode(), state.encode()):
        raise RefusedError(
            "this sign-in was not begun in this browser",
            hint="begin it here; a link that somebody sent you signs nobody in",
        )
    return verifier


def _answer(
    request: HttpRequest,
    methods: tuple[str, ...],
    act: Callable[[], HttpResponseBase],
    *,
    form: str,
) -> HttpResponseBase:
    """Let a request in or not; whatever goes wrong becomes a page."""
    if request.method not in methods:
        return _refuse_method(request, methods)
    try:
        _require_here(request)
        if request.method == "POST":
            _require_own_form(request, form)
        return act()
    except ListkeepError as error:
        if type(error) is ListkeepError:
            log.exception("page.broken")
        return show_error(request, error)
    except Exception:
        log.exception("page.broken")
        fault = ListkeepError(
            "something went wrong here", hint="the dock's log says where"
        )
        return show_error(request, fault)


def show_error(request: HttpRequest, error: ListkeepError) -> HttpResponse:
    """Show what went wrong; whoever is not signed in is asked to."""
    status = _STATUSES.get(error.code, error.status)
    if error.code is not Code.NOT_SIGNED_IN:
        return show(request, "error", {"error": error}, status=status)
    if SESSION_COOKIE in request.COOKIES:
        response = show_sign_in(request, ended=True, status=status)
        forget(response, SESSION_COOKIE)
        return response
    if request.method == "GET" and _comes_from_elsewhere(request):
        return show(request, "come_in", {"path": request.path})
    return show_sign_in(request, status=status)


def show_sign_in(
    request: HttpRequest, *, ended: bool = False, status: int = 200
) -> HttpResponse:
    """Show the button that leads to the keeper's page."""
    # Chromium applies form-action also to where a form's answer redirects.
    targets = f"'self' {settings.LISTKEEP_SEAL_ORIGIN}"
    context = {"ended": ended, "seal_origin": settings.LISTKEEP_SEAL_ORIGIN}
    return show(request, "sign_in", context, status=status, form_targets=targets)


def _identify(request: HttpRequest) -> Visitor:
    token = request.COOKIES.get(SESSION_COOKIE, "")
    caller = parse_bearer(token)
    if not caller.session:  # a service's key is for programs, and for the API
        raise not_signed_in()
    principal = get_keeper().who_am_i(m.WhoAmI(session=caller.session))
    return Visitor(caller, principal)


def _require_here(request: HttpRequest) -> None:
    """Require that the browser means this origin, and means a page of its own.

    A name that was rebound to this machine comes with another ``Host``.
    """
    origin = settings.LISTKEEP_DROP_ORIGIN
    if request.META.get("HTTP_HOST", "") != urlsplit(origin).netloc:
        raise RefusedError(
            "the dock's pages are not at this address", hint=f"they are at {origin}"
        )
    if request.headers.get("Sec-Fetch-Dest", "document") in _FRAMES:
        raise RefusedError("the dock's pages are not shown inside others")
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        raise RefusedError("the dock's pages are opened, not fetched by programs")


def _comes_from_elsewhere(request: HttpRequest) -> bool:
    """Tell whether a link on another site led here: Strict cookies stay away then.

    Who follows one may be signed in all the same. A page of ours that goes to the
    same place finds out, and nothing that another site sent is acted upon.
    """
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


def _require_own_form(request: HttpRequest, kind: str) -> None:
    own = request.headers.get("Origin") == settings.LISTKEEP_DROP_ORIGIN
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if not own or site != "same-origin":
        raise RefusedError(
            "the form was sent from somewhere else",
            hint="open the page here, then try again",
        )
    # Any other form would be parsed by Django, which puts large files on the disk.
    if request.content_type != kind:
        raise RefusedError("the form has another shape than this page's")
    if kind == _FORM:
        _read_fields(request)


def _read_fields(request: HttpRequest) -> None:
    """Have Django read the fields now: it refuses what no page of ours sends."""
    try:
        _ = request.POST
    except (BadRequest, SuspiciousOperation, UnreadablePostError) as error:
        raise MalformedError(
            "the form cannot be read", hint="open the page anew, then send it again"
        ) from error


def _refuse_method(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse:
    error = RefusedError("this page is not for that", hint="go back to the start")
    response = show(request, "error", {"error": error}, status=405)
    response["Allow"] = ", ".join(methods)
    return response


def _set_cookie(
    response: HttpResponseBase, name: str, value: str, seconds: int, same_site: Any
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=True,
        httponly=True,
        samesite=same_site,
    )
