"""The registry as rows for people to read."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, cast

from listkeep.core.errors import MalformedError
from listkeep.core.grants import OPERATOR_ROLES, Action, Right, Role, format_time
from listkeep.core.registry.facts import Person
from listkeep.core.registry.passkeys import Kind
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.custody.lists import require_right
from listkeep.keeper.gate.sign_in.callers import principal_of
from listkeep.keeper.gate.sign_in.uses import last_uses

_Row = dict[str, str]
_RIGHTS = {  # whoever asks for a release chooses where it goes
    "route": Right.SEND,
    "domain": Right.SEND,
    "recipient": Right.EXPORT,
}
_KINDS = {
    Kind.SOFTWARE: "software (demo)",
    Kind.SYNCED: "synced",
    Kind.HARDWARE: "hardware",
}


def registry_rows(registry: Registry, person: Person, kind: str) -> tuple[_Row, ...]:
    """List what a person may know: an owner the own tenant, a custodian all names.

    Raises:
        RefusedError: The person administers nothing.
        MalformedError: Unknown kind.
    """
    if kind not in _BUILDERS:
        raise MalformedError(
            "the registry has no such kind", hint=f"one of {', '.join(_BUILDERS)}"
        )
    if kind not in readable_kinds(person):
        require_right(principal_of(person), _right_for(kind))
    everything = person.role in OPERATOR_ROLES
    return tuple(
        {
            **row,
            "tenant": _tenant_name(registry, row["tenant"]),
        }
        for row in _BUILDERS[kind](registry)
        if everything
        or row["tenant"] == person.tenant
        or (kind == "route" and not row["tenant"])
    )


def readable_kinds(person: Person) -> tuple[str, ...]:
    """List the kinds of rows a person may read: what pages offer, and nothing else."""
    if person.role is Role.CUSTODIAN:
        return tuple(_BUILDERS)
    rights = principal_of(person).rights
    return tuple(kind for kind in _BUILDERS if _right_for(kind) in rights)


def _right_for(kind: str) -> Right:
    return _RIGHTS.get(kind, Right.ADMINISTER)


def _tenants(registry: Registry) -> list[_Row]:
    return [
        {"id": row.id, "name": row.name, "tenant": row.id}
        for row in registry.tenants.values()
    ]


def _people(registry: Registry) -> list[_Row]:
    return [
        {
            "id": row.id,
            "name": row.name,
            "role": row.role.value,
            "team": row.team,
            "tenant": row.tenant,
            "passkey": ", ".join(_KINDS[key.kind] for key in row.credentials),
            "state": _state(row),
        }
        for row in registry.people.values()
    ]


def _state(person: Person) -> str:
    """Say what there is to know about a person's passkeys."""
    if person.waits_for:
        return "not confirmed"
    at = person.recovered_at
    return f"recovered {format_time(at)}" if at is not None else ""


def _services(registry: Registry) -> list[_Row]:
    return [
        {
            "id": row.id,
            "name": row.name,
            "kind": row.kind,
            "parent": row.parent,
            "tenant": row.tenant,
        }
        for row in registry.services.values()
    ]


def _recipients(registry: Registry) -> list[_Row]:
    return [
        {
            "id": row.id,
            "name": row.name,
            "public_key": row.public_key,
            "tenant": row.tenant,
        }
        for row in registry.recipients.values()
    ]


def _freezes(registry: Registry) -> list[_Row]:
    return [
        {"class": kind, "set_by": side, "tenant": tenant}
        for tenant, kind, side in sorted(registry.freezes)
    ]


def _contacts(registry: Registry) -> list[_Row]:
    """Show contacts without their destinations, which only the keeper opens."""
    return [
        {"id": row.id, "name": row.name, "kind": row.kind, "tenant": row.tenant}
        for row in registry.contacts.values()
    ]


def _agencies(registry: Registry) -> list[_Row]:
    return [
        {
            "id": row.id,
            "name": row.name,
            "until": format_time(row.until),
            **{name: str(ceiling) for name, ceiling in row.ceilings.items()},
            "tenant": row.tenant,
        }
        for row in registry.agencies.values()
    ]


def _budgets(registry: Registry) -> list[_Row]:
    return [
        {
            "who": scope.who,
            "measure": scope.measure,
            "ceiling": str(ceiling),
            "default": str(scope.default),
            "tenant": scope.tenant,
        }
        for scope, ceiling in registry.budgets.items()
    ]


def _consents(registry: Registry) -> list[_Row]:
    return [
        {
            "id": row.id,
            "until": format_time(row.until),
            "people": " ".join(sorted(row.people)) or "all support",
            "tenant": row.tenant,
        }
        for row in registry.consents.values()
    ]


def _routes(registry: Registry) -> list[_Row]:
    return [
        {
            "id": row.id,
            "name": row.name,
            "kind": row.kind.value,
            "host": row.host,
            "port": str(row.port),
            "tls": row.tls,
            "sources": " ".join(row.sources),
            "mail_domain": row.mail_domain,
            "token_domain": row.token_domain,
            "tenant": row.tenant,
        }
        for row in registry.routes.values()
    ]


def _domains(registry: Registry) -> list[_Row]:
    """Show sending domains with the public halves of their keys, for the DNS."""
    return [
        {
            "id": row.id,
            "name": row.name,
            "selector": row.selector,
            **{name.value: row.public[name] for name in row.algorithms},
            "tenant": row.tenant,
        }
        for row in registry.domains.values()
    ]


def _uses(registry: Registry) -> list[_Row]:
    """Say of whoever has access since when, and when it was last used.

    Who signed was here, whatever was noted. A recipient is used by the copies it was
    sent; people of an agency use it.
    """
    seen, since = last_uses(), dict[str, datetime]()
    for request in registry.requests.values():
        terms = request.terms
        for signed in request.signed:
            seen[signed.person] = max(signed.at, seen.get(signed.person, signed.at))
        if not request.done or not request.signed:
            continue
        at = request.signed[-1].at
        if terms.action in _ADDING:
            since[terms.subject_fields()["id"]] = at
        elif terms.action is Action.EXPORT:
            seen[terms.recipient] = max(at, seen.get(terms.recipient, at))
    for person in registry.people.values():
        if person.company and person.id in seen:
            at = seen[person.id]
            seen[person.company] = max(at, seen.get(person.company, at))
    return [
        {
            "id": row.id,
            "since": _time(since.get(row.id)),
            "last_used": _time(seen.get(row.id)),
            "tenant": row.tenant,
        }
        for rows in (
            *(registry.people, registry.agencies),
            *(registry.services, registry.recipients),
        )
        for row in cast("dict[str, _Holder]", rows).values()
    ]


class _Holder(Protocol):
    id: str
    tenant: str


def _time(at: datetime | None) -> str:
    return format_time(at) if at is not None else ""


_ADDING = frozenset(
    {
        *(Action.PERSON_ADD, Action.SERVICE_ADD),
        *(Action.AGENCY_ADD, Action.RECIPIENT_ADD),
    }
)
_BUILDERS: dict[str, Callable[[Registry], list[_Row]]] = {
    "tenant": _tenants,
    "person": _people,
    "service": _services,
    "recipient": _recipients,
    "freeze": _freezes,
    "contact": _contacts,
    "agency": _agencies,
    "budget": _budgets,
    "consent": _consents,
    "route": _routes,
    "domain": _domains,
    "use": _uses,
}


def _tenant_name(registry: Registry, tenant_id: str) -> str:
    tenant = registry.tenants.get(tenant_id)
    return tenant.name if tenant else "(operator)"
