"""Check what an authority change is about, so that applying it cannot fail.

Once before anybody signs it, and again before it happens.
"""

from collections.abc import Mapping, Sequence

from listkeep.core.errors import Code, ConflictError, MalformedError, RefusedError
from listkeep.core.grants import Action, Enrol, Terms
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import (
    FREEZE_CLASSES,
    Person,
    Recipient,
    Service,
    Tenant,
    parse_first_owners,
    parse_person,
    parse_recipient,
    parse_service,
    parse_tenant,
)
from listkeep.core.registry.passkeys import (
    decode_assertion,
    encode_base64url,
    verify_assertion,
)
from listkeep.core.registry.state import Registry

from .age_keys import parse_age_recipient

EVENTS: dict[Action, Event] = {
    Action.TENANT_ADD: Event.TENANT_ADDED,
    Action.TENANT_REVOKE: Event.TENANT_REVOKED,
    Action.PERSON_ADD: Event.PERSON_ADDED,
    Action.PERSON_REVOKE: Event.PERSON_REVOKED,
    Action.SERVICE_ADD: Event.SERVICE_ADDED,
    Action.SERVICE_REVOKE: Event.SERVICE_REVOKED,
    Action.RECIPIENT_ADD: Event.RECIPIENT_ADDED,
    Action.RECIPIENT_REVOKE: Event.RECIPIENT_REVOKED,
    Action.FREEZE: Event.RELEASES_FROZEN,
    Action.UNFREEZE: Event.RELEASES_UNFROZEN,
    Action.POLICY_SET: Event.POLICY_SET,
}


def check_subject(registry: Registry, terms: Terms) -> None:
    """Make sure these terms could be carried out now.

    Raises:
        MalformedError: The subject lacks something or has too much.
        ConflictError: A name or passkey is taken.
        RefusedError: What is to be changed is not there.
        VerificationError: A new passkey did not prove that it can sign.
    """
    if terms.tenant and terms.tenant not in registry.tenants:
        raise _not_there("tenant")
    subject = terms.subject_fields()
    match terms.action:
        case Action.TENANT_ADD:
            tenant = parse_tenant(subject)
            _require_free(registry, tenant, registry.tenants)
            owners = parse_first_owners(subject)
            for fields, owner in owners:
                _check_person(registry, owner, fields)
            _require_distinct([owner for _, owner in owners])
        case Action.PERSON_ADD:
            person = parse_person(subject, tenant=terms.tenant)
            _check_person(registry, person, subject)
        case Action.SERVICE_ADD:
            service = parse_service(subject, tenant=terms.tenant)
            _require_free(registry, service, registry.services)
        case Action.RECIPIENT_ADD:
            recipient = parse_recipient(subject, tenant=terms.tenant)
            parse_age_recipient(recipient.public_key)  # with its checksum
            _require_free(registry, recipient, registry.recipients)
            if recipient.public_key in {
                known.public_key
                for known in registry.recipients.values()
                if known.tenant == terms.tenant
            }:
                raise ConflictError(
                    "this key is enrolled already", code=Code.ALREADY_EXISTS
                )
        case Action.FREEZE | Action.UNFREEZE:
            if set(subject) != {"classes"} or subject["classes"] not in FREEZE_CLASSES:
                raise MalformedError(
                    "a freeze names one class",
                    code=Code.REQUEST_INVALID,
                    hint=f"one of {', '.join(sorted(FREEZE_CLASSES))}",
                )
        case _:
            _check_revocation(registry, terms, subject)


def check_side(registry: Registry, terms: Terms, person: Person) -> None:
    """Let only the side that froze lift a freeze.

    Raises:
        RefusedError: There is no such freeze, or the other side set it.
    """
    if terms.action is not Action.UNFREEZE:
        return
    scope = (terms.tenant, terms.subject_fields()["classes"])
    sides = [freeze[2] for freeze in registry.freezes if freeze[:2] == scope]
    if not sides:
        raise _not_there("freeze")
    if person.role not in sides:
        raise RefusedError(f"this freeze is lifted by the {sides[0]}s who set it")


def _check_person(
    registry: Registry, person: Person, subject: Mapping[str, str]
) -> None:
    _require_free(registry, person, registry.people)
    keys = {known.credential.public_key for known in registry.people.values()}
    known_id = registry.find_person(person.credential.id) is not None
    if known_id or person.credential.public_key in keys:
        raise _same_passkey()
    if registry.profile != "demo":
        raise RefusedError(
            "a passkey needs a hardware attestation outside the demo profile",
            hint="enrolment of hardware passkeys comes with the signing pages",
        )
    expected = Enrol(
        keeper=registry.keeper,
        person=person.id,
        credential=person.credential.id,
        public_key=encode_base64url(person.credential.public_key),
    )
    verify_assertion(
        decode_assertion(subject["proof"]),
        challenge=expected.challenge(),
        credential=person.credential,
        party=registry.party,
    )


def _check_revocation(
    registry: Registry, terms: Terms, subject: Mapping[str, str]
) -> None:
    if set(subject) != {"id"}:
        raise MalformedError("a revocation names one id", code=Code.REQUEST_INVALID)
    rows: Mapping[str, object]
    match terms.action:
        case Action.TENANT_REVOKE:
            rows = registry.tenants
        case Action.PERSON_REVOKE:
            rows = registry.people
        case Action.SERVICE_REVOKE:
            rows = registry.services
        case _:
            rows = registry.recipients
    row = rows.get(subject["id"])
    if row is None or getattr(row, "tenant", "") != terms.tenant:
        raise _not_there(terms.action.split(".")[0])


def _require_free(
    registry: Registry,
    new: Tenant | Person | Service | Recipient,
    rows: Mapping[str, object],
) -> None:
    # An id is never used twice: whoever got a revoked tenant's id would get its
    # lists, and a revoked person's id the sessions.
    if new.id in registry.used_ids:
        raise ConflictError("the id was used before", code=Code.ALREADY_EXISTS)
    home = getattr(new, "tenant", "")
    for row in rows.values():
        same_home = getattr(row, "tenant", "") == home
        if same_home and getattr(row, "name", "") == new.name:
            raise ConflictError(
                "the name is taken", code=Code.ALREADY_EXISTS, hint="choose another"
            )


def _require_distinct(owners: Sequence[Person]) -> None:
    for column in (
        [owner.id for owner in owners],
        [owner.name for owner in owners],
        [owner.credential.id for owner in owners],
        [owner.credential.public_key for owner in owners],
    ):
        if len(set(column)) < len(owners):
            raise _same_passkey()


def _same_passkey() -> ConflictError:
    return ConflictError(
        "this passkey signs for somebody already", code=Code.ALREADY_EXISTS
    )


def _not_there(what: str) -> RefusedError:
    return RefusedError(f"there is no such {what}", code=Code.NOT_FOUND)
