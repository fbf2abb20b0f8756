"""Sign in for somebody else: the console, the dock, or a command line that began it.

Rules of the page:

- Who asks is looked up, not believed. Nothing of the address is shown but what the
  registry and ``keeper.toml`` know, and nobody is sent to a place they do not name.
- The passkey is asked for each time, whoever is signed in here: a link that somebody
  sent must not turn one session into another. It gives no session here, either.
- What goes back is a code, which opens nothing without its verifier.
"""

from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.core.errors import MalformedError
from listkeep.keeper.gate.endpoint import current_time, open_gate
from listkeep.keeper.gate.sign_in.codes import (
    Flow,
    begin_flow,
    describe_flow,
    finish_flow,
)

from .answers import go_on, read_body
from .guard import landing
from .sign_in import Signature, ask_for_passkey

_FIELDS: Final = ("client", "redirect", "state", "challenge")


@landing
def authorize(request: HttpRequest) -> HttpResponse:
    """Show who wants a sign-in, and take the signature over exactly this one."""
    flow = _flow(request)
    if request.method == "POST":
        return _finish(request, flow)
    return ask_for_passkey(
        request,
        flow.statement,
        template="authorize.html",
        flow=describe_flow(open_gate(), flow, now=current_time()),
    )


def _flow(request: HttpRequest) -> Flow:
    """Read who asks for what from the address; each word once, and no other.

    Raises:
        MalformedError: It is no address that a program of ours makes.
        RefusedError: Nobody of this name lives there. The browser stays here.
    """
    found = dict(request.GET.lists())
    if set(found) != set(_FIELDS) or any(len(each) != 1 for each in found.values()):
        raise MalformedError(
            "this is not how a sign-in begins",
            hint="begin it where you want to sign in; this page cannot",
        )
    client, redirect, state, challenge = (found[name][0] for name in _FIELDS)
    return begin_flow(
        open_gate(),
        client=client,
        redirect=redirect,
        state=state,
        challenge=challenge,
        now=current_time(),
    )


def _finish(request: HttpRequest, flow: Flow) -> HttpResponse:
    given = read_body(request, Signature)
    place = finish_flow(
        open_gate(), flow, given.credential, given.assertion(), now=current_time()
    )
    return go_on(place)
