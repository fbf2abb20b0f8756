"""The inbox: what waits for me, what I asked for, what was decided lately.

There is no list of everything and no search: who works here decides, or asks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.core.registry.facts import Person, RequestFacts
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.decisions.descriptions import name_of
from listkeep.keeper.gate.decisions.requests import drafts_of
from listkeep.keeper.gate.decisions.showing import show_requests
from listkeep.keeper.gate.decisions.signers import awaits
from listkeep.keeper.gate.sign_in.sessions import DIRECT
from listkeep.wire import messages as m

from .answers import show_time
from .consents import in_force, say_consent
from .guard import landing
from .visits import Visit, signed_in
from .wording import title_of

_LATELY: Final = timedelta(days=14)
_SHOWN: Final = 12
_LOOKED_AT: Final = 100  # of those decided, the ones asked for last
_OPEN: Final = ("waiting", "granted")
_CLOSED: Final = ("done", "denied", "expired")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One request in the inbox."""

    id: str
    title: str
    rows: str
    who: str
    purpose: str
    state: str
    note: str
    news: str = ""  # what is new about a send


@landing
@signed_in
def inbox(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the three piles."""
    piles = _sort(visit)
    with visit.gate.view(visit.now) as registry:
        guests = [
            say_consent(registry, each)
            for each in in_force(registry, visit.person, now=visit.now)
        ]
    return visit.page(request, "inbox.html", guests=guests, **piles)


def _sort(visit: Visit) -> dict[str, list[Line]]:
    views = (*_ask(visit, *_CLOSED, newest=_LOOKED_AT), *_ask(visit, *_OPEN))
    piles: dict[str, list[Line]] = {"waiting": [], "mine": []}
    decided: list[tuple[datetime, Line]] = []
    with visit.gate.view(visit.now) as registry:
        piles["prepared"] = [
            _draft(registry, request)
            for request in drafts_of(
                visit.gate, registry, visit.person.id, now=visit.now
            )
        ]
        for view in reversed(views):
            request = registry.requests[view.id]
            line = _line(registry, request, view)
            if view.state == "waiting" and awaits(
                registry, request, visit.person, now=visit.now
            ):
                piles["waiting"].append(line)
            elif view.state in _OPEN and _is_mine(request, visit.person):
                piles["mine"].append(line)
            elif view.state not in _OPEN:
                decided.append((_decided_at(request, view.state), line))
    lately = [pair for pair in decided if visit.now - pair[0] < _LATELY]
    lately.sort(key=lambda pair: pair[0], reverse=True)
    return {**piles, "decided": [line for _, line in lately[:_SHOWN]]}


def _ask(
    visit: Visit, *states: m.RequestState, newest: int | None = None
) -> tuple[m.RequestView, ...]:
    message = m.ShowRequest(session=visit.token, states=states, newest=newest)
    shown = show_requests(visit.gate, message, service=DIRECT, now=visit.now)
    return shown.requests


def _draft(registry: Registry, request: RequestFacts) -> Line:
    """Describe what was prepared, here or by the console; nobody has signed it."""
    terms = request.terms
    return Line(
        id=request.id,
        title=title_of(registry, terms),
        rows=f"{terms.cap:,}" if terms.cap else "",
        who="",
        purpose=terms.purpose,
        state="draft",
        note=f"until {show_time(terms.expires)}",
    )


def _line(registry: Registry, request: RequestFacts, view: m.RequestView) -> Line:
    terms = request.terms
    return Line(
        id=view.id,
        title=title_of(registry, terms),
        rows=f"{terms.cap:,}" if terms.cap else "",
        who=name_of(registry, request.signed[0].person) if request.signed else "",
        purpose=terms.purpose,
        state=view.state,
        note=view.missing[0] if view.missing else _note(request, view.state),
        news=view.facts.get("new", "").replace("\n", "; ")
        if view.state == "waiting"
        else "",
    )


def _note(request: RequestFacts, state: str) -> str:
    if state == "granted":
        return f"to be used until {show_time(request.terms.expires)}"
    moment = request.terms.expires if state == "expired" else request.signed[-1].at
    return show_time(moment)


def _is_mine(request: RequestFacts, person: Person) -> bool:
    return any(signed.person == person.id for signed in request.signed[:1])


def _decided_at(request: RequestFacts, state: str) -> datetime:
    """Give the time since when nothing can be done about a request any more."""
    if state == "expired":
        return request.terms.expires
    return request.signed[-1].at if request.signed else request.terms.not_before
