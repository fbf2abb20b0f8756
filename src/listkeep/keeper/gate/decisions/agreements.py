"""Check what owners and custodians agree on, before they sign it."""

from collections.abc import Mapping
from typing import Protocol

from listkeep.core.errors import Code, ConflictError, RefusedError
from listkeep.core.grants import Action, Role, Terms
from listkeep.core.ledger.events import Event
from listkeep.core.registry.agreements import (
    parse_agency,
    parse_budget,
    parse_classes,
    parse_consent,
    parse_contact,
)
from listkeep.core.registry.state import Registry

AGREEMENTS: dict[Action, Event] = {
    Action.FREEZE: Event.RELEASES_FROZEN,
    Action.UNFREEZE: Event.RELEASES_UNFROZEN,
    Action.CONTACT_ADD: Event.CONTACT_ADDED,
    Action.AGENCY_ADD: Event.AGENCY_ADDED,
    Action.BUDGET_SET: Event.BUDGET_SET,
    Action.CONSENT_GIVE: Event.CONSENT_GIVEN,
}


class Named(Protocol):
    """A row of the registry that has an id and a name."""

    @property
    def id(self) -> str:
        """The id, never used twice."""

    @property
    def name(self) -> str:
        """The name, taken once in each tenant."""


def check_agreement(
    registry: Registry, terms: Terms, subject: Mapping[str, str]
) -> None:
    """Make sure an agreement could be carried out now.

    Raises:
        MalformedError: The subject lacks something or has too much.
        ConflictError: An id or name is taken.
        RefusedError: Somebody or something named is not there.
    """
    match terms.action:
        case Action.FREEZE | Action.UNFREEZE:
            parse_classes(subject)
        case Action.CONTACT_ADD:
            contact = parse_contact(subject, tenant=terms.tenant)
            require_free(registry, contact, registry.contacts)
        case Action.AGENCY_ADD:
            agency = parse_agency(
                subject, tenant=terms.tenant, added_at=terms.not_before
            )
            require_free(registry, agency, registry.agencies)
        case Action.BUDGET_SET:
            scope, _ = parse_budget(subject, tenant=terms.tenant)
            row = registry.people.get(scope.who) or registry.services.get(scope.who)
            if "_" in scope.who and (row is None or row.tenant != terms.tenant):
                raise not_there("person or service")
        case Action.CONSENT_GIVE:
            consent = parse_consent(
                subject, tenant=terms.tenant, given_at=terms.not_before
            )
            require_unused(registry, consent.id)
            for name in consent.people:
                person = registry.people.get(name)
                if person is None or person.role is not Role.SUPPORT:
                    raise not_there("person of support")


def require_unused(registry: Registry, new_id: str) -> None:
    """Require an id nobody ever had.

    Raises:
        ConflictError: Somebody or something has or had it.
    """
    # Whoever got a revoked tenant's id would get its lists, and a revoked person's
    # id the sessions.
    if new_id in registry.used_ids:
        raise ConflictError("the id was used before", code=Code.ALREADY_EXISTS)


def require_free(registry: Registry, new: Named, rows: Mapping[str, Named]) -> None:
    """Require an id nobody ever had, and a name nobody has in that tenant.

    Raises:
        ConflictError: One of them is taken.
    """
    require_unused(registry, new.id)
    home = getattr(new, "tenant", "")
    for row in rows.values():
        if getattr(row, "tenant", "") == home and row.name == new.name:
            raise ConflictError(
                "the name is taken", code=Code.ALREADY_EXISTS, hint="choose another"
            )


def not_there(what: str) -> RefusedError:
    """Refuse what is not there."""
    return RefusedError(f"there is no such {what}", code=Code.NOT_FOUND)
