"""What a list's entries have in common, counted once for many questions.

A segment asks for nothing but facets and the status. So whatever a page wants to count
follows from how many entries there are of each kind, of which there are thousands where
there are millions of entries; and those numbers are right until the list's next change.

They are kept by each process for the lists that were asked about last, and never on
disk. Whoever may miss single changes is answered at once, and the list is counted anew
behind them. Who has to be exact while others unsubscribe counts the entries themselves,
with ``queries``.
"""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog
from django.db import connection

from listkeep.core.errors import ListkeepError
from listkeep.core.segments import Schema, Segment, Value

from . import bulk, queries
from .bulk.faults import translated
from .history import newest_change
from .models import Change
from .queries import Histogram, make_histogram
from .statuses import STATUSES

log = structlog.get_logger("listkeep.dock.lists")

MAX_GROUPS: Final = 50_000
_SOON: Final = 10  # parts of the age somebody accepts: after one of them it is renewed
_KEPT_GROUPS: Final = 200_000  # of all lists together: some 60 MB
_SMALL_CHANGES: Final = (Change.Kind.STATUS, Change.Kind.ERASE, Change.Kind.RENEW)


class Group(NamedTuple):
    """Entries that have the same facets and the same status."""

    values: tuple[Value | None, ...]
    status: int
    entries: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A list as it was after one of its changes. ``groups`` is empty if too many."""

    number: int  # of that change
    schema: Schema
    taken_at: float  # in seconds of the book's clock
    groups: tuple[Group, ...]
    is_whole: bool

    def count(self, segment: Segment) -> int:
        """Count the entries a segment selects."""
        return sum(group.entries for group in self._select(segment))

    def count_statuses(self) -> dict[str, int]:
        """Count the entries by status; every status is there."""
        counts = Counter[int]()
        for group in self.groups:
            counts[group.status] += group.entries
        return {str(status): counts[code] for code, status in enumerate(STATUSES)}

    def count_facets(self, segment: Segment) -> tuple[Histogram, ...]:
        """Count the values of each facet among the entries a segment selects."""
        counters = [Counter[Value | None]() for _ in self.schema.facets]
        for group in self._select(segment):
            for counter, value in zip(counters, group.values, strict=True):
                counter[value] += group.entries
        return tuple(
            make_histogram(name, counter)
            for name, counter in zip(self.schema.names, counters, strict=True)
        )

    def _select(self, segment: Segment) -> Iterator[Group]:
        selects = segment.compile()
        for group in self.groups:
            if selects(group.values, STATUSES[group.status]):
                yield group


def _do_aside(work: Callable[[], None]) -> None:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()  # this thread's

    threading.Thread(target=run, name="count", daemon=True).start()


@dataclass
class SummaryBook:
    """The summaries of one process.

    ``clock`` counts seconds; ``aside`` has work done that nobody waits for.
    """

    clock: Callable[[], float] = time.monotonic
    aside: Callable[[Callable[[], None]], None] = _do_aside
    _known: OrderedDict[str, Summary] = field(default_factory=OrderedDict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _renewed: set[str] = field(default_factory=set)

    def read(self, list_id: str, schema: Schema, *, max_age: float) -> Summary | None:
        """Get a list's summary; ``None`` if its entries are of too many kinds.

        It is of the newest change, but for changes of status and the like: of those it
        may miss what happened in the last ``max_age`` seconds.
        """
        known = self._find(list_id, schema, max_age)
        if known is None:
            with self._alone(list_id):  # and then somebody else may have counted
                known = self._find(list_id, schema, max_age)
                if known is None:
                    known = self._take(list_id, schema)
                    self._keep(list_id, known)
        return known if known.is_whole else None

    def _find(self, list_id: str, schema: Schema, max_age: float) -> Summary | None:
        known = self._known.get(list_id)
        if known is None or known.schema != schema:
            return None
        if newest_change(list_id) == known.number:
            return known
        age = self.clock() - known.taken_at
        if age > max_age:
            return None
        later = Change.objects.filter(list_id=list_id, number__gt=known.number)
        if later.exclude(kind__in=_SMALL_CHANGES).exists():
            return None
        if age > max_age / _SOON:
            self._renew_aside(list_id, schema)
        return known

    def _renew_aside(self, list_id: str, schema: Schema) -> None:
        """Have a list counted anew, once at a time, by somebody nobody waits for."""
        with self._guard:
            if list_id in self._renewed:
                return
            self._renewed.add(list_id)
        self.aside(lambda: self._renew(list_id, schema))

    def _renew(self, list_id: str, schema: Schema) -> None:
        try:
            with translated():
                self._keep(list_id, self._take(list_id, schema))
        except ListkeepError as error:  # whoever cannot miss it any more is told
            log.warning("summary.not-renewed", code=str(error.code))
        finally:
            with self._guard:
                self._renewed.discard(list_id)

    def _take(self, list_id: str, schema: Schema) -> Summary:
        # Before the entries are read: what is changed meanwhile is counted again.
        number, now = newest_change(list_id), self.clock()
        decode, groups = schema.decoder(), list[Group]()
        for text, status, entries in bulk.count_kinds(list_id):
            if len(groups) >= MAX_GROUPS:
                return Summary(number, schema, now, (), is_whole=False)
            groups.append(Group(tuple(decode(text)), status, entries))
        return Summary(number, schema, now, tuple(groups), is_whole=True)

    def _keep(self, list_id: str, summary: Summary) -> None:
        with self._guard:
            self._known[list_id] = summary
            self._known.move_to_end(list_id)
            size = sum(len(each.groups) for each in self._known.values())
            while size > _KEPT_GROUPS:
                _, oldest = self._known.popitem(last=False)
                size -= len(oldest.groups)

    @contextmanager
    def _alone(self, list_id: str) -> Iterator[None]:
        """Have a list counted by one thread at a time; the others wait for it."""
        with self._guard:
            lock = self._locks.setdefault(list_id, threading.Lock())
        with lock:
            yield


book = SummaryBook()


def count_segment(list_id: str, segment: Segment, *, max_age: float) -> int:
    """Count the entries a segment selects, exactly if ``max_age`` is 0."""
    known = _read(list_id, segment.schema, max_age)
    return known.count(segment) if known else queries.count_segment(list_id, segment)


def count_statuses(list_id: str, schema: Schema, *, max_age: float) -> dict[str, int]:
    """Count a list's entries by status, as ``count_segment`` does."""
    known = _read(list_id, schema, max_age)
    return known.count_statuses() if known else queries.count_statuses(list_id)


def count_facets(
    list_id: str, segment: Segment, *, max_age: float
) -> tuple[Histogram, ...]:
    """Count the values of each facet in a segment, as ``count_segment`` does."""
    known = _read(list_id, segment.schema, max_age)
    if known is not None:
        return known.count_facets(segment)
    return queries.count_facets(list_id, schema=segment.schema, segment=segment)


def _read(list_id: str, schema: Schema, max_age: float) -> Summary | None:
    return book.read(list_id, schema, max_age=max_age) if max_age else None
