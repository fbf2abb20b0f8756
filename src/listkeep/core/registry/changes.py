"""Apply agreements and revocations to the registry, as ``replay`` finds them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from listkeep.core.grants import Action, Role, Terms

from .agreements import (
    RELEASES,
    parse_agency,
    parse_budget,
    parse_classes,
    parse_consent,
    parse_contact,
)
from .facts import RequestFacts
from .fields import untrusted
from .held_keys import with_newer
from .state import Registry


def change_agreement(
    registry: Registry, request: RequestFacts, subject: Mapping[str, str]
) -> None:
    """Carry out what a granted request says.

    Raises:
        MalformedError: Its subject is not one that was ever accepted.
    """
    terms = request.terms
    match terms.action:
        case Action.CONTACT_ADD:
            contact = parse_contact(subject, tenant=terms.tenant)
            registry.contacts[contact.id] = contact
            registry.used_ids.add(contact.id)
        case Action.AGENCY_ADD:
            agency = parse_agency(
                subject, tenant=terms.tenant, added_at=terms.not_before
            )
            registry.agencies[agency.id] = agency
            registry.used_ids.add(agency.id)
        case Action.CONSENT_GIVE:
            consent = parse_consent(
                subject, tenant=terms.tenant, given_at=terms.not_before
            )
            registry.consents[consent.id] = consent
            registry.used_ids.add(consent.id)
        case Action.BUDGET_SET:
            scope, ceiling = parse_budget(subject, tenant=terms.tenant)
            registry.budgets[scope] = ceiling
        case Action.FREEZE | Action.UNFREEZE:
            _set_freeze(registry, terms, parse_classes(subject), request)
        case _:
            revoke(registry, subject["id"], tenant=terms.tenant)


def renew_index_key(
    registry: Registry, tenant: str, number: int, *, at: datetime
) -> None:
    """Add a tenant's next index key; the older ones stay, as their tokens do.

    Raises:
        VerificationError: There is none to follow, or it is not the next number.
    """
    if tenant not in registry.index_keys:
        raise untrusted("an index key was renewed that is not there")
    keys = with_newer(registry.index_keys[tenant], number, at=at)
    registry.index_keys[tenant] = keys
    for found in list(registry.lists.values()):
        if found.tenant == tenant:
            registry.lists[found.id] = replace(found, index_keys=keys)


def revoke(registry: Registry, name: str, *, tenant: str) -> None:
    """Remove one row of this tenant; a tenant or agency goes with all it has."""
    whole = not tenant and registry.tenants.pop(name, None) is not None
    home = name if whole else tenant
    tables: tuple[dict[str, Any], ...] = (
        registry.people,
        registry.services,
        registry.recipients,
        registry.contacts,
        registry.consents,
        registry.agencies,
    )
    for rows in tables:
        for row_id, row in list(rows.items()):
            if row.tenant == home and (whole or row_id == name):
                rows.pop(row_id)
    _remove_orphans(registry)
    _deny_what_is_left(registry)


def _remove_orphans(registry: Registry) -> None:
    """Remove people of agencies that have gone, and services down their lineage."""
    for person in list(registry.people.values()):
        if person.company and person.company not in registry.agencies:
            registry.people.pop(person.id)
    parents = {"", *registry.agencies, *registry.services}
    while orphans := [s for s in registry.services.values() if s.parent not in parents]:
        for service in orphans:
            registry.services.pop(service.id)
            parents.discard(service.id)


def _deny_what_is_left(registry: Registry) -> None:
    """End what people asked for who have gone: waiting, granted or running."""
    for request in registry.requests.values():
        if not request.done and request.signed[0].person not in registry.people:
            request.denied = True


def _set_freeze(
    registry: Registry, terms: Terms, classes: Sequence[str], request: RequestFacts
) -> None:
    side = registry.people[request.signed[0].person].role.value
    freezes = {(terms.tenant, kind, side) for kind in classes}
    if terms.action is Action.UNFREEZE:
        registry.freezes -= freezes
        if ("", RELEASES, Role.CUSTODIAN.value) in freezes:
            registry.is_settling = False  # a later freeze is another
    else:
        registry.freezes |= freezes
