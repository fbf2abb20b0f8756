"""Requests: what was asked for, what is missing, who signed."""

import json

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import give_csv, show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import ask
from listkeep.wire import messages as m
from listkeep.wire.messages import policies as p

from .tables import write_csv
from .wording import Line, line_of

STATES = ("waiting", "granted", "done", "denied", "expired")
_SHOWN = 100


@personal("GET")
def show_all(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show requests, newest first, by their state."""
    session, keeper = visitor.session, visitor.ways.keeper
    views = keeper.show_requests(m.ShowRequest(session=session)).requests
    lines = [line_of(view) for view in reversed(views)]
    state = request.GET.get("state", "")
    chosen = [line for line in lines if state in ("", line.state)]
    if request.GET.get("as") == "csv":
        return give_csv("requests", _as_csv(chosen))
    context = {
        "visitor": visitor,
        "state": state,
        "states": [(each, sum(one.state == each for one in lines)) for each in STATES],
        "total": len(lines),
        "lines": chosen[:_SHOWN],
        "hidden": max(len(chosen) - _SHOWN, 0),
    }
    return show(request, "requests", context)


@personal("GET")
def show_one(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show one request: the keeper's words, and the exact bytes."""
    session, keeper = visitor.session, visitor.ways.keeper
    message = m.ShowRequest(session=session, request=name[:40])
    view = keeper.show_requests(message).requests[0]
    asked = p.ExplainRequest(session=session, request=view.id)
    context = {
        "visitor": visitor,
        "view": view,
        "line": line_of(view),
        "facts": list(view.facts.items()),
        "explained": ask(lambda: keeper.explain_request(asked)),
        "terms": json.dumps(json.loads(view.terms), indent=2),
    }
    return show(request, "request", context)


def _as_csv(lines: list[Line]) -> str:
    names = ("id", "title", "state", "rows", "who", "purpose", "expires")
    return write_csv(names, ([getattr(one, n) for n in names] for one in lines))
