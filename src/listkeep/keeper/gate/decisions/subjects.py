"""Check what an authority change is about, so that applying it cannot fail.

Once before anybody signs it, and again before it happens.
"""

from collections.abc import Callable, Mapping, Sequence

from listkeep.core.errors import Code, ConflictError, MalformedError, RefusedError
from listkeep.core.grants import Action, Terms
from listkeep.core.ledger.events import Event
from listkeep.core.registry.agreements import parse_classes
from listkeep.core.registry.facts import (
    Person,
    Recipient,
    parse_first_owners,
    parse_person,
    parse_recipient,
    parse_service,
    parse_tenant,
)
from listkeep.core.registry.held_keys import MOST_INDEX_KEYS
from listkeep.core.registry.keyring import require_enough, require_kinds
from listkeep.core.registry.passkey_changes import PASSKEY_CHANGES, changed_person
from listkeep.core.registry.state import Registry

from .age_keys import parse_age_recipient
from .agreements import AGREEMENTS, check_agreement, not_there, require_free
from .sending import SENDING, check_sending

_ABOUT_THE_TENANT = frozenset({Action.TENANT_CLOSE, Action.INDEX_KEY_RENEW})
_KEY_CHANGES = _ABOUT_THE_TENANT | {Action.KEYS_RENEW, Action.LIST_SHRED}
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
    Action.POLICY_SET: Event.POLICY_SET,
    Action.PERSON_CONFIRM: Event.PERSON_CONFIRMED,
    Action.PASSKEY_ADD: Event.PASSKEY_ADDED,
    Action.PASSKEY_REPLACE: Event.PASSKEY_REPLACED,
    Action.RECOVERY_CHOOSE: Event.RECOVERY_CHOSEN,
    Action.KEYS_RENEW: Event.KEY_RENEWED,
    Action.LIST_SHRED: Event.LIST_SHREDDED,
    Action.TENANT_CLOSE: Event.TENANT_CLOSED,
    Action.INDEX_KEY_RENEW: Event.INDEX_KEY_RENEWED,
    **SENDING,
}
_CHECKS: dict[Action, Callable[[Registry, Terms, Mapping[str, str]], None]] = {
    **dict.fromkeys(SENDING, check_sending),
    **dict.fromkeys(AGREEMENTS, check_agreement),
}


def check_subject(registry: Registry, terms: Terms) -> None:
    """Make sure these terms could be carried out now.

    Raises:
        MalformedError: The subject lacks something or has too much.
        ConflictError: A name or passkey is taken.
        RefusedError: What is to be changed is not there, or not to be had this way.
        VerificationError: Somebody was told other words than those of the passkeys.
    """
    if terms.tenant and terms.tenant not in registry.tenants:
        raise not_there("tenant")
    if terms.action in PASSKEY_CHANGES:
        changed_person(registry, terms, at=terms.not_before)
        return
    subject = terms.subject_fields()
    match terms.action:
        case Action.TENANT_ADD:
            tenant = parse_tenant(subject)
            require_free(registry, tenant, registry.tenants)
            owners = parse_first_owners(subject)
            for owner in owners:
                _check_person(registry, owner)
            _require_distinct(owners)
        case Action.PERSON_ADD:
            _check_person(registry, parse_person(subject, tenant=terms.tenant))
        case Action.SERVICE_ADD:
            service = parse_service(subject, tenant=terms.tenant)
            require_free(registry, service, registry.services)
            parent = registry.services.get(service.parent) or registry.agencies.get(
                service.parent
            )
            if service.parent and (parent is None or parent.tenant != terms.tenant):
                raise not_there("parent of the service")
        case Action.RECIPIENT_ADD:
            _check_recipient(registry, parse_recipient(subject, tenant=terms.tenant))
        case _ if terms.action in _CHECKS:
            _CHECKS[terms.action](registry, terms, subject)
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


def _check_recipient(registry: Registry, recipient: Recipient) -> None:
    parse_age_recipient(recipient.public_key)  # with its checksum
    require_free(registry, recipient, registry.recipients)
    if recipient.public_key in {
        known.public_key
        for known in registry.recipients.values()
        if known.tenant == recipient.tenant
    }:
        raise ConflictError("this key is enrolled already", code=Code.ALREADY_EXISTS)


def _check_person(registry: Registry, person: Person) -> None:
    require_free(registry, person, registry.people)
    agency = registry.agencies.get(person.company)
    if person.company and (agency is None or agency.tenant != person.tenant):
        raise not_there("agency")
    registry.require_unknown_keys(person.credentials)
    require_kinds(person.credentials, role=person.role, profile=registry.profile)
    require_enough(person.credentials, role=person.role, profile=registry.profile)


def _check_key_change(registry: Registry, terms: Terms, name: str) -> None:
    """Make sure that a list is this tenant's, or the tenant the one that asks."""
    if terms.action in _ABOUT_THE_TENANT:
        if not terms.tenant or name != terms.tenant:
            raise not_there("tenant")
        if terms.action is Action.INDEX_KEY_RENEW:
            _check_index_keys(registry, name)
        return
    found = registry.lists.get(name)
    if found is None or found.tenant != terms.tenant:
        raise not_there("list")
    if terms.action is Action.KEYS_RENEW and len(found.keys) > 1:
        raise ConflictError(
            "the key of this list is being renewed already",
            code=Code.ALREADY_EXISTS,
            hint="`listkeep job ls` shows how many rows wait",
        )


def _check_index_keys(registry: Registry, tenant: str) -> None:
    held = len(registry.index_keys.get(tenant, ()))
    if not held:
        raise RefusedError("the tenant has no tokens yet", code=Code.NOT_FOUND)
    if held >= MOST_INDEX_KEYS:
        raise RefusedError(
            f"a tenant holds at most {MOST_INDEX_KEYS} index keys",
            hint="older tokens stay, so their keys do; import into a new tenant",
        )


def _check_revocation(
    registry: Registry, terms: Terms, subject: Mapping[str, str]
) -> None:
    if set(subject) != {"id"}:
        raise MalformedError("this names one id", code=Code.REQUEST_INVALID)
    if terms.action in _KEY_CHANGES:
        _check_key_change(registry, terms, subject["id"])
        return
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
    keys = [key for owner in owners for key in owner.credentials]
    for column in (
        [owner.id for owner in owners],
        [owner.name for owner in owners],
        [key.id for key in keys],
        [key.public_key for key in keys],
    ):
        if len(set(column)) < len(column):
            raise ConflictError(
                "two owners are two people with passkeys of their own",
                code=Code.ALREADY_EXISTS,
            )
