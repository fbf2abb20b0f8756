"""Incidents: opened by the keeper's own findings and by the dock's, closed by people.

What the dock says it found is its word; it can cry wolf, once for each kind and list,
and it cannot take anything back. Closing is for those whose rows they are.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from listkeep.core.errors import Code, ConflictError, MalformedError, RefusedError
from listkeep.core.grants import Right, Role, format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import ListFacts, Person, Service
from listkeep.core.registry.held_keys import LONGEST_RENEWAL, renewal_due_at
from listkeep.core.registry.incidents import (
    COUNTED,
    KEEPERS_OWN,
    IncidentFacts,
    IncidentKind,
    find_open,
    may_close,
)
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.refusals import recorded_refusals
from listkeep.keeper.gate.sign_in.callers import principal_of
from listkeep.keeper.gate.sign_in.sessions import resolve_session
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire.identifiers import new_id
from listkeep.wire.messages import incidents as i

_SETTLING = timedelta(days=1)
_LOOK_EVERY = timedelta(minutes=1)


def open_incident(  # noqa: PLR0913 - keyword-only, one fact each
    turn: Turn, kind: IncidentKind, *, tenant: str, list_id: str, found: int, by: str
) -> None:
    """Record that something is wrong, unless an incident for it is open."""
    if find_open(turn.registry, kind, tenant=tenant, list_id=list_id) is None:
        turn.append(
            Event.INCIDENT_OPENED,
            {
                "incident": new_id("w"),
                "kind": kind.value,
                "tenant": tenant,
                "found": str(found),
                "by": by,
            },
            list_id=list_id,
        )


def report_incident(
    gate: Gate, message: i.OpenIncident, *, carrier: Service, now: datetime
) -> i.Incident:
    """Take the dock's word that something is wrong; give the incident it is part of.

    Raises:
        MalformedError: There is no such kind.
        RefusedError: There is no such list or tenant.
    """
    if message.kind not in frozenset(IncidentKind) - KEEPERS_OWN:
        raise MalformedError(
            "there is no such kind of incident",
            hint=f"one of {', '.join(sorted(frozenset(IncidentKind) - KEEPERS_OWN))}",
        )
    kind, list_id = IncidentKind(message.kind), message.list or ""
    with gate.turn(now) as turn:
        tenant = _whose(turn.registry, message)
        open_incident(
            turn,
            kind,
            tenant=tenant,
            list_id=list_id,
            found=message.found,
            by=carrier.id,
        )
    with gate.view(now) as registry:
        known = find_open(registry, kind, tenant=tenant, list_id=list_id)
        if known is None:  # somebody closed it in this moment
            raise ConflictError("the incident was closed just now", code=Code.BUSY)
        return describe_incident(registry, known)


def close_incident(
    gate: Gate, message: i.CloseIncident, *, carrier: Service, now: datetime
) -> i.Incident:
    """Close an incident: an owner the tenant's, a custodian the operator's.

    Raises:
        RefusedError: There is none for this caller, or closing is not theirs.
        ConflictError: It is closed already.
    """
    with (
        recorded_refusals(gate, "incident", now=now) as attempt,
        gate.turn(now) as turn,
    ):
        person = resolve_session(
            gate, turn.registry, message.caller.session, service=carrier.id, now=now
        )
        known = turn.registry.incidents.get(message.incident)
        attempt.who = person.id if known else ""
        known = _require_closing(person, known)
        fields = {
            "incident": known.id,
            "kind": known.kind.value,
            "tenant": known.tenant,
            "person": person.id,
            "reason": message.reason,
        }
        if message.accepts and known.kind in COUNTED and known.list_id:
            fields[COUNTED[known.kind]] = str(known.found)
        turn.append(Event.INCIDENT_CLOSED, fields, list_id=known.list_id)
    with gate.view(now) as registry:
        return describe_incident(registry, registry.incidents[known.id])


def open_overdue(gate: Gate, *, now: datetime) -> None:
    """Open an incident for what a dock should have done to a list long ago.

    That is to look it over, at the latest after two periods, and to have its key
    replaced. Whoever stops such a sweep, or has it begin again and again, is noticed by
    this. A keeper that was just started waits for a day: the dock was away as well.
    """
    gate.asked_since = gate.asked_since or now
    if now < max(gate.asked_since + _SETTLING, gate.look_again_at or now):
        return
    gate.look_again_at = now + _LOOK_EVERY
    with gate.view(now) as registry:
        overdue = list(_overdue(gate, registry, now))
    if not overdue:
        return
    with gate.turn(now) as turn:
        for kind, found in overdue:
            open_incident(
                turn,
                kind,
                tenant=found.tenant,
                list_id=found.id,
                found=1,
                by="keeper",
            )


def describe_incident(registry: Registry, known: IncidentFacts) -> i.Incident:
    """Write an incident down with the names it has today."""
    tenant = registry.tenants.get(known.tenant)
    found = registry.lists.get(known.list_id)
    closer = registry.people.get(known.closed_by)
    return i.Incident(
        id=known.id,
        kind=known.kind.value,
        tenant=known.tenant,
        tenant_name=tenant.name if tenant else "",
        list=known.list_id,
        list_name=found.name if found else "",
        found=known.found,
        opened_at=format_time(known.opened_at),
        closed_at=format_time(known.closed_at) if known.closed_at else "",
        closed_by=closer.name if closer else known.closed_by,
        reason=known.reason,
    )


def _whose(registry: Registry, message: i.OpenIncident) -> str:
    if message.list is not None and message.list in registry.lists:
        return registry.lists[message.list].tenant
    tenant = message.tenant or ""
    if message.list is None and (not tenant or tenant in registry.tenants):
        return tenant
    raise RefusedError("there is no such list or tenant", code=Code.NOT_FOUND)


def _require_closing(person: Person, known: IncidentFacts | None) -> IncidentFacts:
    is_custodian = person.role is Role.CUSTODIAN
    is_owner = Right.ADMINISTER in principal_of(person).rights
    is_own = known is not None and known.tenant == person.tenant
    if known is None or not (is_custodian or (is_owner and is_own)):
        raise RefusedError("there is no such incident", code=Code.NOT_FOUND)
    if not may_close(person, known):
        raise RefusedError(
            "an owner of the tenant closes this incident",
            hint="ask one of them; a custodian closes the operator's own",
        )
    if not known.is_open:
        raise ConflictError("this incident is closed", code=Code.NOT_WAITING)
    return known


def _overdue(
    gate: Gate, registry: Registry, now: datetime
) -> Iterator[tuple[IncidentKind, ListFacts]]:
    """Name what was left undone, and since nobody closed an incident about it."""
    closed: dict[tuple[IncidentKind, str], datetime] = {}
    for known in registry.incidents.values():
        closed[known.kind, known.list_id] = known.closed_at or now
    for found in registry.lists.values():
        if not found.keys:  # there is nothing left to look over or to renew
            continue
        looked_at = registry.holding(found.id).scrubbed_at or found.created_at
        due_at = renewal_due_at(found.keys, every=gate.renew_period)
        for kind, since, patience in (
            (IncidentKind.SCRUB_OVERDUE, looked_at, 2 * gate.scrub_period),
            (IncidentKind.RENEWAL_OVERDUE, due_at, LONGEST_RENEWAL),
        ):
            if max(since, closed.get((kind, found.id), since)) < now - patience:
                yield kind, found
