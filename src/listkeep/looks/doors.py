"""Who comes into a building's pages, and from where: cookies, origins, forms, errors.

Rules of the room:

- A page is opened by a person, at its own origin, and by nothing else. Forms come from
  this very origin, and carry what only this person's pages say.
- A session is asked about at the keeper for every page; nothing is remembered here.
- Whatever goes wrong becomes a page that says what to do.
"""

import hashlib
import hmac
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase

from listkeep.core.errors import Code, ListkeepError, MalformedError, RefusedError
from listkeep.wire import messages as m

from .answers import Answers
from .marking import Filled, gettext_noop

log = logging.getLogger("listkeep.pages")

FLOW_SECONDS = 600
_SESSION_SECONDS = 8 * 3600
_STATUSES = {Code.NOT_SIGNED_IN: 401, Code.NOT_FOUND: 404}
_FORM = "application/x-www-form-urlencoded"
_FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})

_OWN_PATH = re.compile(r"/[A-Za-z0-9/_.?=&%+-]{0,500}")
_COMING = ("/sign-in", "/signed-in", "/sign-out")

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person whose session the keeper has just confirmed."""

    session: str
    principal: m.Principal

    @property
    def form_token(self) -> str:
        """What forms of this session carry; it cannot be guessed from outside.

        Sessions are of one building each, and so are the tokens.
        """
        text = f"listkeep form\x00{self.session}"
        return hashlib.sha256(text.encode()).hexdigest()

    def require_token(self, token: str) -> None:
        """Require that a form came from a page this person was given.

        Raises:
            RefusedError: It did not.
        """
        if not hmac.compare_digest(token.encode(), self.form_token.encode()):
            raise RefusedError(
                gettext_noop("the form was not sent from this page"),
                hint=gettext_noop("open the page anew, then try again"),
            )

    @property
    def is_operator(self) -> bool:
        """Whether this is one of the operator's people, who have no lists."""
        return not self.principal.tenant

    @property
    def may_freeze(self) -> bool:
        """Whether this person's word stops releases."""
        return "freeze" in self.principal.opens


V = TypeVar("V", bound=Visitor)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a building's pages are, and where people sign in to them."""

    origin: str
    seal_origin: str


def own_path(text: str) -> str:
    """Give a path of ours as it was asked for; the start for anything else.

    What a browser would take for another host, or read in two ways, is not ours.
    """
    is_ours = _OWN_PATH.fullmatch(text) is not None and not text.startswith("//")
    return text if is_ours and not text.startswith(_COMING) else "/"


