"""The sends there are, by the tag in their aliases: the keeper's, in memory only.

Keys of aliases are never written down here. When the keeper is asked again is a matter
of time, and never of whether somebody's link is good.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import NamedTuple

import structlog

from listkeep.core.errors import ListkeepError, MalformedError
from listkeep.core.mail import AliasKey, open_alias, parse_tag
from listkeep.dock.lists.keeper import Keeper, get_keeper
from listkeep.dock.lists.told_sends import ToldSends
from listkeep.wire.messages import sends as d

log = structlog.get_logger("listkeep.dock.outlet")

FRESH_SECONDS = 10.0
NEW_AFTER_SECONDS = 1.0  # a send may have begun a moment ago


class Named(NamedTuple):
    """What an alias means: a send, and a token."""

    send: d.Send
    token: bytes


@dataclass(slots=True)
class Book:
    """The sends of one process, read anew every few seconds."""

    keeper: Callable[[], Keeper] = get_keeper
    clock: Callable[[], float] = monotonic
    _by_tag: dict[bytes, d.Send] = field(default_factory=dict, repr=False)
    _told: ToldSends = field(default_factory=ToldSends, repr=False)
    _read_at: float | None = None
    _lock: Lock = field(default_factory=Lock)

    def find(self, alias: str) -> Named | None:
        """Find the send an alias belongs to, and the token it stands for.

        An alias that was made up with a known tag opens to a token nobody has.

        Raises:
            UnavailableError: The keeper was never reached, so nobody knows.
        """
        try:
            tag = parse_tag(alias)
        except MalformedError:
            return None
        send = self._find(tag)
        return None if send is None else Named(send, open_alias(key_of(send), alias))

    def all(self) -> tuple[d.Send, ...]:
        """Give all sends there are.

        Raises:
            UnavailableError: The keeper was never reached.
        """
        with self._lock:
            self._read(FRESH_SECONDS)
            return tuple(self._by_tag.values())

    def _find(self, tag: bytes) -> d.Send | None:
        with self._lock:
            self._read(FRESH_SECONDS)
            if tag not in self._by_tag:
                self._read(NEW_AFTER_SECONDS)
            return self._by_tag.get(tag)

    def _read(self, older_than: float) -> None:
        now = self.clock()
        if self._read_at is not None and now - self._read_at < older_than:
            return
        try:
            found = self._told.read(self.keeper())
        except ListkeepError as error:
            if self._read_at is None:
                raise
            log.warning("sends.not-read", code=error.code)
        else:
            self._by_tag = {send.tag: send for send in found}
        self._read_at = now


def key_of(send: d.Send) -> AliasKey:
    """Give the key of a send's aliases."""
    return AliasKey(send.tag, send.alias_key)


_books: list[Book] = []


def get_book() -> Book:
    """Get the book of this process."""
    if not _books:
        _books.append(Book())
    return _books[0]


def forget_book() -> None:
    """Begin a new book, for another keeper."""
    _books.clear()
