"""The registry as rows for people to read."""

from listkeep.core.errors import MalformedError
from listkeep.core.grants import OPERATOR_ROLES, Right, Role, format_time
from listkeep.core.registry.facts import Person
from listkeep.core.registry.passkeys import Kind
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.custody.lists import require_right
from listkeep.keeper.gate.sign_in.callers import principal_of

_Row = dict[str, str]
_FOR_SENDERS = frozenset({"route", "domain"})
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
    if person.role is not Role.CUSTODIAN:
        right = Right.SEND if kind in _FOR_SENDERS else Right.ADMINISTER
        require_right(principal_of(person), right)
    builders = {
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
    }
    if kind not in builders:
        raise MalformedError(
            "the registry has no such kind", hint=f"one of {', '.join(builders)}"
        )
    everything = person.role in OPERATOR_ROLES
    return tuple(
        {
            **row,
            "tenant": _tenant_name(registry, row["tenant"]),
        }
        for row in builders[kind](registry)
        if everything
        or row["tenant"] == person.tenant
        or (kind == "route" and not row["tenant"])
    )


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


def _tenant_name(registry: Registry, tenant_id: str) -> str:
    tenant = registry.tenants.get(tenant_id)
    return tenant.name if tenant else "(operator)"
