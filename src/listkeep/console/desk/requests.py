"""Requests: what was asked for, what is missing, who signed."""

import json
from typing import Final, get_args

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import give_csv, show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import ask
from listkeep.core.grants import Action, Terms
from listkeep.wire import messages as m
from listkeep.wire.messages import policies as p

from .tables import write_csv
from .wording import Line, line_of

STATES: Final[tuple[m.RequestState, ...]] = tuple(
    state for state in get_args(m.RequestState) if state != "draft"
)
_SHOWN: Final = 100
_TIMES: Final = ("until", "began", "ended")
_TOLD: Final = ("new", "changed")  # a sentence in each line


@personal("GET")
def show_all(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show requests, newest first, by their state."""
    as_csv = request.GET.get("as") == "csv"
    state = request.GET.get("state", "")
    chosen = [each for each in STATES if each == state]
    message = m.ShowRequest(
        session=visitor.session,
        states=tuple(chosen),
        newest=None if as_csv else _SHOWN,
        before=request.GET.get("before", "")[:40] or None,
    )
    found = visitor.ways.keeper.show_requests(message)
    lines = [line_of(view) for view in reversed(found.requests)]
    if as_csv:
        return give_csv("requests", _as_csv(lines))
    context = {
        "visitor": visitor,
        "state": chosen[0] if chosen else "",
        "states": [(each, found.counts.get(each, 0)) for each in STATES],
        "total": sum(found.counts.values()),
        "lines": lines,
        "older": found.older,
    }
    return show(request, "requests", context)


@personal("GET")
def show_one(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show one request: the keeper's words, and the exact bytes."""
    session, keeper = visitor.session, visitor.ways.keeper
    message = m.ShowRequest(session=session, request=name[:40])
    view = keeper.show_requests(message).requests[0]
    terms = Terms.parse(view.terms)
    action = terms.action
    asked = p.ExplainRequest(session=session, request=view.id)
    context = {
        "visitor": visitor,
        "view": view,
        "line": line_of(view),
        "is_copy": action is Action.EXPORT,
        "undo": _undo(terms) if action is Action.LIST_RESTORE else None,
        "is_send": action is Action.SEND,
        "facts": [(name, text) for name, text in view.facts.items() if text],
        "times": _TIMES,
        "told": _TOLD,
        "explained": ask(lambda: keeper.explain_request(asked)),
        "terms": json.dumps(json.loads(view.terms), indent=2),
    }
    return show(request, "request", context)


def _undo(terms: Terms) -> dict[str, str]:
    """Tell what is taken back, for the way to the dock's page of it."""
    return {"list": terms.list, "moment": terms.subject_fields()["moment"]}


def _as_csv(lines: list[Line]) -> str:
    names = ("id", "title", "state", "rows", "who", "purpose", "expires")
    return write_csv(names, ([getattr(one, n) for n in names] for one in lines))
