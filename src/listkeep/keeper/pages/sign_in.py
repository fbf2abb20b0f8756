"""Sign in and out, with a passkey and nothing else.

Where to go afterwards is never taken from the address: it is always the inbox, so
that no link can lead from a sign-in to a decision.
"""

from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from listkeep.core.errors import RefusedError
from listkeep.core.grants import SignIn
from listkeep.core.registry.passkeys import decode_base64url
from listkeep.keeper.gate.endpoint import current_time, open_gate
from listkeep.keeper.gate.sign_in.sessions import (
    DIRECT,
    begin_sign_in,
    end_session,
    finish_sign_in,
)
from listkeep.wire import messages as m

from .answers import INBOX, SIGN_IN, answer_page, go_on, read_body
from .guard import landing
from .visits import COOKIE, Visit, signed_in

_MAX_PART: Final = 4096


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a passkey returned to one of our pages; bytes in base64url."""

    credential: str
    statement: str
    authenticator_data: str
    client_data: str
    signature: str
    rows: str = ""  # as it was typed

    def assertion(self) -> m.Assertion:
        """Read it as the gate takes it.

        Raises:
            MalformedError: A part is not base64url.
            RefusedError: A part is longer than any is.
        """
        parts = (self.authenticator_data, self.client_data, self.signature)
        if max(map(len, (self.statement, self.credential, *parts))) > _MAX_PART:
            raise RefusedError("a signature is not as long as that")
        data, client, signature = map(decode_base64url, parts)
        return m.Assertion(
            statement=self.statement.encode(),
            authenticator_data=data,
            client_data=client,
            signature=signature,
        )


@landing
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show what signing in signs, and take the signature."""
    if request.method == "POST":
        return _finish(request)
    gate = open_gate()
    nonce = begin_sign_in(gate, now=current_time()).nonce
    return ask_for_passkey(
        request,
        SignIn(keeper=gate.origin, service=DIRECT, nonce=nonce, binding=""),
        title="Sign in to the keeper",
    )


def ask_for_passkey(
    request: HttpRequest,
    statement: SignIn,
    *,
    template: str = "sign_in.html",
    **context: Any,
) -> HttpResponse:
    """Show a page with one button, which signs this statement and posts it back."""
    gate = open_gate()
    with gate.view(current_time()) as registry:
        profile = registry.profile
    return answer_page(
        request,
        template,
        statement=statement.format().decode(),
        challenge=statement.challenge().hex(),
        rp_id=gate.party.rp_id,
        profile=profile,
        **context,
    )


def _finish(request: HttpRequest) -> HttpResponse:
    given = read_body(request, Signature)
    assertion = given.assertion()
    if SignIn.parse(assertion.statement).service != DIRECT:
        raise RefusedError("this sign-in was signed for another service")
    session = finish_sign_in(
        open_gate(),
        m.FinishSignIn(credential=given.credential, assertion=assertion),
        now=current_time(),
    )
    response = go_on(INBOX)
    response.set_cookie(
        COOKIE, session.session, secure=True, httponly=True, samesite="Strict"
    )
    return response


@signed_in
def sign_out(request: HttpRequest, visit: Visit) -> HttpResponse:
    """End this session at once."""
    if request.method != "POST":
        return HttpResponseRedirect(INBOX, status=303)
    end_session(visit.gate, visit.token, now=visit.now)
    response = go_on(SIGN_IN)
    response.delete_cookie(COOKIE, samesite="Strict")
    return response
