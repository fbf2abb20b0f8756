"""Which keys there are, since when, and what became of those that were destroyed."""

from datetime import datetime

from listkeep.core.grants import format_time
from listkeep.core.registry.facts import ListFacts
from listkeep.core.registry.held_keys import (
    LEAST_AGE,
    LONGEST_RENEWAL,
    GoneKey,
    list_key,
    renewal_due_at,
)
from listkeep.core.registry.sending import SendingDomain
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.sign_in.sessions import DIRECT, resolve_session
from listkeep.keeper.gate.turns import Gate
from listkeep.wire.messages import keys as k

from .ledger_views import may_read


def show_keys(gate: Gate, message: k.ShowKeys, *, now: datetime) -> k.KeyRows:
    """Show an owner the keys of the own lists and domains, a custodian those of all.

    Raises:
        RefusedError: Nobody is signed in.
    """
    with gate.view(now) as registry:
        person = resolve_session(
            gate, registry, message.session, service=DIRECT, now=now
        )
        known = (*registry.lists.values(), *registry.shredded.values())
        until = max(registry.key_copies.values(), default=now)
        return k.KeyRows(
            rows=tuple(
                _row(gate, registry, found, now=now)
                for found in known
                if may_read(person, found.tenant)
            ),
            domains=tuple(
                _domain(registry, domain)
                for domain in registry.domains.values()
                if may_read(person, domain.tenant)
            ),
            copies_until=format_time(until) if until > now else "",
        )


def state_of_keys(found: ListFacts) -> k.ListKeys:
    """Say which keys a list holds, and when the older ones may go."""
    is_renewing = len(found.keys) > 1
    ready_at = format_time(found.keys[-1].since + LEAST_AGE) if is_renewing else ""
    return k.ListKeys(
        list=found.id,
        keys=tuple(
            k.KeyState(number=key.number, since=format_time(key.since))
            for key in found.keys
        ),
        ready_at=ready_at,
        tenant=found.tenant,
        index_keys=tuple(
            k.KeyState(number=key.number, since=format_time(key.since))
            for key in found.index_keys
        ),
    )


def count_overdue(gate: Gate, registry: Registry, *, now: datetime) -> int:
    """Count the lists with rows under a key that should be gone."""
    return sum(_is_overdue(gate, each, now=now) for each in registry.lists.values())


def _is_overdue(gate: Gate, found: ListFacts, *, now: datetime) -> bool:
    if not found.keys:
        return False
    due_at = renewal_due_at(found.keys, every=gate.renew_period)
    return due_at < now - LONGEST_RENEWAL


def _row(
    gate: Gate, registry: Registry, found: ListFacts, *, now: datetime
) -> k.KeyRow:
    gone = _gone_keys(registry, found)
    until = max((key.copies_until for key in gone if key.copies_until), default=now)
    is_gone = found.id in registry.shredded
    return k.KeyRow(
        keys=state_of_keys(found),
        name=found.name,
        tenant=_tenant(registry, found.tenant),
        entries=max(0, registry.entries.get(found.id, 0)),
        is_shredded=is_gone,
        destroyed_at=format_time(max(key.at for key in gone)) if gone else "",
        copies_until=format_time(until) if until > now else "",
        older_rows=0 if len(found.keys) == 1 else gate.rows_left.get(found.id),
        is_overdue=not is_gone and _is_overdue(gate, found, now=now),
    )


def _domain(registry: Registry, domain: SendingDomain) -> k.DomainKeys:
    return k.DomainKeys(
        id=domain.id,
        name=domain.name,
        tenant=_tenant(registry, domain.tenant),
        selectors=tuple(map(domain.selector_of, domain.algorithms)),
        since=format_time(domain.since) if domain.since else "",
    )


def _tenant(registry: Registry, tenant_id: str) -> str:
    tenant = registry.tenants.get(tenant_id)
    return tenant.name if tenant else tenant_id


def _gone_keys(registry: Registry, found: ListFacts) -> list[GoneKey]:
    names = (list_key(found.id, number) for number in range(found.newest_key + 1))
    table = registry.destroyed_keys
    return [table[name] for name in names if name in table]
