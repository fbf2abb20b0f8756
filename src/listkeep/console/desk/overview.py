"""All lists at a glance: how large, what is in them, who touched them last."""

from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import give_csv, show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Ways, ask
from listkeep.wire.answers import DockChange, DockHistogram, DockList

from .ages import MAX_AGE
from .lists import DAYS, growth_of
from .names import read_people
from .reaching import read_reach
from .series import HEIGHT, WIDTH, path_of, spark
from .tables import write_csv

_PICTURED: Final = 24
"""Lists whose facets and last touch are shown: each is asked for."""
_BARS: Final = 8


@dataclass(frozen=True, slots=True)
class Tiny:
    """A facet in a hand's breadth: its most frequent values, side by side."""

    facet: str
    path: str

    width, height = WIDTH, HEIGHT


@dataclass(frozen=True, slots=True)
class Glance:
    """One list as a row."""

    list: DockList
    line: str  # how it grew
    facets: tuple[Tiny, ...]
    touch: DockChange | None


@personal("GET")
def show_all(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show the lists one may see."""
    ways = visitor.ways
    named = ways.dock.show_lists()
    found = [
        ask(partial(ways.dock.show_list, one.id, max_age=MAX_AGE, days=DAYS))
        for one in named
    ]
    lists = [panel.value or one for panel, one in zip(found, named, strict=True)]
    if request.GET.get("as") == "csv":
        return give_csv("lists", _as_csv(lists))
    context = {
        "visitor": visitor,
        "rows": [
            _glance(ways, one, is_pictured=place < _PICTURED)
            for place, one in enumerate(lists)
        ],
        "people": read_people(visitor),
        "reach": read_reach(visitor),
    }
    return show(request, "lists", context)


def _glance(ways: Ways, found: DockList, *, is_pictured: bool) -> Glance:
    line = spark(growth_of(found).lines[0].values)
    if not is_pictured:
        return Glance(found, line, (), None)
    facets = ask(partial(ways.dock.count_facets, found.id, "all", max_age=MAX_AGE))
    changes = ask(lambda: list(islice(ways.dock.read_history(found.id, limit=1), 1)))
    return Glance(
        found,
        line,
        tuple(map(_tiny, facets.value or ())),
        next(iter(changes.value or ()), None),
    )


def _tiny(histogram: DockHistogram) -> Tiny:
    ranked = sorted((bar.entries for bar in histogram.values), reverse=True)[:_BARS]
    ranked += [0] * (_BARS - len(ranked))
    # A gap behind each, or two alike would be one.
    path = path_of([n for entries in ranked for n in (entries, 0)], ranked[0])
    return Tiny(histogram.facet, path)


def _as_csv(lists: list[DockList]) -> str:
    names = ("name", "entries", "created_at", "facets", "sealed_fields")
    statuses = list(dict.fromkeys(name for one in lists for name in one.statuses))
    return write_csv(
        (*names, *statuses),
        (
            (
                *(one.name, one.entries, one.created_at),
                *(len(one.facets), len(one.fields)),
                *(one.statuses.get(name) for name in statuses),
            )
            for one in lists
        ),
    )
