"""Which keys lists hold, and how an old one is replaced by a newer one.

Rows come sealed and go sealed. An older key is destroyed only after the keeper itself
has opened every row under the newest one; the rows stream in as ``HeldRows``.
"""

from listkeep.wire.base import Count, Credential, Id, Message

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
    tenant: str = ""
    index_keys: tuple[KeyState, ...] = ()  # the tenant's, for tokens; all stay


class RowsLeft(Message, frozen=True, kw_only=True):
    """How many rows of a list are still under older keys."""

    list: Id
    rows: Count


class ReadKeys(Message, frozen=True, kw_only=True):
    """Ask which keys all lists hold, and say what is left of renewals."""

    left: tuple[RowsLeft, ...] | None = None


class HeldKeys(Message, frozen=True, kw_only=True):
    """The keys of every list there is, and the lists that were shredded."""

    lists: tuple[ListKeys, ...]
    gone: tuple[Id, ...] = ()


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


class ShowKeys(Message, frozen=True, kw_only=True):
    """Ask, as a person, about the keys of lists and sending domains one may know."""

    session: Credential


class KeyRow(Message, frozen=True, kw_only=True):
    """One list's keys, and until when a copy of the key store has destroyed ones."""

    keys: ListKeys
    name: str
    tenant: str  # its name
    entries: Count
    is_shredded: bool
    destroyed_at: str = ""  # the newest of its destroyed keys
    copies_until: str = ""  # empty: no copy has a destroyed key
    older_rows: Count | None = None  # under older keys, as the dock said last
    is_overdue: bool = False  # the renewal should have ended long ago


class DomainKeys(Message, frozen=True, kw_only=True):
    """The keys that sign mail of one sending domain, by the names they have there."""

    id: Id
    name: str
    tenant: str  # its name
    selectors: tuple[str, ...]
    since: str


class KeyRows(Message, frozen=True, kw_only=True):
    """The keys of what somebody may know, and the end of the newest copy."""

    rows: tuple[KeyRow, ...]
    domains: tuple[DomainKeys, ...] = ()
    copies_until: str = ""  # of all keys that are there now
