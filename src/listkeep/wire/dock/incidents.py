"""What was found wrong: read it, write down what one knows, close it."""

from listkeep.wire.answers import DockIncident, DockIncidents

from .calls import Calls, part


class IncidentCalls(Calls):
    """What owners and custodians ask about incidents."""

    def show_incidents(self) -> tuple[DockIncident, ...]:
        """Read the incidents the caller may know of, without their stories."""
        return self.get("incidents", DockIncidents).incidents

    def show_incident(self, incident: str) -> DockIncident:
        """Read one incident and its story."""
        return self.get(f"incidents/{part(incident)}", DockIncident)

    def note_incident(self, incident: str, text: str) -> DockIncident:
        """Write down what one knows; no at sign, so that no address stands there."""
        path = f"incidents/{part(incident)}/notes"
        return self.send("POST", path, {"text": text}, DockIncident)

    def close_incident(
        self, incident: str, *, reason: str, accept: bool = False
    ) -> DockIncident:
        """Close an incident; with ``accept`` what was found is so from now on."""
        path = f"incidents/{part(incident)}/close"
        body = {"reason": reason, "accept": accept}
        return self.send("POST", path, body, DockIncident)
