"""Rows on their way out: for one recipient, as ciphertext."""

from typing import Annotated

import msgspec

from listkeep.wire.base import Count, Credential, Id, Message


class RowBatch(Message, frozen=True, kw_only=True):
    """Sealed rows on their way to be opened, column by column; at most 4096."""

    tokens: bytes
    batch_ids: bytes  # 12 bytes each
    positions: list[Annotated[int, msgspec.Meta(ge=0, lt=65536)]]
    sealed: list[bytes]
    facets: list[str]


class RunReveal(Message, frozen=True, kw_only=True):
    """Open the few rows of a granted reveal, for the recipient in its terms."""

    session: Credential
    request: Id
    rows: RowBatch


class Ciphertext(Message, frozen=True, kw_only=True):
    """An age file only the recipient named in the terms can open."""

    age: bytes
    rows: Count


class RunExport(Message, frozen=True, kw_only=True):
    """First frame of an export; sealed rows follow as length-prefixed RowBatch."""

    session: Credential
    request: Id
    format: str  # csv or jsonl
