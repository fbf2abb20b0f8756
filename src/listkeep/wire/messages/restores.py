"""A list that is taken back to an earlier time: its own rows, sealed anew."""

from listkeep.wire.base import Count, Id, Message

from .callers import Caller
from .releases import RowBatch


class StartRestore(Message, frozen=True, kw_only=True):
    """Ask to take a list back: within the daily budget, or under a request."""

    caller: Caller
    list: Id
    moment: str  # whole seconds UTC
    rows: Count  # that will be changed, removed or added
    request: Id | None = None


class RestoreTicket(Message, frozen=True, kw_only=True):
    """Permission to have a list's own rows sealed anew, up to a number."""

    ticket: Id


class ResealRows(Message, frozen=True, kw_only=True):
    """Earlier rows of the list, to be sealed anew; at most 4096."""

    ticket: Id
    rows: RowBatch


class FinishRestore(Message, frozen=True, kw_only=True):
    """Close a restore, telling the ledger what came of it (the dock's word)."""

    ticket: Id
    committed: bool
    rows: Count = 0
    added: Count = 0
    removed: Count = 0
