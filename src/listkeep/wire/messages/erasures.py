"""One person who is taken out of every list of a tenant."""

from listkeep.wire.base import Credential, Id, Message, Token


class ErasedFrom(Message, frozen=True, kw_only=True):
    """One list the person was in, and whether the entry is gone or a mark stays."""

    list: Id
    removed: bool


class EraseEntry(Message, frozen=True, kw_only=True):
    """Erase whom a granted request names; the lists are the dock's word."""

    session: Credential
    request: Id
    token: Token
    lists: tuple[ErasedFrom, ...]
