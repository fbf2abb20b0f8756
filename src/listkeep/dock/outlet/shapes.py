"""JSON that the outlet takes and gives. None of it has room for an address."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from listkeep.core.grants import format_time
from listkeep.core.segments import Value
from listkeep.dock.lists.growth import Day
from listkeep.dock.lists.shapes import Id, ListView, Shape, TokenText
from listkeep.wire.base import MAX_ROWS

MAX_REVEALED = 10
SegmentText = Annotated[str, Field(max_length=2000)]
Facets = dict[str, Value | None]
Tokens = Annotated[list[TokenText], Field(min_length=1, max_length=MAX_ROWS)]
FewTokens = Annotated[list[TokenText], Field(min_length=1, max_length=MAX_REVEALED)]


class DayView(Shape):
    """What changed a list on one day; small imports and restores are rounded."""

    at: str
    added: int
    changed: int
    removed: int

    @classmethod
    def of(cls, day: Day) -> Self:
        """Show one."""
        at = format_time(datetime.fromtimestamp(day.at, UTC))
        return cls(at=at, added=day.added, changed=day.changed, removed=day.removed)


class ListDetail(ListView):
    """A list, its schema, how many entries it has in each status, and how it grew."""

    entries: int
    statuses: dict[str, int]
    growth: list[DayView]


class Count(Shape):
    """How many entries a segment selects; the segment as it was understood."""

    count: int
    segment: str


class BarView(Shape):
    """One value of a facet; null is a missing one."""

    value: Value | None
    entries: int


class HistogramView(Shape):
    """The values of one facet. Those of fewer than five entries are ``other``."""

    facet: str
    values: list[BarView]
    other: int


class Histograms(Shape):
    """The values of all facets in a segment."""

    facets: list[HistogramView]
    segment: str


class EntryView(Shape):
    """One entry as everybody sees it."""

    token: str
    status: str
    facets: Facets


class SampleEntry(Shape):
    """One entry as an example of others: not even its token is told."""

    status: str
    facets: Facets


class Sample(Shape):
    """A few entries of a segment, always the same."""

    entries: list[SampleEntry]
    segment: str


class TokenQuery(Shape):
    """Which entries to read, and how many at once."""

    segment: SegmentText = "all"
    cursor: Annotated[str, Field(max_length=26)] = ""
    limit: Annotated[int, Field(ge=1, le=4096)] = 1000
    stream: Literal["jsonl", "csv"] | None = None
    mark_end: bool = False


class TokenPage(Shape):
    """Some of the entries a segment selects, and where to go on."""

    entries: list[EntryView]
    cursor: str | None


class LookUp(Shape):
    """One exact address to find."""

    address: Annotated[str, Field(min_length=1, max_length=320)]


class FoundEntry(Shape):
    """The token of the address that was asked for, and its entry if there is one."""

    token: str
    found: bool
    status: str | None
    facets: Facets | None


class NewStatus(Shape):
    """A worse status for an entry."""

    status: str


class Suppression(Shape):
    """Entries to make unsendable and unexportable."""

    tokens: Tokens
    reason: str
    request: Id | None = None


class SuppressionView(Shape):
    """How many tokens were not suppressed before, and how many entries changed."""

    suppressed: int
    changed: int


class Selection(Shape):
    """The few tokens of a reveal."""

    tokens: FewTokens


class SealedRowView(Shape):
    """One sealed row, for the keeper to open; bytes in base64."""

    token: str
    batch_id: str
    position: int
    sealed: str
    facets: str


class SealedRowsView(Shape):
    """The sealed rows of those tokens that are in the list."""

    rows: list[SealedRowView]


class NewExport(Shape):
    """A granted request to run."""

    request: Id
    format: Literal["csv", "jsonl"] = "csv"


class ExportView(Shape):
    """One run of an export."""

    id: str
    request: str
    list: str
    state: str
    rows: int
    bytes: int
    sha256: str
    code: str
    message: str
    hint: str


class NewErasure(Shape):
    """Carry out a granted erasure; the token is that of the person it names."""

    request: Id
    token: TokenText


class ErasureView(Shape):
    """From how many lists somebody was erased, and how many earlier rows went too."""

    lists: int
    past: int
    kept: bool
