"""Which keys lists hold, and how an old one is replaced by a newer one.

Rows come sealed and go sealed. An older key is destroyed only after the keeper itself
has opened every row under the newest one; the rows stream in as ``HeldRows``.
"""

from listkeep.wire.base import Count, Id, Message

from .releases import RowBatch


class KeyState(Message, frozen=True, kw_only=True):
    """One key that is there, and since when it was the newest."""

    number: Count
    since: str


class ListKeys(Message, frozen=True, kw_only=True):
    """The keys of one list, the oldest first; the last one seals."""

    list: Id
    keys: tuple[KeyState, ...]
    ready_at: str = ""  # when the older ones may be destroyed, if there are any


class ReadKeys(Message, frozen=True, kw_only=True):
    """Ask which keys all lists hold."""


class HeldKeys(Message, frozen=True, kw_only=True):
    """The keys of every list there is."""

    lists: tuple[ListKeys, ...]


class RenewKey(Message, frozen=True, kw_only=True):
    """Ask that a list's next key be begun."""

    list: Id


class RenewRows(Message, frozen=True, kw_only=True):
    """Ask to have rows under an older key sealed under the newest."""

    list: Id
    rows: RowBatch


class DestroyKeys(Message, frozen=True, kw_only=True):
    """First frame: ask that a list's older keys be destroyed; its rows follow."""

    list: Id


class HeldRows(Message, frozen=True, kw_only=True):
    """A further frame: rows in the order of their tokens, or what they were before."""

    rows: RowBatch
    past: bool = False
