"""My desk: what waits for me, what I asked for, what is unusual."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import ask
from listkeep.wire import messages as m

from .activity import newest_notices
from .again import find_ending
from .wording import Line, line_of

_SHOWN = 8


@personal("GET")
def desk(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show what a person begins the day with."""
    ways = visitor.ways
    message = m.ShowRequest(
        session=ways.session, states=("waiting", "granted"), awaited=True
    )
    asked = ask(lambda: ways.keeper.show_requests(message))
    lines = [line_of(view) for view in asked.value.requests] if asked.value else []
    piles = _sort(lines, visitor.principal.name)
    context = {
        "visitor": visitor,
        "requests": asked,
        **piles,
        "notices": ask(lambda: newest_notices(ways, limit=_SHOWN)),
        "incidents": ask(ways.dock.show_incidents),
        "lists": None if visitor.is_operator else ask(ways.dock.show_lists),
        "freezes": _freezes(visitor),
        "ending": find_ending(
            asked.value.requests if asked.value else (), now=datetime.now(UTC)
        ),
    }
    return show(request, "home", context)


def _sort(lines: list[Line], name: str) -> dict[str, list[Line]]:
    """Tell what waits for oneself from what waits for others, newest first."""
    newest = lines[::-1]
    waiting = [one for one in newest if one.state == "waiting" and one.who != name]
    mine = [one for one in newest if one.who == name and one.is_open]
    return {
        "waiting": [one for one in waiting if one.awaits_you],
        "elsewhere": [one for one in waiting if not one.awaits_you][:_SHOWN],
        "mine": mine[:_SHOWN],
    }


def _freezes(visitor: Visitor) -> list[dict[str, str]]:
    if not visitor.administers:
        return []
    message = m.ShowRegistry(session=visitor.session, kind="freeze")
    found = ask(lambda: visitor.ways.keeper.show_registry(message).rows)
    return list(found.value or ())
