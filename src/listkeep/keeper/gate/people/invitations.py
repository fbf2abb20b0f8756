"""Who may invite whom, and what an enrolment is for."""

from dataclasses import dataclass

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import OPERATOR_ROLES, Action, Role
from listkeep.core.registry.facts import Person
from listkeep.core.registry.fields import NAME
from listkeep.core.registry.standing import may_recover
from listkeep.core.registry.state import Registry
from listkeep.core.registry.words import six_words
from listkeep.keeper.gate.models import Enrolment

OPERATOR = "the operator"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where an invited person belongs, and what will be signed for."""

    action: Action
    tenant: str  # empty: the operator, or a tenant that is not there yet
    tenant_name: str
    person: str = ""  # empty: somebody new


def place_of(
    registry: Registry, inviter: Person, *, tenant: str, role: str, name: str
) -> Place:
    """Find out what an invitation is for, if the inviter may make it.

    Raises:
        RefusedError: Not this person's to invite.
        MalformedError: No such role there, or no name.
    """
    if role not in frozenset(Role) or not NAME.fullmatch(name):
        raise MalformedError(
            "an invitation names a role and a name of a-z, 0-9, dot, dash, underscore",
            code=Code.REQUEST_INVALID,
        )
    known_place = _place_of_known(registry, inviter, tenant, role=role, name=name)
    if known_place is not None:
        return known_place
    is_operators = Role(role) in OPERATOR_ROLES
    if is_operators and not tenant and inviter.role is Role.CUSTODIAN:
        return Place(action=Action.PERSON_ADD, tenant="", tenant_name=OPERATOR)
    home = registry.tenants.get(inviter.tenant)
    is_home = home is not None and tenant in ("", home.id, home.name)
    if home and is_home and inviter.role is Role.OWNER and not is_operators:
        return Place(action=Action.PERSON_ADD, tenant=home.id, tenant_name=home.name)
    if role == Role.OWNER and inviter.role is Role.CUSTODIAN and NAME.fullmatch(tenant):
        known = {each.name for each in registry.tenants.values()}
        if tenant not in known | set(registry.tenants):
            return Place(action=Action.TENANT_ADD, tenant="", tenant_name=tenant)
    raise RefusedError(
        "this is not yours to invite",
        code=Code.NOT_PERMITTED,
        hint="owners invite to their tenant, custodians to the operator and the first "
        "owners of a new tenant; for a lost passkey, whoever may help in a recovery",
    )


def _place_of_known(
    registry: Registry, inviter: Person, tenant: str, *, role: str, name: str
) -> Place | None:
    """Find out whether somebody is to get further or other passkeys."""
    home = registry.tenants.get(inviter.tenant)
    places = ("", home.id, home.name) if home else ("",)
    for person in registry.people.values():
        named = (person.name, person.role.value, person.tenant)
        if named != (name, role, inviter.tenant) or tenant not in places:
            continue
        if person.id == inviter.id:
            action = Action.PASSKEY_ADD
        elif may_recover(registry.people, person, inviter):
            action = Action.PASSKEY_REPLACE
        else:
            continue
        return Place(
            action=action,
            tenant=inviter.tenant,
            tenant_name=home.name if home else OPERATOR,
            person=person.id,
        )
    return None


def subject_from(row: Enrolment) -> dict[str, str]:
    """Write the subject of the request an enrolment was made for."""
    if row.action == Action.PASSKEY_ADD:
        return {"id": row.person, "keys": row.keys}
    if row.action == Action.PASSKEY_REPLACE:
        return {"id": row.person, "keys": row.keys, "words": six_words(row.keys)}
    return {
        "id": row.person,
        "name": row.name,
        "role": row.role,
        "team": row.team,
        "keys": row.keys,
    }
