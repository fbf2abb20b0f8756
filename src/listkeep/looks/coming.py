"""Coming and going: the keeper signs people in, and its session is what counts.

The browser that begins a sign-in is the one that ends it: it alone has the verifier.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from listkeep.core.errors import RefusedError
from listkeep.wire import messages as m
from listkeep.wire.flows import begin_flow

from .answers import Answers
from .doors import Doors, Visitor

V = TypeVar("V", bound=Visitor)


class SessionKeeper(Protocol):
    """What is asked of the keeper."""

    def redeem_code(self, message: m.RedeemCode) -> m.Session:
        """Start a session that was signed for."""
        ...

    def end_session(self, message: m.EndSession) -> object:
        """End a session."""
        ...


class Coming(Generic[V]):
    """The way into one building's pages, and out."""

    def __init__(
        self,
        doors: Doors[V],
        answers: Answers,
        *,
        client: Callable[[], str],
        keeper: Callable[[], SessionKeeper],
    ) -> None:
        """Prepare it.

        ``client``: how the keeper knows the building.
        """
        self._doors, self._answers = doors, answers
        self._client, self._keeper = client, keeper

    @property
    def urls(self) -> list[URLPattern]:
        """Its addresses."""
        public, personal = self._doors.public, self._doors.personal
        return [
            path("sign-in", public("GET", "POST")(self._sign_in)),
            path("signed-in", public("GET")(self._signed_in)),
            path("sign-out", personal("POST")(self._sign_out)),
        ]

    def _sign_in(self, request: HttpRequest) -> HttpResponse:
        """Send the browser to the keeper's page, and remember that it was this one."""
        if request.method == "GET":
            return self._doors.show_sign_in(request)
        place = self._doors.place()
        flow = begin_flow(self._client(), redirect=f"{place.origin}/signed-in")
        response = self._answers.go_to(flow.authorize_url(place.seal_origin))
        to = request.POST.get("to", "/")
        self._doors.remember_flow(
            response, state=flow.state, verifier=flow.verifier, to=to
        )
        return response

    def _signed_in(self, request: HttpRequest) -> HttpResponse:
        """Take the browser back from the keeper's page, if it is the one that left."""
        code = request.GET.get("code", "")
        try:
            verifier, to = self._doors.read_flow(request, request.GET.get("state", ""))
        except RefusedError:
            # The keeper ends a code that came to the wrong browser, and records why:
            # who has its verifier may only be waiting for it.
            with suppress(RefusedError):
                self._redeem(code, verifier="")
            raise
        session = self._redeem(code, verifier)
        # A page and no redirect: only a navigation that begins on this page makes the
        # browser send the Strict cookie it is given here. See tests/dock/pages.
        response = self._answers.show(
            request, "signed_in", {"name": session.name, "to": to}
        )
        self._doors.forget(response, self._doors.flow_cookie)
        self._doors.greet(response, session.session)
        return response

    def _sign_out(self, request: HttpRequest, visitor: V) -> HttpResponse:
        """End the session at the keeper, then forget it."""
        self._keeper().end_session(m.EndSession(session=visitor.session))
        response = self._answers.show(request, "signed_out")
        names = (self._doors.session_cookie, self._doors.flow_cookie)
        self._doors.forget(response, *names)
        return response

    def _redeem(self, code: str, verifier: str) -> m.Session:
        message = m.RedeemCode(
            code=code[:100], verifier=verifier[:128], client=self._client()
        )
        return self._keeper().redeem_code(message)
