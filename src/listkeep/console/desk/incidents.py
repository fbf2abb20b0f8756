"""Incidents: what was found wrong, and what happened since."""

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import give_csv, show
from listkeep.console.web.doors import Visitor, personal

from .tables import write_csv


@personal("GET")
def show_all(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show incidents, the open ones first."""
    found = visitor.ways.dock.show_incidents()[::-1]
    ordered = sorted(found, key=lambda one: bool(one.closed_at))
    if request.GET.get("as") == "csv":
        names = ("id", "kind", "state", "list", "found", "opened_at", "closed_at")
        rows = ([getattr(one, name) for name in names] for one in ordered)
        return give_csv("incidents", write_csv(names, rows))
    return show(request, "incidents", {"visitor": visitor, "incidents": ordered})


@personal("GET")
def show_one(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show one incident and its story."""
    incident = visitor.ways.dock.show_incident(name)
    if request.GET.get("as") == "csv":
        names = ("at", "who", "what", "text")
        lines = ([getattr(one, name) for name in names] for one in incident.timeline)
        return give_csv(incident.id, write_csv(names, lines))
    return show(request, "incident", {"visitor": visitor, "incident": incident})
