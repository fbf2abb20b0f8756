"""Work on an incident: write down what is known, and close it.

The console shows incidents and touches nothing; whoever works on one does it here.
"""

from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.core.errors import Code, ListkeepError, MalformedError
from listkeep.core.registry.incidents import COUNTED
from listkeep.dock.watch import knowing
from listkeep.looks.marking import Filled, gettext_noop

from .answers import go_to, show
from .doors import Visitor, personal

_LONGEST: Final = {"note": 500, "reason": 200}


@personal("GET", "POST")
def work_on(request: HttpRequest, visitor: Visitor, incident_id: str) -> HttpResponse:
    """Show an incident; take a note about it, or close it."""
    incident = knowing.read_one(visitor.caller, incident_id)
    context = {
        "visitor": visitor,
        "incident": incident,
        "can_accept": incident.kind in COUNTED and incident.list,
        "note": request.POST.get("note", ""),
        "reason": request.POST.get("reason", ""),
    }
    if request.method == "GET":
        return show(request, "incident", context)
    try:
        _act(request, visitor, incident_id)
    except ListkeepError as error:
        if error.code is Code.NOT_SIGNED_IN or type(error) is ListkeepError:
            raise
        context["error"] = error
        return show(request, "incident", context, status=error.status)
    return go_to(f"/incidents/{incident_id}")


def _act(request: HttpRequest, visitor: Visitor, incident_id: str) -> None:
    match request.POST.get("act", ""):
        case "note":
            text = _read(request, "note")
            knowing.write_note(visitor.caller, incident_id, text)
        case "close":
            knowing.close(
                visitor.caller,
                incident_id,
                reason=_read(request, "reason"),
                accepts="accept" in request.POST,
            )
        case _:
            raise MalformedError(
                gettext_noop("there is no such act"), code=Code.REQUEST_INVALID
            )


def _read(request: HttpRequest, field: str) -> str:
    """Read a text in which no address can stand."""
    text = " ".join(request.POST.get(field, "").split())
    if not text or len(text) > _LONGEST[field] or not text.isprintable():
        raise MalformedError(
            Filled(
                gettext_noop("write up to {most} characters"), most=str(_LONGEST[field])
            ),
            code=Code.REQUEST_INVALID,
            hint=gettext_noop("one paragraph, of letters a page can show"),
        )
    if "@" in text:
        raise MalformedError(
            gettext_noop("a text with an at sign could be an address"),
            code=Code.REQUEST_INVALID,
            hint=gettext_noop("name people and lists by their ids or names here"),
        )
    return text
