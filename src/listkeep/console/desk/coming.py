"""Coming and going: the keeper signs people in, and its session is what counts."""

from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import go_to, show
from listkeep.console.web.doors import Visitor, doors, personal, public
from listkeep.console.web.ways import keeper, service_id
from listkeep.core.errors import RefusedError
from listkeep.wire import messages as m
from listkeep.wire.flows import begin_flow


@public("GET", "POST")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Send the browser to the keeper's page, and remember that it was this one."""
    if request.method == "GET":
        return doors.show_sign_in(request)
    redirect = f"{settings.LISTKEEP_APP_ORIGIN}/signed-in"
    flow = begin_flow(service_id(), redirect=redirect)
    response = go_to(flow.authorize_url(settings.LISTKEEP_SEAL_ORIGIN))
    doors.remember_flow(response, state=flow.state, verifier=flow.verifier)
    return response


@public("GET")
def signed_in(request: HttpRequest) -> HttpResponse:
    """Take the browser back from the keeper's page, if it is the one that left."""
    code = request.GET.get("code", "")
    try:
        verifier = doors.read_flow(request, request.GET.get("state", ""))
    except RefusedError:
        with suppress(RefusedError):  # who has its verifier may only wait for it
            _redeem(code, verifier="")
        raise
    session = _redeem(code, verifier)
    # A page and no redirect: only a navigation that begins on this page makes the
    # browser send the Strict cookie it is given here.
    response = show(request, "signed_in", {"name": session.name})
    doors.forget(response, doors.flow_cookie)
    doors.greet(response, session.session)
    return response


@personal("POST")
def sign_out(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """End the session at the keeper, then forget it."""
    keeper().end_session(m.EndSession(session=visitor.session))
    response = show(request, "signed_out")
    doors.forget(response, doors.session_cookie, doors.flow_cookie)
    return response


def _redeem(code: str, verifier: str) -> m.Session:
    message = m.RedeemCode(
        code=code[:100], verifier=verifier[:128], client=service_id()
    )
    return keeper().redeem_code(message)
