"""Coming and going: the keeper signs people in, and its session is what counts.

The browser that begins a sign-in is the one that ends it: it alone has the verifier.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

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


def ways_in(
    doors: Doors[V],
    answers: Answers,
    *,
    client: Callable[[], str],
    keeper: Callable[[], SessionKeeper],
) -> list[URLPattern]:
    """Make the addresses by which people come into a building's pages, and go.

    ``client``: how the keeper knows the building.
    """

    def redeem(code: str, verifier: str) -> m.Session:
        message = m.RedeemCode(
            code=code[:100], verifier=verifier[:128], client=client()
        )
        return keeper().redeem_code(message)

    @doors.public("GET", "POST")
    def sign_in(request: HttpRequest) -> HttpResponse:
        """Send the browser to the keeper's page, and remember that it was this one."""
        if request.method == "GET":
            return doors.show_sign_in(request)
        place = doors.place()
        flow = begin_flow(client(), redirect=f"{place.origin}/signed-in")
        response = answers.go_to(flow.authorize_url(place.seal_origin))
        doors.remember_flow(response, state=flow.state, verifier=flow.verifier)
        return response

    @doors.public("GET")
    def signed_in(request: HttpRequest) -> HttpResponse:
        """Take the browser back from the keeper's page, if it is the one that left."""
        code = request.GET.get("code", "")
        try:
            verifier = doors.read_flow(request, request.GET.get("state", ""))
        except RefusedError:
            # The keeper ends a code that came to the wrong browser, and records why:
            # who has its verifier may only be waiting for it.
            with suppress(RefusedError):
                redeem(code, verifier="")
            raise
        session = redeem(code, verifier)
        # A page and no redirect: only a navigation that begins on this page makes the
        # browser send the Strict cookie it is given here. See tests/dock/pages.
        response = answers.show(request, "signed_in", {"name": session.name})
        doors.forget(response, doors.flow_cookie)
        doors.greet(response, session.session)
        return response

    @doors.personal("POST")
    def sign_out(request: HttpRequest, visitor: V) -> HttpResponse:
        """End the session at the keeper, then forget it."""
        keeper().end_session(m.EndSession(session=visitor.session))
        response = answers.show(request, "signed_out")
        doors.forget(response, doors.session_cookie, doors.flow_cookie)
        return response

    return [
        path("sign-in", sign_in),
        path("signed-in", signed_in),
        path("sign-out", sign_out),
    ]
