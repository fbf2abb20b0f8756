"""Sign in, and say who is calling. A session opens nothing; it only lets one look.

A session is bound to the service that carries it: a session made for the dock is
refused when presented by anybody else. Its row holds no secret but a MAC under a
key outside the database, so a planted or edited row signs nobody in, and an idle one
is not woken by setting its clock: when it was last seen is under the MAC as well.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from listkeep.core.errors import Code, RefusedError, VerificationError
from listkeep.core.grants import SignIn, format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import Person
from listkeep.core.registry.keyring import DEMO
from listkeep.core.registry.passkeys import Credential, Kind, verify_assertion
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.models import Session
from listkeep.keeper.gate.refusals import Claim, MisplacedSessionError, recorded_claims
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire import messages as m
from listkeep.wire.identifiers import new_id, new_secret

from .signing_places import require_may_sign_here
from .uses import note_use

STATE_KEY = "state"
DIRECT = "keeper"  # the audience of people who talk to the keeper themselves
LIFETIME = timedelta(hours=8)
IDLE = timedelta(minutes=15)
_SEEN_STEP = timedelta(minutes=1)
_NONCE_SECONDS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """A sign-in that verified: whose, for which service, by which signature."""

    person: Person
    credential: str
    service: str
    nonce: str
    counter: int


def begin_sign_in(gate: Gate, *, now: datetime) -> m.Nonce:
    """Make a nonce that signs somebody in once, within five minutes."""
    body = f"{int(now.timestamp())}.{secrets.token_hex(16)}"
    return m.Nonce(nonce=f"{body}.{state_mac(gate, 'nonce', body).hex()}")


def finish_sign_in(gate: Gate, message: m.FinishSignIn, *, now: datetime) -> m.Session:
    """Check a signed sign-in statement and start a session, without any browser.

    Raises:
        MalformedError: Not a sign-in statement; an approval is of another type.
        VerificationError: Unknown passkey, or not its signature.
        RefusedError: The nonce is used, too old or not ours; unknown service.
    """
    with recorded_claims(gate, now=now) as claim, gate.turn(now) as turn:
        signed = verify_sign_in(
            gate,
            turn.registry,
            (message.credential, message.assertion),
            binding="",
            claim=claim,
            now=now,
        )
        if not known_audience(turn.registry, signed.service):
            raise RefusedError("there is no such service", code=Code.NOT_FOUND)
        return start_session(gate, turn, signed)


def verify_sign_in(  # noqa: PLR0913 - what is verified, and against what
    gate: Gate,
    registry: Registry,
    signed: tuple[str, m.Assertion],
    *,
    binding: str,
    claim: Claim,
    now: datetime,
) -> SignedIn:
    """Verify a sign-in by the passkey with this id; nothing is spent by that.

    Raises:
        MalformedError: Not a sign-in statement.
        VerificationError: Unknown passkey, not its signature, or its counter stood.
        RefusedError: A nonce that is used, too old or not ours; another flow.
    """
    name, assertion = signed
    statement = SignIn.parse(assertion.statement)
    person, credential = require_signer(registry, name)
    require_present(registry, person, now=now)
    claim.person = person.id
    claim.service = known_audience(registry, statement.service)
    _require_nonce(gate, statement.nonce, now=now)
    if statement.keeper != registry.keeper or statement.nonce in registry.nonces:
        raise RefusedError(
            "this sign-in was used before", code=Code.REPLAYED, hint="sign in anew"
        )
    if not hmac.compare_digest(statement.binding.encode(), binding.encode()):
        raise RefusedError(
            "this sign-in was signed for another browser or program",
            code=Code.NOT_PERMITTED,
            hint="begin where you want to be signed in",
        )
    counter = verify_assertion(
        assertion,
        challenge=statement.challenge(),
        credential=credential,
        party=registry.party,
    )
    require_counter(registry, credential.id, counter)
    require_may_sign_here(assertion)
    return SignedIn(
        person=person,
        credential=credential.id,
        service=statement.service,
        nonce=statement.nonce,
        counter=counter,
    )


def start_session(gate: Gate, turn: Turn, signed: SignedIn) -> m.Session:
    """Record a verified sign-in, which spends its nonce, and make the session.

    Raises:
        RefusedError: Its nonce may have been spent in a lost part of the ledger.
    """
    person = signed.person
    made_at = datetime.fromtimestamp(int(signed.nonce.partition(".")[0]), UTC)
    if turn.registry.is_void(made_at):
        raise _late()
    session, secret = _new_session(gate, person, signed.service, turn.now)
    turn.append(
        Event.SESSION_STARTED,
        {
            "session": session.id,
            "person": person.id,
            "service": signed.service,
            "credential": signed.credential,
            "counter": str(signed.counter),
            "nonce": signed.nonce,
        },
    )
    session.save(force_insert=True)
    return m.Session(
        session=f"lks_{session.id}_{secret}",
        person=person.id,
        name=person.name,
        expires_at=format_time(session.expires_at),
    )


def end_session(gate: Gate, token: str, *, now: datetime) -> None:
    """End a session at once, whichever service carries it: its holder asks.

    Raises:
        RefusedError: It is no live session.
    """
    with gate.turn(now) as turn:
        row, person = _find_session(gate, turn.registry, token, now=now)
        turn.append(Event.SESSION_ENDED, {"session": row.id, "person": person.id})


def resolve_session(
    gate: Gate, registry: Registry, token: str, *, service: str, now: datetime
) -> Person:
    """Say whose session this is, for the service that carries it.

    Raises:
        RefusedError: Not a live session of this service. One message for all causes;
            one that was made for another service is a ``MisplacedSessionError``.
    """
    row, person = _find_session(gate, registry, token, now=now)
    if row.service != service:
        raise MisplacedSessionError(
            not_signed_in(), session=row.id, person=person.id, service=service
        )
    if now - row.seen_at >= _SEEN_STEP:
        row.seen_at = now.replace(microsecond=0)
        verifier = _session_mac(gate, row, _split(token)[1])
        Session.objects.filter(id=row.id).update(seen_at=row.seen_at, verifier=verifier)
    note_use(gate, person.id, now=now)
    return person


def _find_session(
    gate: Gate, registry: Registry, token: str, *, now: datetime
) -> tuple[Session, Person]:
    session_id, secret = _split(token)
    row = Session.objects.filter(id=session_id).first()
    if row is None or not hmac.compare_digest(
        _session_mac(gate, row, secret), bytes(row.verifier)
    ):
        raise not_signed_in()
    person = registry.find_present(row.person, now=now)
    if person is None or row.id in registry.ended_sessions:
        raise not_signed_in()
    if registry.is_void(row.issued_at):
        raise not_signed_in()
    if row.service != DIRECT and registry.find_service(row.service, now=now) is None:
        raise not_signed_in()
    if now >= row.expires_at or now - row.seen_at >= IDLE:
        raise not_signed_in()
    return row, person


def require_signer(registry: Registry, credential: str) -> tuple[Person, Credential]:
    """Find the person a credential signs for, and the credential.

    Raises:
        VerificationError: Nobody's, or a software passkey outside the demo profile.
    """
    person = registry.find_person(credential)
    return require_credential(registry, person.id if person else "", credential)


def require_credential(
    registry: Registry, person_id: str, credential: str
) -> tuple[Person, Credential]:
    """Find the person who owns the credential a statement names, and the credential.

    Raises:
        VerificationError: Nobody, or somebody else.
    """
    person = registry.people.get(person_id)
    found = person.find_credential(credential) if person else None
    if person is None or found is None:
        raise VerificationError(
            "no such passkey is enrolled for this person",
            code=Code.CREDENTIAL_UNKNOWN,
            hint="check the name after --as, or ask an owner to enrol the passkey",
        )
    if found.kind is Kind.SOFTWARE and registry.profile != DEMO:
        raise VerificationError(
            "software passkeys count in the demo profile only",
            code=Code.CREDENTIAL_UNKNOWN,
        )
    return person, found


def require_present(registry: Registry, person: Person, *, now: datetime) -> None:
    """Refuse people of an agency whose time here has ended.

    Raises:
        RefusedError: It has.
    """
    if registry.find_present(person.id, now=now) is None:
        raise RefusedError(
            "the agency's time here has ended",
            code=Code.EXPIRED,
            hint="an owner of the sponsoring tenant can add the agency anew",
        )


def require_counter(registry: Registry, credential: str, counter: int) -> None:
    """Refuse a signature counter that did not move on (a cloned authenticator).

    Raises:
        VerificationError: It stood still or went back.
    """
    known = registry.counters.get(credential, 0)
    if counter <= known and (counter or known):
        raise VerificationError(
            "the passkey's counter did not move on: it may have been copied",
            code=Code.SIGNATURE_INVALID,
        )


def _split(token: str) -> tuple[str, str]:
    """Split ``lks_<id>_<secret>``; anything else names no session."""
    name = token[4:18]
    # PostgreSQL takes no NUL into a question, and no id has one.
    is_ours = token.startswith("lks_") and name.isprintable()
    return (name, token[19:]) if is_ours else ("", "")


def _new_session(
    gate: Gate, person: Person, service: str, now: datetime
) -> tuple[Session, str]:
    secret = new_secret()
    moment = now.replace(microsecond=0)
    session = Session(
        id=new_id("n"),
        person=person.id,
        service=service,
        issued_at=moment,
        expires_at=moment + LIFETIME,
        seen_at=moment,
    )
    session.verifier = _session_mac(gate, session, secret)
    return session, secret


def _session_mac(gate: Gate, row: Session, secret: str) -> bytes:
    return state_mac(
        gate,
        "session",
        *(row.id, row.person, row.service),
        *(format_time(row.issued_at), format_time(row.expires_at)),
        *(format_time(row.seen_at), secret),
    )


def known_audience(registry: Registry, service: str) -> str:
    """Give a name back if sessions can be for it; other names are a stranger's text."""
    return service if service in {DIRECT, *registry.services} else ""


def state_mac(gate: Gate, *parts: str) -> bytes:
    """Bind facts of a row to the key store; a database alone cannot make this."""
    text = "\x00".join(parts).encode()
    return hmac.digest(gate.store.get(STATE_KEY), text, "sha256")


def _require_nonce(gate: Gate, nonce: str, *, now: datetime) -> None:
    body, _, mac = nonce.rpartition(".")
    made_at, _, _ = body.partition(".")
    ours = hmac.compare_digest(
        mac.encode(), state_mac(gate, "nonce", body).hex().encode()
    )
    if not ours or not -1 <= now.timestamp() - int(made_at) < _NONCE_SECONDS:
        raise _late()


def _late() -> RefusedError:
    return RefusedError(
        "the sign-in took too long or is not of this keeper",
        code=Code.EXPIRED,
        hint="sign in anew",
    )


def not_signed_in() -> RefusedError:
    """Refuse a session or key; one message for all causes."""
    return RefusedError(
        "not signed in, or the session has ended",
        code=Code.NOT_SIGNED_IN,
        hint="run `listkeep login --as NAME`, or use the service's current key",
    )
