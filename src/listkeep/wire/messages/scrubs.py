"""What the dock asks about rows it holds: are they genuine, and are they all there?

Nothing is opened for anybody: an answer names positions in the batch that was asked
about, and that is all it says of a row. A pass over a list is counted by the keeper,
in a bookmark that it gives the dock to keep and knows again by its MAC.
"""

from typing import Annotated

import msgspec

from listkeep.wire.base import MAX_ROWS, Count, Id, Message

from .releases import RowBatch

Place = Annotated[int, msgspec.Meta(ge=0, lt=MAX_ROWS)]
Cursor = Annotated[bytes, msgspec.Meta(max_length=16)]
Start = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]


class ReadScrubs(Message, frozen=True, kw_only=True):
    """Ask which lists there are, and how long ago each was looked over."""


class ScrubState(Message, frozen=True, kw_only=True):
    """One list: how many entries the ledger knows, and when a pass was completed."""

    list: Id
    entries: int
    scrubs: Count
    created_at: str
    scrubbed_at: str  # empty: never


class ScrubStates(Message, frozen=True, kw_only=True):
    """All lists there are."""

    lists: tuple[ScrubState, ...]


class Bookmark(Message, frozen=True, kw_only=True):
    """How far a pass has come; the dock keeps it and cannot change it.

    A pass begins behind a token drawn at random, goes up to the last token, on from
    the first one (``is_wrapped``), and ends where it began.
    """

    list: Id
    number: Count  # passes completed before this one
    begun: Count  # seconds since 1970
    start: Start
    after: Cursor
    is_wrapped: bool
    added: Count  # what the ledger said when it began
    removed: Count
    rows: Count
    invalid: Count
    better: Count
    newest: Count
    mac: Annotated[bytes, msgspec.Meta(max_length=32)]


class ScrubRows(Message, frozen=True, kw_only=True):
    """Ask about rows of one list: the next of a pass, or any, without a bookmark."""

    list: Id
    rows: RowBatch
    subscribed: bytes  # what the dock's rows say: one byte each, 0 or 1
    bookmark: Bookmark | None = None
    begins: bool = False  # a new pass; there is no bookmark yet
    is_end: bool = False  # there is no further row up to the last token, or the start
    is_sure: bool = False  # looked again, some time later: record what comes of it


class ScrubbedRows(Message, frozen=True, kw_only=True):
    """Which of these rows are not genuine, or called better than they are."""

    invalid: list[Place]
    better: list[Place]  # suppressed, and the dock's row says subscribed
    bookmark: Bookmark | None = None  # none after a pass, and outside of one
    is_done: bool = False  # the pass is in the ledger
    doubts: tuple[str, ...] = ()  # what would be found wrong with the whole
