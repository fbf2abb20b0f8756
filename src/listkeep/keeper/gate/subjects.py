"""Check what an authority change is about, so that applying it cannot fail.

Once before anybody signs it, and again before it happens.
"""

from collections.abc import Mapping, Sequence

from listkeep.core.errors import Code, ConflictError, MalformedError, RefusedError
from listkeep.core.grants import Action, Enrol, Terms
from listkeep.core.ledger.events import Event
from listkeep.core.registry.agreements import parse_classes
from listkeep.core.registry.facts import (
    Person,
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
from .agreements import AGREEMENTS, check_agreement, not_there, require_free

EVENTS: dict[Action, Event] = {
    Action.TENANT_ADD: Event.TENANT_ADDED,
    Action.TENANT_REVOKE: Event.TENANT_REVOKED,
    Action.PERSON_ADD: Event.PERSON_ADDED,
    Action.PERSON_REVOKE: Event.PERSON_REVOKED,
    Action.SERVICE_ADD: Event.SERVICE_ADDED,
    Action.SERVICE_REVOKE: Event.SERVICE_REVOKED,
    Action.RECIPIENT_ADD: Event.RECIPIENT_ADDED,
    Action.RECIPIENT_REVOKE: Event.RECIPIENT_REVOKED,
    **AGREEMENTS,
    Action.CONTACT_REVOKE: Event.CONTACT_REVOKED,
    Action.CONSENT_WITHDRAW: Event.CONSENT_WITHDRAWN,
    Action.AGENCY_REVOKE: Event.AGENCY_REVOKED,
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
        raise not_there("tenant")
    subject = terms.subject_fields()
    match terms.action:
        case Action.TENANT_ADD:
            tenant = parse_tenant(subject)
            require_free(registry, tenant, registry.tenants)
            owners = parse_first_owners(subject)
            for fields, owner in owners:
                _check_person(registry, owner, fields)
            _require_distinct([owner for _, owner in owners])
        case Action.PERSON_ADD:
            person = parse_person(subject, tenant=terms.tenant)
            _check_person(registry, person, subject)
        case Action.SERVICE_ADD:
            service = parse_service(subject, tenant=terms.tenant)
            require_free(registry, service, registry.services)
            parent = registry.services.get(service.parent) or registry.agencies.get(
                service.parent
            )
            if service.parent and (parent is None or parent.tenant != terms.tenant):
                raise not_there("parent of the service")
        case Action.RECIPIENT_ADD:
            recipient = parse_recipient(subject, tenant=terms.tenant)
            parse_age_recipient(recipient.public_key)  # with its checksum
            require_free(registry, recipient, registry.recipients)
            if recipient.public_key in {
                known.public_key
                for known in registry.recipients.values()
                if known.tenant == terms.tenant
            }:
                raise ConflictError(
                    "this key is enrolled already", code=Code.ALREADY_EXISTS
                )
        case _ if terms.action in AGREEMENTS:
            check_agreement(registry, terms, subject)
        case _:
            _check_revocation(registry, terms, subject)


def check_side(registry: Registry, terms: Terms, person: Person) -> None:
    """Let only the side that froze lift a freeze.

    Raises:
        RefusedError: There is no such freeze, or the other side set it.
    """
    if terms.action is not Action.UNFREEZE:
        return
    for kind in parse_classes(terms.subject_fields()):
        scope = (terms.tenant, kind)
        sides = [freeze[2] for freeze in registry.freezes if freeze[:2] == scope]
        if not sides:
            raise not_there("freeze")
        if person.role not in sides:
            raise RefusedError(f"this freeze is lifted by the {sides[0]}s who set it")


def _check_person(
    registry: Registry, person: Person, subject: Mapping[str, str]
) -> None:
    require_free(registry, person, registry.people)
    agency = registry.agencies.get(person.company)
    if person.company and (agency is None or agency.tenant != person.tenant):
        raise not_there("agency")
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
    tables: dict[str, Mapping[str, object]] = {
        "tenant": registry.tenants,
        "person": registry.people,
        "service": registry.services,
        "recipient": registry.recipients,
        "contact": registry.contacts,
        "agency": registry.agencies,
        "consent": registry.consents,
    }
    what = terms.action.split(".")[0]
    row = tables[what].get(subject["id"])
    if row is None or getattr(row, "tenant", "") != terms.tenant:
        raise not_there(what)


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
