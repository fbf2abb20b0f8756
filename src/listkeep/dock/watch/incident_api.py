"""The API of incidents: which there are for whom, and who closes them, the keeper says.

The timeline and the notes are the dock's.
"""

from django.utils import timezone
from ninja import Router

from listkeep.core.grants import format_time
from listkeep.dock.lists.access import Bearer, CallerRequest, not_signed_in
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.shapes import Id, shape_of
from listkeep.wire import messages as m
from listkeep.wire.answers import DockIncident, DockIncidentLine, DockIncidents
from listkeep.wire.messages import incidents as i

from . import incidents, shapes
from .models import Incident
from .sentences import describe_incident

router = Router(auth=Bearer(), tags=["incidents"])


@router.get("/incidents", response=shape_of(DockIncidents))
def read_incidents(request: CallerRequest) -> DockIncidents:
    """Read the incidents you may know of: owners their tenant's, custodians all."""
    known = _known(request)
    rows = incidents.rows_of(known)
    return DockIncidents(incidents=tuple(_view(each, rows[each.id]) for each in known))


@router.get("/incidents/{incident_id}", response=shape_of(DockIncident))
def read_incident(request: CallerRequest, incident_id: Id) -> DockIncident:
    """Read one incident and its story."""
    [known] = _known(request, incident_id)
    return _whole(known)


@router.post("/incidents/{incident_id}/notes", response=shape_of(DockIncident))
def add_note(
    request: CallerRequest, incident_id: Id, note: shapes.Note
) -> DockIncident:
    """Write down what you found out; everybody who may know the incident reads it."""
    [known] = _known(request, incident_id)
    who = get_keeper().who_am_i(m.WhoAmI(session=request.auth.session))
    incidents.add_note(known, note.text, who=who.name, now=timezone.now())
    return _whole(known)


@router.post("/incidents/{incident_id}/close", response=shape_of(DockIncident))
def close_incident(
    request: CallerRequest, incident_id: Id, closing: shapes.Closing
) -> DockIncident:
    """Close an incident, for a reason that is kept in the ledger."""
    if not request.auth.session:
        raise not_signed_in()
    known = get_keeper().close_incident(
        i.CloseIncident(
            caller=request.auth,
            incident=incident_id,
            reason=closing.reason,
            accepts=closing.accept,
        )
    )
    incidents.sync([known], now=timezone.now())
    return _whole(known)


def _known(
    request: CallerRequest, incident_id: str | None = None
) -> tuple[i.Incident, ...]:
    """Ask the keeper what this caller may know, and bring the table in line."""
    if not request.auth.session:
        raise not_signed_in()
    message = i.ShowIncidents(caller=request.auth, incident=incident_id)
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
