"""Every address of the seal origin; whatever else is asked for is not there."""

from typing import NoReturn

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path

from listkeep.core.errors import Code, RefusedError
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.people.founding import open_founding

from . import (
    ask,
    assets,
    authorize,
    demo,
    enrol,
    inbox,
    invite,
    me,
    reveals,
    sign_in,
    signing,
)
from .guard import landing

_REQUEST = r"(?P<name>r_[a-z2-7]{12})"


@landing
def alive(_request: HttpRequest) -> HttpResponse:
    """Say that the pages are there; 202 as long as the instance is being founded."""
    return HttpResponse(status=202 if open_founding(open_store()) else 204)


@landing
def refuse_unknown(_request: HttpRequest) -> NoReturn:
    """Refuse what is no page of ours.

    Above all there is no ``/.well-known/webauthn``: it would let other origins ask
    for signatures in our name.

    Raises:
        RefusedError: Always.
    """
    raise RefusedError("there is no such page", code=Code.NOT_FOUND)


urlpatterns = [
    path("", inbox.inbox),
    path("alive", alive),
    path("sign-in", sign_in.sign_in),
    path("sign-out", sign_in.sign_out),
    path("authorize", authorize.authorize),
    re_path(rf"^requests/{_REQUEST}$", signing.show),
    re_path(rf"^requests/{_REQUEST}/sign$", signing.sign),
    re_path(rf"^reveal/{_REQUEST}$", reveals.reveal),
    path("ask", ask.choose),
    path("ask/<str:name>", ask.ask_for),
    path("demo", demo.demo),
    path("enrol", enrol.enrol),
    path("enrol/statement", enrol.write_statement),
    path("enrol/key", enrol.add),
    path("enrol/finish", enrol.finish),
    path("enrol/vouch", enrol.vouch),
    path("enrol/founded", enrol.founded),
    path("invitations", invite.invitations),
    path("invitations/ask", invite.ask_for_place),
    path("me", me.me),
    path("me/sessions/end", me.end),
    path("static/<str:name>", assets.serve),
    re_path("", refuse_unknown),
]
