"""What people are to be told: notices, and the day in numbers.

A notice is made of ids, names and counts out of ledger entries, while they are
replayed. It holds no address, and nothing that somebody wrote freely: a purpose
would be a way to send words of one's own to everybody who is told.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice

from .agreements import Contact

KEPT = timedelta(days=31)
_TOLD_EACH = 10  # of the same, by the same person, on one day; then powers of ten


class Severity(StrEnum):
    """How soon somebody should look."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One ledger entry in the words of those it concerns."""

    index: int  # of the entry
    event: str
    at: datetime
    severity: Severity
    tenant: str  # empty: the operator
    tenant_name: str
    person: str
    person_name: str
    request: str = ""
    action: str = ""
    about: str = ""  # the name of whom or what an authority change is about
    list_name: str = ""
    rows: int = 0
    code: str = ""
    times: int = 1  # how often the same happened that day, this one included
    first_touch: bool = False  # by somebody who never touched this list before
    contacts: tuple[Contact, ...] = ()  # whom to tell, as they were then


@dataclass(slots=True)
class Tally:
    """A day in numbers."""

    requests: int = 0
    releases: int = 0
    rows: int = 0
    refusals: int = 0
    changes: int = 0  # of authority

    def add(self, other: "Tally") -> None:
        """Add another's numbers."""
        self.requests += other.requests
        self.releases += other.releases
        self.rows += other.rows
        self.refusals += other.refusals
        self.changes += other.changes


@dataclass(slots=True)
class Book:
    """Notices and tallies of the last 31 days, and what telling has to remember."""

    size: int = 0  # entries replayed
    notices: list[Notice] = field(default_factory=list)
    tallies: dict[date, dict[str, Tally]] = field(default_factory=dict)
    touched: set[tuple[str, str]] = field(default_factory=set)  # person, list
    names: dict[str, str] = field(default_factory=dict)  # also of those who left
    contacts: dict[str, Contact] = field(default_factory=dict)  # before the change
    _day: date = date.min
    _times: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def since(self, start: int, *, limit: int) -> list[Notice]:
        """Read notices from an index on, in order."""
        first = bisect_left(self.notices, start, key=_index)
        return self.notices[first : first + limit]

    def newest(self, wanted: Callable[[Notice], bool], *, limit: int) -> list[Notice]:
        """Read the newest notices of those that are wanted, in order."""
        return list(islice(filter(wanted, reversed(self.notices)), limit))[::-1]

    def find(self, index: int) -> Notice | None:
        """Find the notice of one entry."""
        found = self.since(index, limit=1)
        return found[0] if found and found[0].index == index else None

    def tally(self, at: datetime, tenant: str) -> Tally:
        """Get the numbers of one tenant and day, to be counted up."""
        self._turn(at)
        return self.tallies.setdefault(at.date(), defaultdict(Tally))[tenant]

    def totals(self, day: date, tenant: str) -> Tally:
        """Sum a day up: one tenant's, or everybody's for the operator."""
        total = Tally()
        for whose, tally in self.tallies.get(day, {}).items():
            if tenant in ("", whose):
                total.add(tally)
        return total

    def count(self, at: datetime, *what: str) -> int:
        """Count how often the same happened on this day."""
        self._turn(at)
        self._times[what] += 1
        return self._times[what]

    def _turn(self, at: datetime) -> None:
        """Begin a new day: forget what is old."""
        if at.date() <= self._day:
            return
        self._day = at.date()
        self._times.clear()
        oldest = at - KEPT
        keep = bisect_left(self.notices, oldest, key=_time)
        del self.notices[:keep]
        for day in [day for day in self.tallies if day < oldest.date()]:
            del self.tallies[day]


def is_told(times: int) -> bool:
    """Tell the first ten and then the 100th, the 1000th: a flood is told of, not sent.

    Whoever repeats something to drown a notice in others would be told of instead.
    """
    return 0 < times <= _TOLD_EACH or str(times).strip("0") == "1"


def _index(notice: Notice) -> int:
    return notice.index


def _time(notice: Notice) -> datetime:
    return notice.at
