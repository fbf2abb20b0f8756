"""Enrolment over a link: somebody invites, the invited makes passkeys on our page.

Rules of the module:

- A link is an id and a secret. It is valid for seven days and used once: when it is
  finished, the ledger says so, with the digest of the passkeys.
- No row gives authority. What comes of an enrolment is the subject of a request that
  people sign.
- Whatever is wrong with a link is told with one sentence.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from django.conf import settings

from listkeep.core.errors import Code, ConflictError, RefusedError, UnavailableError
from listkeep.core.grants import Action, Role
from listkeep.core.ledger.events import Event
from listkeep.core.registry.attestation import verify_maker
from listkeep.core.registry.facts import Person
from listkeep.core.registry.keyring import (
    DEMO,
    MOST_KEYS,
    format_keys,
    require_enough,
    require_kinds,
)
from listkeep.core.registry.passkeys import (
    Assertion,
    Credential,
    Kind,
    verify_attested,
)
from listkeep.core.registry.state import Registry
from listkeep.core.registry.words import six_words
from listkeep.keeper.gate.models import Enrolment
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.keys import KeyStore
from listkeep.wire.identifiers import new_id, new_secret

from .enrolment_rows import (
    create_row,
    find_open,
    is_finished,
    is_genuine,
    line_digest,
    make_challenge,
    not_valid,
    read_keys,
    save_row,
)
from .invitations import place_of, subject_from
from .possession import enrol_statement, verify_proof

VALIDITY = timedelta(days=7)
_KEPT = timedelta(days=30)  # after its end, for what was finished and not yet signed
_MOST_INVITATIONS = 50  # of one person within the validity of a link


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the inviter passes on; the secret is told once."""

    id: str
    secret: str
    expires_at: datetime

    def link(self, origin: str) -> str:
        """Write the link; what stands behind the hash is not sent to any server."""
        return f"{origin}/enrol#{self.id}.{self.secret}"


