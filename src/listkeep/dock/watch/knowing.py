"""Incidents as people work on them: which there are for whom, the keeper says.

The timeline and the notes are the dock's.
"""

from django.utils import timezone

from listkeep.core.grants import format_time
from listkeep.dock.lists.access import not_signed_in
from listkeep.dock.lists.keeper import get_keeper
from listkeep.wire import messages as m
from listkeep.wire.answers import DockIncident, DockIncidentLine
from listkeep.wire.messages import incidents as i

from . import incidents
from .models import Incident
from .sentences import describe_incident


def read_all(caller: m.Caller) -> tuple[DockIncident, ...]:
    """Read the incidents somebody may know of, without their stories.

    Raises:
        RefusedError: Nobody is signed in.
    """
    known = _known(caller)
    rows = incidents.rows_of(known)
    return tuple(_view(each, rows[each.id]) for each in known)


def read_one(caller: m.Caller, incident: str) -> DockIncident:
    """Read one incident and its story.

    Raises:
        RefusedError: There is none, as far as this person may know.
    """
    [known] = _known(caller, incident)
    return _whole(known)


def write_note(caller: m.Caller, incident: str, text: str) -> DockIncident:
    """Write down what somebody found out; everybody who may know it reads it.

    Raises:
        RefusedError: There is none, as far as this person may know.
    """
    [known] = _known(caller, incident)
    who = get_keeper().who_am_i(m.WhoAmI(session=caller.session))
    incidents.add_note(known, text, who=who.name, now=timezone.now())
    return _whole(known)


def close(
    caller: m.Caller, incident: str, *, reason: str, accepts: bool
) -> DockIncident:
    """Close an incident, for a reason that is kept in the ledger.

    Raises:
        RefusedError: It is not this person's to close, or is closed.
    """
    if not caller.session:
        raise not_signed_in()
    message = i.CloseIncident(
        caller=caller, incident=incident, reason=reason, accepts=accepts
    )
    known = get_keeper().close_incident(message)
    incidents.sync([known], now=timezone.now())
    return _whole(known)


def _known(caller: m.Caller, incident: str | None = None) -> tuple[i.Incident, ...]:
    """Ask the keeper what this caller may know, and bring the table in line."""
    if not caller.session:
        raise not_signed_in()
    message = i.ShowIncidents(caller=caller, incident=incident)
    known = get_keeper().show_incidents(message).incidents
    incidents.sync(known, now=timezone.now())
    return known


def _whole(known: i.Incident) -> DockIncident:
    row = incidents.rows_of([known])[known.id]
    lines = tuple(
        DockIncidentLine(
            at=format_time(line.at), who=line.who, what=line.what, text=line.text
        )
        for line in incidents.timeline(known.id)
    )
    return _view(known, row, lines)


def _view(
    known: i.Incident, row: Incident, lines: tuple[DockIncidentLine, ...] = ()
) -> DockIncident:
    """Show the keeper's facts; of the dock's row only what the keeper does not know."""
    is_taken_up = row.state == Incident.State.ACKNOWLEDGED
    still = Incident.State.ACKNOWLEDGED if is_taken_up else Incident.State.OPEN
    state = Incident.State.CLOSED if known.closed_at else still
    return DockIncident(
        id=known.id,
        kind=known.kind,
        sentence=describe_incident(known.kind, known.list_name),
        tenant=known.tenant_name or "(operator)",
        list=known.list_name,
        state=state.value,
        found=max(known.found, row.found),
        times=row.times,
        opened_at=known.opened_at,
        closed_at=known.closed_at,
        closed_by=known.closed_by,
        reason=known.reason,
        timeline=lines,
    )
