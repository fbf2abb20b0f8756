"""Incidents for those who may know of them: a tenant's owners, and custodians."""

from datetime import datetime

from listkeep.core.errors import Code, RefusedError
from listkeep.core.registry.facts import Service
from listkeep.keeper.gate.custody.incidents import describe_incident, open_overdue
from listkeep.keeper.gate.sign_in.callers import resolve_reader
from listkeep.keeper.gate.turns import Gate
from listkeep.wire.messages import incidents as i

from .ledger_views import may_read


def show_incidents(
    gate: Gate, message: i.ShowIncidents, *, carrier: Service, now: datetime
) -> i.Incidents:
    """Show incidents, open and closed: all of them, or those a person may know of.

    Raises:
        RefusedError: There is no such incident for this caller, or no live session.
    """
    open_overdue(gate, now=now)
    with gate.view(now) as registry:
        person = None
        if message.caller is not None:
            person = resolve_reader(
                gate, registry, message.caller, carrier=carrier, now=now
            )
        found = tuple(
            describe_incident(registry, known)
            for known in registry.incidents.values()
            if message.incident in (None, known.id)
            and (person is None or may_read(person, known.tenant))
        )
    if message.incident is not None and not found:
        raise RefusedError("there is no such incident", code=Code.NOT_FOUND)
    return i.Incidents(incidents=found)
