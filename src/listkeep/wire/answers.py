"""What the dock answers over HTTP, as typed values.

Unlike messages between the buildings these are read leniently: a newer dock may say
more than an older client understands.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from listkeep.core.errors import Code, UnavailableError

_END_BYTES: Final = 64  # more than a last line has
_END: Final = re.compile(
    rb'(?m:^)(?:\{"end":true,"entries":([0-9]{1,16})\}|end,([0-9]{1,16}))\n\Z'
)

Facets = dict[str, str | int | bool | None]


class DockHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the dock is there, and its keeper."""

    version: str
    keeper: bool
    profile: str | None = None


class DockDay(msgspec.Struct, frozen=True, kw_only=True):
    """What changed a list on one day; small imports and restores are rounded."""

    at: str
    added: int
    changed: int  # statuses
    removed: int


class DockList(msgspec.Struct, frozen=True, kw_only=True):
    """A list; asked for alone, also how many entries it has, by status."""

    id: str
    name: str
    tenant: str
    facets: tuple[str, ...]
    fields: tuple[str, ...]
    created_at: str
    entries: int | None = None
    statuses: dict[str, int] = {}
    growth: tuple[DockDay, ...] = ()  # the days on which something changed it


class DockImport(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import has come."""

    id: str
    list: str
    state: str
    rows: int
    rejected: int
    bytes: int
    size: int
    added: int | None
    updated: int | None
    rounded: bool
    sha256: str
    family: str
    code: str
    message: str
    hint: str
    max_rows: int


class DockReject(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was turned away, and why."""

    line: int
    reason: str
    detail: str


class DockCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries a segment selects; the segment as it was understood."""

    count: int
    segment: str


class DockBar(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a facet; ``None`` is a missing one."""

    value: str | int | bool | None
    entries: int


class DockHistogram(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one facet, and how many entries have a rarer one."""

    facet: str
    values: tuple[DockBar, ...]
    other: int


class DockEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as everybody sees it."""

    token: str
    status: str
    facets: Facets


class DockSampleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as an example, without its token."""

    status: str
    facets: Facets


class DockSample(msgspec.Struct, frozen=True, kw_only=True):
    """A few entries of a segment, always the same."""

    entries: tuple[DockSampleEntry, ...]
    segment: str


class DockFound(msgspec.Struct, frozen=True, kw_only=True):
    """The token of the address that was asked for, and its entry if there is one."""

    token: str
    found: bool
    status: str | None
    facets: Facets | None


class DockSuppressed(msgspec.Struct, frozen=True, kw_only=True):
    """How many tokens were not suppressed before, and how many entries changed."""

    suppressed: int
    changed: int


class DockDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One contact, and how telling it went."""

    id: str
    contact: str
    kind: str
    state: str
    attempts: int
    outcome: str
    next_at: str | None


class DockNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger entry that people outside are told of."""

    index: int
    at: str
    severity: str
    event: str
    tenant: str
    sentence: str
    request: str
    state: str
    missing: tuple[str, ...]
    deliveries: tuple[DockDelivery, ...]


class DockNotices(msgspec.Struct, frozen=True, kw_only=True):
    """A page of notices, and where the next one begins."""

    notices: tuple[DockNotice, ...]
    next: int


class DockIncidentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an incident's story."""

    at: str
    who: str
    what: str
    text: str


class DockIncident(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was found wrong, and how it stands."""

    id: str
    kind: str
    sentence: str
    tenant: str
    list: str
    state: str
    found: int
    times: int
    opened_at: str
    closed_at: str
    closed_by: str
    reason: str
    timeline: tuple[DockIncidentLine, ...] = ()


class DockIncidents(msgspec.Struct, frozen=True, kw_only=True):
    """The incidents a caller may know of."""

    incidents: tuple[DockIncident, ...]


class DockExport(msgspec.Struct, frozen=True, kw_only=True):
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


class DockChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a list: who did what, when, and to how many entries."""

    number: int
    kind: str
    at: str
    who: str
    source: str
    moment: str | None
    added: int
    updated: int
    removed: int
    rounded: bool
    can_undo: bool


class DockChangesPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of a list's changes, newest first, and where to go on."""

    changes: tuple[DockChange, ...]
    cursor: str | None


class DockPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What would change if a list were taken back to a time."""

    moment: str
    latest: int
    changes: int
    rows: int
    come_back: int
    change: int
    go: int
    stay_suppressed: int
    facets: dict[str, int]
    rounded: bool = False


class DockRestore(msgspec.Struct, frozen=True, kw_only=True):
    """How far taking a list back has come."""

    id: str
    list: str
    state: str
    moment: str
    rows: int
    total: int
    added: int
    updated: int
    removed: int
    refused: int
    rounded: bool = False
    family: str
    code: str
    message: str
    hint: str


class DockErased(msgspec.Struct, frozen=True, kw_only=True):
    """From how many lists somebody was erased, and how many earlier rows went too."""

    lists: int
    past: int
    kept: bool


class DockListsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The lists a caller may view."""

    lists: tuple[DockList, ...]


class DockRejectsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the lines that were turned away, and where to go on."""

    rejects: tuple[DockReject, ...]
    cursor: str | None


class DockHistogramsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The values of all facets in a segment."""

    facets: tuple[DockHistogram, ...]


class DockTokensPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the entries a segment selects, and where to go on."""

    entries: tuple[DockEntry, ...]
    cursor: str | None


class DockSealedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One sealed row; bytes in base64."""

    token: str
    batch_id: str
    position: int
    sealed: str
    facets: str


class DockSealedRowsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The sealed rows of a reveal."""

    rows: tuple[DockSealedRow, ...]


def read_whole(chunks: Iterable[bytes], *, header_lines: int) -> Iterator[bytes]:
    """Read a stream of rows without its last line, which must count the others.

    Servers end a response that failed halfway as if it were whole.

    Raises:
        UnavailableError: Rows are missing.
    """
    held, lines = b"", -header_lines
    for chunk in chunks:
        held += chunk
        ready, held = held[:-_END_BYTES], held[-_END_BYTES:]
        lines += ready.count(b"\n")
        if ready:
            yield ready
    end = _END.search(held)
    rest = held[: end.start()] if end else b""
    lines += rest.count(b"\n")
    if end is None or int(end[1] or end[2]) != lines:
        raise UnavailableError(
            "the connection to the dock broke off",
            code=Code.DOCK_UNAVAILABLE,
            hint="rows are missing: read the list again",
        )
    if rest:
        yield rest


class DockReturned(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that came back about one entry."""

    number: int
    request: str
    token: str
    outcome: str
    code: str
    how: str
    at: str
    state: str


class DockReturnedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what came back, oldest first, and the number to read on from."""

    returned: tuple[DockReturned, ...]
    cursor: int
    more: bool
    held: int


class DockWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that is told what comes back, and how that goes."""

    contact: str
    state: str
    told: int
    attempts: int
    outcome: str
    next_at: str | None


class DockDecided(msgspec.Struct, frozen=True, kw_only=True):
    """How many things were held until somebody decided."""

    decided: int
