"""Lists, and rows on their way in."""

from typing import Annotated

import msgspec

from listkeep.wire.base import Count, Id, Message, Name, Token

from .callers import Caller


class ListRecord(Message, frozen=True, kw_only=True):
    """A list as the ledger knows it. Fields are only ever appended."""

    id: Id
    tenant: Id
    name: Name
    facets: tuple[str, ...]  # name:type, in the order rows hold them
    fields: tuple[str, ...]  # sealed fields, in the order rows hold them
    created_at: str


class CreateList(Message, frozen=True, kw_only=True):
    """Open a list of the caller's tenant."""

    caller: Caller
    name: Name
    facets: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


class ExtendList(Message, frozen=True, kw_only=True):
    """Append sealed fields to a list."""

    caller: Caller
    list: Id
    fields: tuple[str, ...]


class ShowLists(Message, frozen=True, kw_only=True):
    """Ask for the lists a caller may view; one by id or name, or all."""

    caller: Caller
    list: str = ""


class ListRecords(Message, frozen=True, kw_only=True):
    """The lists a caller may view."""

    lists: tuple[ListRecord, ...]


class StartImport(Message, frozen=True, kw_only=True):
    """Ask to add rows to a list: within the daily budget, or under a request."""

    caller: Caller
    list: Id
    request: Id | None = None


class ImportTicket(Message, frozen=True, kw_only=True):
    """Permission to seal rows of one import, up to a number."""

    ticket: Id
    list: Id
    max_rows: Count
    sha256: str = ""  # the file the owner signed for, when a request was given


class SealRows(Message, frozen=True, kw_only=True):
    """Rows in flight, column by column; at most 4096."""

    ticket: Id
    addresses: list[str]
    fields: list[str]  # JSON arrays of sealed values
    facets: list[str]  # JSON arrays of facet values


class OlderRows(Message, frozen=True, kw_only=True):
    """The same rows with their tokens under one of the tenant's older index keys.

    An entry that is there keeps its token. Of each row one version is stored.
    """

    batch_id: bytes
    tokens: bytes
    sealed: list[bytes]


class SealedRows(Message, frozen=True, kw_only=True):
    """The same rows, sealed. A row the keeper does not accept has an empty seal."""

    batch_id: bytes
    tokens: bytes  # 16 bytes each
    sealed: list[bytes]
    older: tuple[OlderRows, ...] = ()  # of an import, the oldest first
    proof: bytes = b""  # of a sign-up, by which who left can be let back


class FinishImport(Message, frozen=True, kw_only=True):
    """Close an import, telling the ledger what came of it (the dock's word)."""

    ticket: Id
    committed: bool
    rows: Count = 0
    added: Count = 0
    updated: Count = 0
    sha256: str = ""


class FindGone(Message, frozen=True, kw_only=True):
    """Ask who was erased since an import began: how many, and which of some tokens."""

    ticket: Id
    tokens: bytes = b""  # 16 bytes each


class FoundGone(Message, frozen=True, kw_only=True):
    """How many were erased, and the positions of those among the tokens."""

    erased: Count
    gone: list[int]


class Suppress(Message, frozen=True, kw_only=True):
    """Make addresses unsendable and unexportable, by a ticket, caller or request."""

    list: Id
    tokens: bytes  # 16 bytes each
    reason: str
    caller: Caller | None = None
    ticket: Id | None = None
    request: Id | None = None


class Suppressed(Message, frozen=True, kw_only=True):
    """How many of them were not suppressed before."""

    changed: Count


class LookUp(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for the token of one exact address; spends the caller's budget."""

    caller: Caller
    list: Name  # or its id
    address: Annotated[str, msgspec.Meta(max_length=320)]
    with_list: bool = False  # whoever knows the list already need not be told


class FoundToken(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The token an address has in this tenant, whether or not it is in the list."""

    token: Token  # what it would get now, or under which it is suppressed
    older: tuple[Token, ...] = ()  # under older index keys; an entry's own wins
    list: ListRecord | None = None