@dataclass(frozen=True, slots=True)
class Attested:
    """What a browser returned when a passkey was made."""

    client_data: bytes
    attestation_object: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenEnrolment:
    """What the invited person is shown, and what the next passkey is made for."""

    id: str
    keeper: str
    profile: str
    action: str
    tenant_name: str
    role: str
    name: str
    person_id: str
    inviter: str  # by name; empty: whoever began the instance
    challenge: bytes
    keys: tuple[Credential, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class EnrolmentView:
    """How far an invitation has come, for those who decide about it."""

    id: str
    action: str
    tenant_name: str
    role: str
    name: str
    inviter: str
    expires_at: datetime
    state: str  # open, expired, finished, used
    words: str  # once finished: compare them with what the person reads aloud


def invite(  # noqa: PLR0913 - keyword-only, one fact each
    gate: Gate,
    person: Person,
    *,
    tenant: str,
    role: str,
    name: str,
    team: str = "",
    now: datetime,
) -> Invitation:
    """Open an enrolment for somebody new, or for new passkeys of somebody known.

    A custodian who names a tenant that is not there yet invites its first owner.

    Raises:
        RefusedError: Not this person's to invite, or too many invitations.
        MalformedError: No such role there, or no name.
    """
    ends_at = now.replace(microsecond=0) + VALIDITY
    invitation = Invitation(new_id("e"), new_secret(), ends_at)
    with gate.turn(now) as turn:
        place = place_of(turn.registry, person, tenant=tenant, role=role, name=name)
        _require_few(turn.registry, person, now=now)
        Enrolment.objects.filter(expires_at__lte=now - _KEPT).delete()
        row = Enrolment(
            id=invitation.id,
            action=place.action.value,
            person=place.person or new_id("p"),
            inviter=person.id,
            tenant=place.tenant,
            tenant_name=place.tenant_name,
            role=role,
            name=name,
            team=team,
            keys="",
            expires_at=ends_at,
        )
        create_row(turn.store, row, secret=invitation.secret)
        turn.append(
            Event.ENROLMENT_OPENED,
            {
                "enrolment": row.id,
                "person": person.id,
                "for_person": row.person,
                "action": row.action,
                "tenant": row.tenant,
                "role": row.role,
            },
        )
    return invitation


def open_enrolment(gate: Gate, link: str, *, now: datetime) -> OpenEnrolment:
    """Show what a link is for.

    Raises:
        RefusedError: It is none, of another instance, too old, or used.
    """
    with gate.view(now) as registry:
        row = find_open(gate.store, registry, link, now=now)
        return _show_link(gate.store, registry, row)


def statement_to_sign(
    gate: Gate, link: str, attested: Attested, *, now: datetime
) -> bytes:
    """Write what a new passkey signs to prove itself, for a page that cannot.

    Raises:
        RefusedError: The link is not valid.
        VerificationError: The passkey was not made for it.
    """
    with gate.view(now) as registry:
        row = find_open(gate.store, registry, link, now=now)
        key = _read_new_key(gate.store, registry, row, attested)
        return enrol_statement(registry, row.person, key).format()


def add_key(
    gate: Gate, link: str, attested: Attested, proof: Assertion, *, now: datetime
) -> OpenEnrolment:
    """Add a passkey that was made over a link, and has proven that it can sign.

    Raises:
        RefusedError: The link is not valid, or the role takes no such passkey.
        VerificationError: Not made for this link, not attested, or it cannot sign.
        ConflictError: It signs for somebody already, or there are four.
    """
    with gate.turn(now) as turn:
        registry = turn.registry
        row = find_open(gate.store, registry, link, now=now)
        key = _read_new_key(gate.store, registry, row, attested)
        require_kinds([key], role=Role(row.role), profile=registry.profile)
        if key.kind is Kind.HARDWARE and registry.profile != DEMO:
            verify_maker(
                attested.attestation_object,
                attested.client_data,
                roots=_read_roots(gate.store),
                aaguids=settings.ATTESTATION_AAGUIDS,
                now=now,
            )
        verify_proof(registry, row.person, key, proof)
        _require_new(registry, row, key)
        row.keys = format_keys([*read_keys(row), key])
        save_row(gate.store, row)
        return _show_link(gate.store, registry, row)


def finish_enrolment(gate: Gate, link: str, *, now: datetime) -> str:
    """Close a link for good, and tell the six words of its passkeys.

    Raises:
        RefusedError: The link is not valid, or more passkeys are needed.
        ConflictError: A passkey was enrolled elsewhere meanwhile.
    """
    with gate.turn(now) as turn:
        row = find_open(gate.store, turn.registry, link, now=now)
        keys = read_keys(row)
        if not keys:
            raise RefusedError(
                "there is no passkey yet", hint="make one before you finish"
            )
        turn.registry.require_unknown_keys(keys)
        if row.action != Action.PASSKEY_ADD:
            require_enough(keys, role=Role(row.role), profile=turn.registry.profile)
        turn.append(
            Event.ENROLMENT_COMPLETED,
            {
                "enrolment": row.id,
                "person": row.person,
                "tenant": row.tenant,
                "keys_sha256": line_digest(row.keys),
            },
        )
    return six_words(row.keys)


def show_enrolments(
    gate: Gate, person: Person, *, now: datetime
) -> list[EnrolmentView]:
    """Show the invitations of a side to those who invite there, to others their own."""
    with gate.view(now) as registry:
        rows = Enrolment.objects.filter(tenant=person.tenant)
        if person.role not in (Role.OWNER, Role.CUSTODIAN):
            rows = rows.filter(inviter=person.id)
        return [
            _show_row(registry, row, now=now)
            for row in rows.order_by("expires_at", "id")
            if is_genuine(gate.store, registry, row)
        ]


def subject_of(gate: Gate, enrolment: str) -> dict[str, str]:
    """Write the subject a finished enrolment is signed for under.

    For a new tenant that is one of its owners.

    Raises:
        RefusedError: There is no finished enrolment of this id.
    """
    with gate.look() as registry:
        row = Enrolment.objects.filter(id=enrolment).first()
        if row is None or not is_finished(gate.store, registry, row):
            raise not_valid()
        return subject_from(row)


def _show_link(store: KeyStore, registry: Registry, row: Enrolment) -> OpenEnrolment:
    inviter = registry.people.get(row.inviter)
    return OpenEnrolment(
        id=row.id,
        keeper=registry.keeper,
        profile=registry.profile,
        action=row.action,
        tenant_name=row.tenant_name,
        role=row.role,
        name=row.name,
        person_id=row.person,
        inviter=inviter.name if inviter else "",
        challenge=make_challenge(store, row),
        keys=read_keys(row),
    )


def _show_row(registry: Registry, row: Enrolment, *, now: datetime) -> EnrolmentView:
    keys = read_keys(row)
    if registry.enrolments[row.id].keys:
        known = bool(keys) and registry.find_person(keys[0].id) is not None
        state = "used" if known else "finished"
    else:
        state = "open" if now < row.expires_at else "expired"
    # The words of a first owner are heard on the telephone, not read from here.
    is_told = state == "finished" and row.action != Action.TENANT_ADD
    return EnrolmentView(
        id=row.id,
        action=row.action,
        tenant_name=row.tenant_name,
        role=row.role,
        name=row.name,
        inviter=row.inviter,
        expires_at=row.expires_at,
        state=state,
        words=six_words(row.keys) if is_told else "",
    )


def _read_new_key(
    store: KeyStore, registry: Registry, row: Enrolment, attested: Attested
) -> Credential:
    return verify_attested(
        attested.client_data,
        attested.attestation_object,
        challenge=make_challenge(store, row),
        party=registry.party,
    )


def _require_new(registry: Registry, row: Enrolment, key: Credential) -> None:
    """Require a passkey nobody has, nor is about to have over another link."""
    registry.require_unknown_keys([key])
    if len(read_keys(row)) >= MOST_KEYS:
        raise ConflictError(
            f"a person has at most {MOST_KEYS} passkeys", code=Code.ALREADY_EXISTS
        )
    line = format_keys([key])
    public_key = line.rpartition(":")[2]
    for part in (f":{key.id}:", f":{public_key}"):
        if Enrolment.objects.filter(keys__contains=part).exists():
            raise ConflictError(
                "this passkey was enrolled over a link already",
                code=Code.ALREADY_EXISTS,
                hint="use another one; a passkey belongs to one person",
            )


def _require_few(registry: Registry, person: Person, *, now: datetime) -> None:
    recent = [
        each
        for each in registry.enrolments.values()
        if each.inviter == person.id and each.opened_at > now - VALIDITY
    ]
    if len(recent) >= _MOST_INVITATIONS:
        raise RefusedError(
            "too many invitations within a week",
            code=Code.BUDGET_SPENT,
            hint="wait, or let a colleague invite",
        )


def _read_roots(store: KeyStore) -> list[x509.Certificate]:
    try:
        return [
            certificate
            for pem in store.attestation_roots()
            for certificate in x509.load_pem_x509_certificates(pem)
        ]
    except ValueError as error:
        raise UnavailableError(
            "a maker's certificate cannot be read",
            code=Code.CONFIG_INVALID,
            hint="attestation/ of the key store holds PEM certificates, named *.pem",
        ) from error
