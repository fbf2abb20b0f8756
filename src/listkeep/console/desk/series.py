"""Numbers over time: a picture that needs no script, and the table behind it.

The table has all there is. Where scripts run, the picture is drawn from it once more,
so that one can go along it (``charts.js``); nothing else is handed to a script.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

from django.utils.translation import gettext

from listkeep.wire.answers import DockDay, DockList
from listkeep.wire.dock.sends import DockSeries

WIDTH: Final = 600
HEIGHT: Final = 120
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_DAY: Final = timedelta(days=1)
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Line:
    """One row of numbers over time; one without a ``look`` is in the table alone."""

    name: str
    look: str  # the class that colors it
    values: Sequence[int]


@dataclass(frozen=True)
class Series:
    """Some lines over the same steps of time."""

    step_seconds: int
    times: Sequence[str]
    lines: Sequence[Line]
    is_stepped: bool = False  # a level, which holds until the next step

    @property
    def drawn(self) -> list[Line]:
        """The lines that are in the picture."""
        return [line for line in self.lines if line.look]

    @cached_property
    def most(self) -> int:
        """The largest number in the picture."""
        return max((n for line in self.drawn for n in line.values), default=0)

    @property
    def shapes(self) -> list[tuple[Line, str]]:
        """Write each line of the picture as the path of an SVG."""
        return [(line, path_of(line.values, self.most)) for line in self.drawn]

    @property
    def rows(self) -> list[tuple[str, list[int]]]:
        """The rows of the table: the steps in which there was anything."""
        columns = [line.values for line in self.lines]
        found = zip(self.times, zip(*columns, strict=True), strict=True)
        return [(at, list(numbers)) for at, numbers in found if any(numbers)]

    @property
    def is_daily(self) -> bool:
        """Whether its steps are days, which are those of UTC for every reader."""
        return self.step_seconds >= _DAY_SECONDS

    @property
    def first(self) -> str:
        """When the picture begins."""
        return self.times[0] if self.times else ""

    @property
    def last(self) -> str:
        """When its last step begins."""
        return self.times[-1] if self.times else ""


def path_of(values: Sequence[int], most: int) -> str:
    """Draw numbers as bars that stand side by side, in one path."""
    if not values or most <= 0:
        return ""
    width, parts = WIDTH / len(values), []
    for place, value in enumerate(values):
        if value > 0:
            height = HEIGHT * value / most
            parts.append(
                f"M{place * width:.1f} {HEIGHT}v-{height:.1f}h{width:.2f}v{height:.1f}z"
            )
    return "".join(parts)


def send_series(found: DockSeries) -> Series:
    """Show a send over time."""
    points = found.points
    lines = (
        (gettext("delivered"), "delivered", [point.delivered for point in points]),
        (gettext("under way"), "waiting", [point.waiting for point in points]),
        (gettext("failed"), "failed", [point.failed for point in points]),
    )
    times = [point.at for point in points]
    return Series(found.step_seconds, times, [Line(*line) for line in lines])


def list_growth(found: DockList, *, days: int, now: datetime) -> Series:
    """Show how a list grew: from today's size back over what changed it each day."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    known = {day.at: day for day in found.growth}
    times = [f"{today - n * _DAY:{_TIME}}" for n in range(days)]
    size, sizes = found.entries or 0, []
    for at in times:
        sizes.append(max(size, 0))
        if at in known:
            size -= known[at].added - known[at].removed
    nothing = DockDay(at="", added=0, changed=0, removed=0)
    shown = [known.get(at, nothing) for at in reversed(times)]
    lines = (
        (gettext("entries"), "subscribed", sizes[::-1]),
        (gettext("added"), "", [day.added for day in shown]),
        (gettext("status changed"), "", [day.changed for day in shown]),
        (gettext("removed"), "", [day.removed for day in shown]),
    )
    series = Series(
        *(_DAY_SECONDS, times[::-1], [Line(*line) for line in lines]), is_stepped=True
    )
    return _since(found.created_at, series)


def _since(created_at: str, series: Series) -> Series:
    """Leave out the days before there was a list."""
    first = f"{created_at[:10]}T00:00:00Z"
    place = next((n for n, at in enumerate(series.times) if at >= first), 0)
    return Series(
        series.step_seconds,
        series.times[place:],
        [Line(one.name, one.look, one.values[place:]) for one in series.lines],
        is_stepped=series.is_stepped,
    )


def spark(values: Iterable[int]) -> str:
    """Draw numbers as one thin line, from the lowest to the highest of them."""
    found = list(values)
    if len(found) < 2:
        return ""
    low, span = min(found), max(found) - min(found)
    step = 100 / (len(found) - 1)
    points = (
        f"{n * step:.1f} {18 - 16 * (value - low) / span if span else 10:.1f}"
        for n, value in enumerate(found)
    )
    return "M" + "L".join(points)
