"""Sign in by a browser: authorization code with PKCE (RFC 7636, RFC 8252).

Rules of the room:

- What is signed binds the flow: client, redirect, state and challenge. A signature
  made for one browser's flow finishes no other.
- A code opens nothing. Only when the client that was named redeems it, with the
  verifier that answers the challenge, is a session recorded and the nonce spent.
- A code's row is bound by a MAC to a key outside the database and to a secret that
  is in the code only. Whether it was used, the ledger says and not the row.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from listkeep.core.canonical import digest
from listkeep.core.errors import (
    Code,
    ListkeepError,
    RefusedError,
    VerificationError,
)
from listkeep.core.grants import SignIn, format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import Service
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.models import SignInCode
from listkeep.keeper.gate.refusals import recorded_claims
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire import messages as m
from listkeep.wire.flows import CLI, challenge_of, is_verifier
from listkeep.wire.identifiers import new_id, new_secret

from .sessions import (
    DIRECT,
    SignedIn,
    begin_sign_in,
    known_audience,
    require_counter,
    require_signer,
    start_session,
    state_mac,
    verify_sign_in,
)

CODE_LIFETIME = timedelta(seconds=60)
_LOOPBACK = re.compile(r"http://127\.0\.0\.1:([1-9][0-9]{0,4})/")
_STATE = re.compile(r"[A-Za-z0-9_-]{22,86}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LAST_PORT = 65535


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """A sign-in that a browser or program began; it is nobody's yet."""

    client: str
    service: str  # who will carry the session
    redirect: str
    state: str
    challenge: str
    statement: SignIn  # what the passkey is asked to sign, with a nonce of its own


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowFacts:
    """What a person has to see before signing: the keeper's own words."""

    service: str  # its name in the registry, or "keeper"
    kind: str  # dock, console or cli
    title: str
    returns_to: str  # origin the browser goes back to


def begin_flow(  # noqa: PLR0913 - one flow is described by all of these
    gate: Gate,
    *,
    client: str,
    redirect: str,
    state: str,
    challenge: str,
    now: datetime,
) -> Flow:
    """Check who wants somebody to sign in, and write what there is to sign.

    Calling it again with the same words gives the same flow with a new nonce, so a
    page need not keep it. On a refusal the browser must not be sent anywhere.

    Raises:
        RefusedError: No such client, or it does not live at this redirect.
    """
    with gate.view(now) as registry:
        service = _require_client(registry, client, redirect)
    if not (_STATE.fullmatch(state) and _CHALLENGE.fullmatch(challenge)):
        raise _unknown_client()
    facts = {"client": client, "redirect": redirect}
    return Flow(
        **facts,
        service=service.id if service else DIRECT,
        state=state,
        challenge=challenge,
        statement=SignIn(
            keeper=gate.origin,
            service=service.id if service else DIRECT,
            nonce=begin_sign_in(gate, now=now).nonce,
            binding=digest({**facts, "state": state, "challenge": challenge}),
        ),
    )


def describe_flow(gate: Gate, flow: Flow, *, now: datetime) -> FlowFacts:
    """Say in the keeper's words what the person is asked to sign in to."""
    with gate.view(now) as registry:
        service = registry.services.get(flow.service)
    name = service.name if service else DIRECT
    is_cli = flow.client.partition(".")[0] == CLI
    kind = CLI if is_cli or service is None else service.kind
    way = " from the command line of this computer" if is_cli else ""
    return FlowFacts(
        service=name,
        kind=kind,
        title=f"sign in to {name}{way}",
        returns_to=flow.redirect.removesuffix("/signed-in").rstrip("/"),
    )


def finish_flow(
    gate: Gate, flow: Flow, credential: str, assertion: m.Assertion, *, now: datetime
) -> str:
    """Check the signature over a flow; give the address the browser goes back to.

    Nobody is signed in by that: the code in the address has to be redeemed.

    Raises:
        MalformedError: Not a sign-in statement.
        VerificationError: Unknown passkey, or not its signature.
        RefusedError: Signed for another flow or service, too late or twice.
    """
    with recorded_claims(gate, now=now) as claim, gate.view(now) as registry:
        signed = verify_sign_in(
            gate,
            registry,
            (credential, assertion),
            binding=flow.statement.binding,
            claim=claim,
            now=now,
        )
        if signed.service != flow.service:
            raise RefusedError("this sign-in was signed for another service")
    SignInCode.objects.filter(expires_at__lte=now - CODE_LIFETIME).delete()
    row, secret = _new_code(gate, flow, signed, now=now)
    row.save(force_insert=True)
    return f"{flow.redirect}?code=lkc_{row.id}_{secret}&state={flow.state}"


