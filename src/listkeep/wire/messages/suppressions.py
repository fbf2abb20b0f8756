"""What keeper and dock know of who is suppressed, after one of them was put back."""

from typing import Annotated

import msgspec

from listkeep.wire.base import Id, Message, Token


class ReadSuppressions(Message, frozen=True, kw_only=True):
    """Ask whom of a list the keeper knows as suppressed, from a token on."""

    list: Id
    after: bytes = b""


class Suppressions(Message, frozen=True, kw_only=True):
    """Tokens in order (16 bytes each), and why; the next page begins after the last."""

    tokens: bytes
    reasons: tuple[str, ...]
    is_last: bool


class KeepSuppressions(Message, frozen=True, kw_only=True):
    """Tell the keeper whom the dock, or what was here before, knew as suppressed.

    The id is a list's, or a tenant's for somebody who was erased everywhere.
    """

    list: Id
    reason: str
    tokens: Annotated[bytes, msgspec.Meta(max_length=16 * 4096)]


class Readmit(Message, frozen=True, kw_only=True):
    """Let somebody back who left or bounced, signed up anew and confirmed it.

    The ticket is that of the sign-up, under which one row was sealed; the proof came
    with the row.
    """

    ticket: Id
    token: Token
    proof: Annotated[bytes, msgspec.Meta(max_length=1024)] = b""
