"""Activity by the hour: how much there was to record, and how much was turned away.

It is counted when it is looked at, from the newest entries: a ledger without an end is
not read through for a picture.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import give_csv, show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Ways
from listkeep.core.ledger.events import Event

from .activity import read_fields, read_page
from .series import HEIGHT, WIDTH
from .tables import write_csv
from .wanted import Wanted

HOURS: Final = 48
_LEAST: Final = 3  # of the picture's height: one of many is seen as well
_PAGE: Final = 1000
_PAGES: Final = 4
_HOUR: Final = timedelta(hours=1)
_TIME: Final = "%Y-%m-%dT%H:00:00Z"
_TURNED_AWAY: Final = frozenset(
    event for event in Event if event.endswith((".refused", ".denied"))
)


@dataclass(slots=True)
class Hour:
    """What was recorded in one hour, as far as one may read it."""

    at: str
    entries: int = 0
    turned_away: int = 0
    newest: int = -1  # its last entry

    @property
    def before(self) -> int:
        """Where to begin to read backwards, so that it comes first."""
        return self.newest + 1

    @property
    def clock(self) -> str:
        """Its beginning, for a label that no script rewrites."""
        return f"{self.at[:10]} {self.at[11:16]} UTC"

    def count(self, index: int, event: str) -> None:
        """Count one entry."""
        self.entries += 1
        self.turned_away += event in _TURNED_AWAY
        self.newest = max(self.newest, index)


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour in the picture, as paths: what leads to it, and its two heights."""

    hour: Hour
    whole: str
    entries: str
    turned_away: str


@dataclass(frozen=True, slots=True)
class Day:
    """The newest hours, and how far back the entries reached that were read."""

    hours: tuple[Hour, ...]
    read: int
    is_whole: bool

    @property
    def most(self) -> int:
        """The most there was in an hour."""
        return max((hour.entries for hour in self.hours), default=0)

    @property
    def rows(self) -> list[Hour]:
        """The hours in which there was anything, the newest first."""
        return [hour for hour in reversed(self.hours) if hour.entries]

    @property
    def bars(self) -> list[Bar]:
        """Lay the hours side by side."""
        step = WIDTH / len(self.hours)

        def draw(place: int, number: int) -> str:
            height = max(HEIGHT * number / self.most, _LEAST if number else 0)
            x, width = f"{place * step:.2f}", f"{step * 0.8:.2f}"
            return f"M{x} {HEIGHT}v-{height:.2f}h{width}v{height:.2f}z"

        return [
            Bar(
                hour,
                whole=draw(place, self.most),
                entries=draw(place, hour.entries),
                turned_away=draw(place, hour.turned_away),
            )
            for place, hour in enumerate(self.hours)
            if hour.entries
        ]


@personal("GET")
def show_hours(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show activity by the hour: as a part of its page, or alone."""
    wanted = Wanted.read(request)
    found = count_hours(visitor.ways, wanted, now=datetime.now(UTC))
    if request.GET.get("as") == "csv":
        names = ("hour", "entries", "turned_away")
        rows = ((one.at, one.entries, one.turned_away) for one in found.hours)
        return give_csv("activity-hours", write_csv(names, rows))
    context = {"visitor": visitor, "day": found, "wanted": wanted, "hours": HOURS}
    is_part = request.headers.get("HX-Request") == "true"
    return show(request, "_hours" if is_part else "hours", context)


def count_hours(ways: Ways, wanted: Wanted, *, now: datetime) -> Day:
    """Count the entries that are wanted by the hour they were recorded in."""
    first = now - (HOURS - 1) * _HOUR
    hours = {
        at: Hour(at)
        for at in (f"{first + place * _HOUR:{_TIME}}" for place in range(HOURS))
    }
    size = end = ways.keeper.health().ledger_size
    is_whole = False
    for _ in range(_PAGES):
        if is_whole or end <= 0:
            break
        start = max(end - _PAGE, 0)
        page = read_page(ways, start, limit=end - start)
        for each in page.entries:
            if fields := read_fields(each):
                hour = hours.get(f"{fields['at'][:13]}:00:00Z")
                is_whole = is_whole or hour is None
                if hour is not None and wanted.takes(fields):
                    hour.count(each.index, fields["event"])
        end = start
    return Day(tuple(hours.values()), size - end, is_whole or end <= 0)
