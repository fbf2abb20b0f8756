"""One list: how large, what is in it, what changed it; never who is in it."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from listkeep.console.web.answers import give_csv, show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Panel, Ways, ask
from listkeep.core.errors import Code, RefusedError
from listkeep.looks.marking import gettext_noop
from listkeep.wire.answers import DockChange, DockCount, DockHistogram, DockList

from .ages import MAX_AGE
from .names import read_people
from .reaching import Reach, read_reach, write_reach
from .series import Series, list_growth
from .tables import write_csv

_HISTORY_SHOWN = 8
_BARS_SHOWN = 8
_SEGMENT = 2000
DAYS = 90
"""How far back a list's growth is shown."""


@dataclass(frozen=True, slots=True)
class Bars:
    """A facet as a small picture: its most frequent values, and the rest."""

    facet: str
    bars: tuple[tuple[object, int, str], ...]  # value, entries, segment
    other: int
    total: int


@personal("GET")
def show_one(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show one list: its segments, examples, history."""
    ways, segment = visitor.ways, _segment(request)
    found = ways.dock.show_list(name, max_age=MAX_AGE, days=DAYS)
    growth = growth_of(found)
    if request.GET.get("as") == "growth":
        return give_csv(f"{found.name}-growth", _growth_csv(growth))
    if request.GET.get("as") == "facet":
        name = request.GET.get("facet", "")
        return give_csv(f"{found.name}-facet", _facet_csv(ways, found, segment, name))
    reach = read_reach(visitor)
    if request.GET.get("as") == "who":
        return give_csv(f"{found.name}-who", _who_csv(reach))
    context = {
        "visitor": visitor,
        "list": found,
        "growth": growth,
        "segment": segment,
        "count": ask(lambda: _count(ways, found, segment)),
        "facets": ask(lambda: _bars(ways, found, segment)),
        "sample": ask(lambda: ways.dock.read_sample(found.id, segment)),
        "history": ask(lambda: _history(ways, found.id)),
        "people": read_people(visitor),
        "reach": reach,
    }
    return show(request, "list", context)


@personal("GET")
def count(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Count a segment while it is typed, and show what it looks like."""
    ways, segment = visitor.ways, _segment(request)
    found = ways.dock.show_list(name, max_age=MAX_AGE)
    context = {
        "visitor": visitor,
        "list": found,
        "segment": segment,
        "count": ask(lambda: _count(ways, found, segment)),
        "facets": ask(lambda: _bars(ways, found, segment)),
        "sample": ask(lambda: ways.dock.read_sample(found.id, segment)),
    }
    return show(request, "_segment", context)


@personal("GET")
def show_history(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show everything that changed a list."""
    found = visitor.ways.dock.show_list(name, max_age=MAX_AGE)
    changes = list(visitor.ways.dock.read_history(found.id, limit=500))
    if request.GET.get("as") == "csv":
        return give_csv(f"{found.name}-history", _history_csv(changes))
    context = {
        "visitor": visitor,
        "list": found,
        "history": Panel(changes),
        "people": read_people(visitor),
    }
    return show(request, "history", context)


def _who_csv(reach: Panel[tuple[Reach, ...]] | None) -> str:
    if reach is None:
        raise RefusedError(gettext_noop("there is no such table"), code=Code.NOT_FOUND)
    if reach.error:  # a file without rows would say that nobody reaches it
        raise reach.error
    return write_reach(reach.value or ())


def growth_of(found: DockList) -> Series:
    """Show how a list grew in the last days."""
    return list_growth(found, days=DAYS, now=timezone.now())


def _segment(request: HttpRequest) -> str:
    return request.GET.get("segment", "").strip()[:_SEGMENT] or "all"


def _count(ways: Ways, found: DockList, segment: str) -> DockCount:
    return ways.dock.count(found.id, segment, max_age=MAX_AGE)


def _history(ways: Ways, list_id: str) -> list[DockChange]:
    return list(ways.dock.read_history(list_id, limit=_HISTORY_SHOWN))


def _bars(ways: Ways, found: DockList, segment: str) -> list[Bars]:
    types = dict(each.split(":", 1) for each in found.facets)
    return [
        _picture(histogram, types.get(histogram.facet, "text"), segment)
        for histogram in ways.dock.count_facets(found.id, segment, max_age=MAX_AGE)
    ]


def _picture(histogram: DockHistogram, kind: str, segment: str) -> Bars:
    ranked = sorted(histogram.values, key=lambda bar: -bar.entries)
    shown = ranked[:_BARS_SHOWN]
    other = histogram.other + sum(bar.entries for bar in ranked[_BARS_SHOWN:])
    bars = tuple(
        (bar.value, bar.entries, _narrow(segment, histogram.facet, bar.value, kind))
        for bar in shown
    )
    total = max((bar.entries for bar in shown), default=0)
    return Bars(histogram.facet, bars, other, max(total, other))


def _narrow(segment: str, facet: str, value: object, kind: str) -> str:
    """Write the segment of those in this one who have a value."""
    if value is None:
        test = f"{facet} is missing"
    elif isinstance(value, bool):
        test = f"{facet} = {str(value).lower()}"
    elif kind == "int":
        test = f"{facet} = {value}"
    else:
        quoted = str(value).replace("\\", "\\\\").replace('"', '\\"')
        test = f'{facet} = "{quoted}"'
    return test if segment == "all" else f"({segment}) and {test}"


def _facet_csv(ways: Ways, found: DockList, segment: str, name: str) -> str:
    """Write all values of one facet, also those the picture leaves out.

    Raises:
        RefusedError: The list has no such facet.
    """
    every = ways.dock.count_facets(found.id, segment, max_age=MAX_AGE)
    one = next((each for each in every if each.facet == name), None)
    if one is None:
        raise RefusedError(gettext_noop("there is no such table"), code=Code.NOT_FOUND)
    rows = [(bar.value, bar.entries) for bar in one.values]
    others = [(gettext("others"), one.other)] if one.other else []
    return write_csv((name, "entries"), [*rows, *others])


def _growth_csv(growth: Series) -> str:
    names = ("day", "entries", "added", "status_changed", "removed")
    return write_csv(names, ((at[:10], *numbers) for at, numbers in growth.rows))


def _history_csv(changes: list[DockChange]) -> str:
    names = ("number", "at", "kind", "who", "added", "updated", "removed")
    return write_csv(names, ([getattr(one, n) for n in names] for one in changes))
