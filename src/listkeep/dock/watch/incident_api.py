"""The API of incidents."""

from ninja import Router

from listkeep.dock.lists.access import Bearer, CallerRequest
from listkeep.dock.lists.shapes import Id, shape_of
from listkeep.wire.answers import DockIncident, DockIncidents

from . import knowing, shapes

router = Router(auth=Bearer(), tags=["incidents"])


@router.get("/incidents", response=shape_of(DockIncidents))
def read_incidents(request: CallerRequest) -> DockIncidents:
    """Read the incidents you may know of: owners their tenant's, custodians all."""
    return DockIncidents(incidents=knowing.read_all(request.auth))


@router.get("/incidents/{incident_id}", response=shape_of(DockIncident))
def read_incident(request: CallerRequest, incident_id: Id) -> DockIncident:
    """Read one incident and its story."""
    return knowing.read_one(request.auth, incident_id)


@router.post("/incidents/{incident_id}/notes", response=shape_of(DockIncident))
def add_note(
    request: CallerRequest, incident_id: Id, note: shapes.Note
) -> DockIncident:
    """Write down what you found out; everybody who may know the incident reads it."""
    return knowing.write_note(request.auth, incident_id, note.text)


@router.post("/incidents/{incident_id}/close", response=shape_of(DockIncident))
def close_incident(
    request: CallerRequest, incident_id: Id, closing: shapes.Closing
) -> DockIncident:
    """Close an incident, for a reason that is kept in the ledger."""
    return knowing.close(
        request.auth, incident_id, reason=closing.reason, accepts=closing.accept
    )