class Doors(Generic[V]):
    """The doors of one building."""

    def __init__(
        self,
        building: str,
        *,
        place: Callable[[], Place],
        answers: Answers,
        identify: Callable[[str], V],
        fetches: bool = False,
    ) -> None:
        """Prepare them.

        ``fetches``: whether scripts of the own pages may ask for parts of a page.
        """
        self._name = building
        self.place, self._show, self._identify = place, answers.show, identify
        self._fetches = fetches
        # "__Host-": sent by this very host only, over TLS, and no sibling can set it.
        self.session_cookie = f"__Host-{building}"
        self.flow_cookie = "__Host-flow"

    def public(self, *methods: str) -> Callable[[View], View]:
        """Make a page for whoever comes, signed in or not."""

        def wrap(view: View) -> View:
            @wraps(view)
            def page(request: HttpRequest, **parts: Any) -> HttpResponseBase:
                return self._answer(request, methods, lambda: view(request, **parts))

            return page

        return wrap

    def personal(
        self, *methods: str, has_file: bool = False, is_followed: bool = False
    ) -> Callable[[View], View]:
        """Make a page for who is signed in; a form with a file checks its own token.

        ``is_followed``: whether a script of the page itself may read it again.
        """

        def wrap(view: View) -> View:
            @wraps(view)
            def page(request: HttpRequest, **parts: Any) -> HttpResponseBase:
                def enter() -> HttpResponseBase:
                    cookie = request.COOKIES.get(self.session_cookie, "")
                    visitor = self._identify(cookie)
                    if request.method == "POST" and not has_file:
                        visitor.require_token(request.POST.get("token", ""))
                    return view(request, visitor, **parts)

                form = "multipart/form-data" if has_file else _FORM
                return self._answer(
                    request, methods, enter, form=form, is_followed=is_followed
                )

            return page

        return wrap

    # --- cookies ---

    def greet(self, response: HttpResponseBase, session: str) -> None:
        """Have the browser carry a session, in requests this origin begins itself."""
        _set_cookie(response, self.session_cookie, session, _SESSION_SECONDS, "Strict")

    def remember_flow(
        self, response: HttpResponseBase, *, state: str, verifier: str, to: str = "/"
    ) -> None:
        """Have the browser that begins a sign-in, and no other, be able to end it.

        It comes back by a navigation from the keeper's origin, which is another site
        in development and may be in production: Chromium withholds ``Strict`` cookies
        there, also after a redirect. ``Lax`` ones are sent with such a navigation and
        with nothing else that another site can start.

        ``to``: the page of ours that somebody wanted to see, and is led to then.
        """
        place = own_path(to)
        value = f"{state}.{verifier}" + (f".{place}" if place != "/" else "")
        _set_cookie(response, self.flow_cookie, value, FLOW_SECONDS, "Lax")

    def forget(self, response: HttpResponseBase, *names: str) -> None:
        """Have the browser drop cookies; attributes are those it was given."""
        for name in names:
            _set_cookie(response, name, "", 0, "Strict")

    def read_flow(self, request: HttpRequest, state: str) -> tuple[str, str]:
        """Give the verifier of the flow this browser began, and where it leads.

        Raises:
            RefusedError: Another browser began it, or it was too long ago.
        """
        ours, _, rest = request.COOKIES.get(self.flow_cookie, "").partition(".")
        verifier, _, to = rest.partition(".")
        if not ours or not hmac.compare_digest(ours.encode(), state.encode()):
            raise RefusedError(
                gettext_noop("this sign-in was not begun in this browser"),
                hint=gettext_noop(
                    "begin it here; a link that somebody sent you signs nobody in"
                ),
            )
        return verifier, own_path(to)

    # --- answers ---

    def show_error(self, request: HttpRequest, error: ListkeepError) -> HttpResponse:
        """Show what went wrong; whoever is not signed in is asked to."""
        status = _STATUSES.get(error.code, error.status)
        if error.code is not Code.NOT_SIGNED_IN:
            return self._show(request, "error", {"error": error}, status=status)
        if self.session_cookie in request.COOKIES:
            response = self.show_sign_in(request, ended=True, status=status)
            self.forget(response, self.session_cookie)
            return response
        asked = request.get_full_path()
        if request.method == "GET" and _comes_from_elsewhere(request):
            return self._show(request, "come_in", {"path": own_path(asked)})
        return self.show_sign_in(request, status=status)

    def show_sign_in(
        self, request: HttpRequest, *, ended: bool = False, status: int = 200
    ) -> HttpResponse:
        """Show the button that leads to the keeper's page."""
        seal_origin = self.place().seal_origin
        # Chromium applies form-action also to where a form's answer redirects.
        targets = f"'self' {seal_origin}"
        asked = request.get_full_path() if request.method == "GET" else "/"
        context = {"ended": ended, "seal_origin": seal_origin, "to": own_path(asked)}
        return self._show(
            request, "sign_in", context, status=status, form_targets=targets
        )

    def _answer(
        self,
        request: HttpRequest,
        methods: tuple[str, ...],
        act: Callable[[], HttpResponseBase],
        *,
        form: str = _FORM,
        is_followed: bool = False,
    ) -> HttpResponseBase:
        """Let a request in or not; whatever goes wrong becomes a page."""
        if request.method not in methods:
            return self._refuse_method(request, methods)
        try:
            fetches = self._fetches or (is_followed and request.method == "GET")
            self._require_here(request, fetches=fetches)
            if request.method == "POST":
                self._require_own_form(request, form)
            return act()
        except ListkeepError as error:
            if type(error) is ListkeepError:
                log.exception("page.broken")
            return self.show_error(request, error)
        except Exception:
            log.exception("page.broken")
            fault = ListkeepError(
                gettext_noop("something went wrong here"),
                hint=Filled(
                    gettext_noop("the {name}'s log says where"), name=self._name
                ),
            )
            return self.show_error(request, fault)

    def _require_here(self, request: HttpRequest, *, fetches: bool) -> None:
        """Require that the browser means this origin, and means a page of its own.

        A name that was rebound to this machine comes with another ``Host``.
        """
        origin = self.place().origin
        if request.META.get("HTTP_HOST", "") != urlsplit(origin).netloc:
            raise RefusedError(
                gettext_noop("these pages are not at this address"),
                hint=Filled(gettext_noop("they are at {origin}"), origin=origin),
            )
        if request.headers.get("Sec-Fetch-Dest", "document") in _FRAMES:
            raise RefusedError(gettext_noop("these pages are not shown inside others"))
        if request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
            return
        site = request.headers.get("Sec-Fetch-Site")
        if not (fetches and site == "same-origin"):
            raise RefusedError(
                gettext_noop("these pages are opened, not fetched by programs")
            )

    def _require_own_form(self, request: HttpRequest, kind: str) -> None:
        own = request.headers.get("Origin") == self.place().origin
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        if not own or site != "same-origin":
            raise RefusedError(
                gettext_noop("the form was sent from somewhere else"),
                hint=gettext_noop("open the page here, then try again"),
            )
        # Any other form would be parsed by Django, which puts large files on the disk.
        if request.content_type != kind:
            raise RefusedError(
                gettext_noop("the form has another shape than this page's")
            )
        if kind == _FORM:
            _read_fields(request)

    def _refuse_method(
        self, request: HttpRequest, methods: tuple[str, ...]
    ) -> HttpResponse:
        error = RefusedError(
            gettext_noop("this page is not for that"),
            hint=gettext_noop("go back to the start"),
        )
        response = self._show(request, "error", {"error": error}, status=405)
        response["Allow"] = ", ".join(methods)
        return response


def _comes_from_elsewhere(request: HttpRequest) -> bool:
    """Tell whether a link on another site led here: Strict cookies stay away then.

    Who follows one may be signed in all the same. A page of ours that goes to the
    same place finds out, and nothing that another site sent is acted upon.
    """
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


def _read_fields(request: HttpRequest) -> None:
    """Have Django read the fields now: it refuses what no page of ours sends."""
    try:
        _ = request.POST
    except (BadRequest, SuspiciousOperation, UnreadablePostError) as error:
        raise MalformedError(
            gettext_noop("the form cannot be read"),
            hint=gettext_noop("open the page anew, then send it again"),
        ) from error


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