def redeem_code(
    gate: Gate, message: m.RedeemCode, *, carrier: str, now: datetime
) -> m.Session:
    """Turn a code into a session for the service that began the flow.

    The ledger is held meanwhile, so of two who redeem at once one wins. A code that
    reaches anybody else, or comes with a wrong verifier, is burned: its nonce is
    spent in the ledger, where no copy of the row brings it back.

    Raises:
        RefusedError: No such code, another client or verifier, too late or twice.
        VerificationError: The passkey is not this person's any more, or was copied.
    """
    with recorded_claims(gate, now=now) as claim:
        with gate.turn(now) as turn:
            row = _find_code(gate, message.code)
            try:
                signed = _require_redeemable(turn, row, message, carrier)
            except (RefusedError, VerificationError) as error:
                refusal = error
            else:
                return start_session(gate, turn, signed)
            if row.nonce in turn.registry.nonces:
                claim.person, claim.service = row.person, row.service
            else:  # committed with this turn, whatever the limits on claims
                _burn(turn, row, refusal)
        raise refusal


def _require_client(registry: Registry, client: str, redirect: str) -> Service | None:
    """Find the service a client asks for; ``None`` is the keeper itself."""
    kind, _, name = client.partition(".")
    is_cli = kind == CLI
    service = registry.services.get(name if is_cli else client)
    if is_cli:
        port = _LOOPBACK.fullmatch(redirect)
        at_home = port is not None and int(port[1]) <= _LAST_PORT
        known = client == CLI or (service is not None and service.kind == "dock")
    else:
        at_home = redirect in _homes(service)
        known = service is not None
    if not (known and at_home):
        raise _unknown_client()
    return service


def _homes(service: Service | None) -> tuple[str, ...]:
    """Tell the one address a service is sent back to; none while it has no origin."""
    origins = {
        "dock": settings.CONFIG.drop_origin,
        "console": settings.CONFIG.app_origin,
    }
    origin = origins.get(service.kind, "") if service else ""
    return (f"{origin}/signed-in",) if origin else ()


def _new_code(
    gate: Gate, flow: Flow, signed: SignedIn, *, now: datetime
) -> tuple[SignInCode, str]:
    secret = new_secret()
    row = SignInCode(
        id=new_id("o"),
        person=signed.person.id,
        credential=signed.credential,
        client=flow.client,
        service=signed.service,
        challenge=flow.challenge,
        nonce=signed.nonce,
        counter=signed.counter,
        expires_at=now.replace(microsecond=0) + CODE_LIFETIME,
    )
    row.verifier = _code_mac(gate, row, secret)
    return row, secret


def _code_mac(gate: Gate, row: SignInCode, secret: str) -> bytes:
    return state_mac(
        gate,
        "sign-in-code",
        *(row.id, row.person, row.credential, row.client, row.service),
        *(row.challenge, row.nonce, str(row.counter), format_time(row.expires_at)),
        secret,
    )


def _find_code(gate: Gate, code: str) -> SignInCode:
    """Find a code's row that this keeper wrote, spent or not."""
    name, secret = (code[4:18], code[19:]) if code.startswith("lkc_") else ("", "")
    row = SignInCode.objects.filter(id=name).first()
    if row is None or not hmac.compare_digest(
        _code_mac(gate, row, secret), bytes(row.verifier)
    ):
        raise RefusedError(
            "there is no such sign-in code, or its time is long over",
            code=Code.NOT_FOUND,
            hint="sign in anew",
        )
    return row


def _require_redeemable(
    turn: Turn, row: SignInCode, message: m.RedeemCode, carrier: str
) -> SignedIn:
    """Require that a code is new, and here where it was begun, in time."""
    expected = DIRECT if row.client.partition(".")[0] == CLI else row.client
    if row.nonce in turn.registry.nonces:
        raise _refused("this sign-in was used before", Code.REPLAYED)
    if message.client != row.client or carrier != expected:
        raise _refused("this sign-in was begun by another service")
    if not is_verifier(message.verifier) or not hmac.compare_digest(
        challenge_of(message.verifier), row.challenge
    ):
        raise _refused("this sign-in was begun by another browser")
    if turn.now >= row.expires_at:
        raise _refused("the sign-in took too long", Code.EXPIRED)
    if not known_audience(turn.registry, row.service):
        raise _refused("there is no such service", Code.NOT_FOUND)
    person, _ = require_signer(turn.registry, row.credential)
    require_counter(turn.registry, row.credential, row.counter)
    return SignedIn(
        person=person,
        credential=row.credential,
        service=row.service,
        nonce=row.nonce,
        counter=row.counter,
    )


def _burn(turn: Turn, row: SignInCode, refusal: ListkeepError) -> None:
    turn.append(
        Event.SIGN_IN_REFUSED,
        {
            "person": row.person,
            "service": row.service,
            "nonce": row.nonce,
            "code": refusal.code.value,
        },
    )


def _refused(why: str, code: Code = Code.NOT_PERMITTED) -> RefusedError:
    return RefusedError(why, code=code, hint="sign in anew")


def _unknown_client() -> RefusedError:
    return RefusedError(
        "nobody of this name signs people in from there",
        code=Code.NOT_PERMITTED,
        hint="compare drop_origin and app_origin in keeper.toml with the address",
    )
