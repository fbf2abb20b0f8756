"""Mail under a signed request: what the dock asks while a send goes on.

One of these answers holds addresses: ``OpenedForSend``, row by row, each of them
counted in the ledger before it left. All else is names, tokens, digests and counts.
"""

from typing import Annotated

import msgspec

from listkeep.wire.base import Count, Credential, Id, Message, Name, Text, Token

from .releases import RowBatch

MAX_ROWS_OPENED = 256
MAX_DIGESTS = 256
MAX_RETURNED = 1000
Domain = Annotated[str, msgspec.Meta(max_length=253)]
Trigger = Annotated[str, msgspec.Meta(max_length=64)]
Digest = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Status = Annotated[str, msgspec.Meta(max_length=12)]  # as in RFC 3463, or empty


class StartSend(Message, frozen=True, kw_only=True):
    """Begin a granted send, as the person who may see it; again, it changes nothing."""

    session: Credential
    request: Id


class RouteView(Message, frozen=True, kw_only=True):
    """An enrolled way out, as it is in the ledger now."""

    id: Id
    name: Name
    kind: str  # smart-host or mx
    host: str  # of a smart host
    port: Count
    tls: str  # pinned:<sha256 of the SPKI>, web or mx
    sources: tuple[str, ...]  # source addresses; none: any of the host's
    mail_domain: Domain
    token_domain: Domain


class SigningKey(Message, frozen=True, kw_only=True):
    """One key that signs for a sending domain; its private half stays in the keeper."""

    algorithm: str  # rsa or ed25519
    domain: Domain
    selector: Name


class Send(Message, frozen=True, kw_only=True):
    """A send that was begun: what was signed for, and how far it has come."""

    request: Id
    tenant: Id
    list: Id
    list_name: Name
    kind: str  # campaign or standing
    state: str  # live, frozen or ended
    tag: Annotated[bytes, msgspec.Meta(min_length=4, max_length=4)]
    alias_key: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    route: RouteView
    templates: tuple[str, ...]  # digests
    sender: Text  # From, as written in the template
    reply_to: Text
    title: Text  # Subject, as written in the template
    links: tuple[str, ...]
    tracking: tuple[str, ...]
    fields: tuple[str, ...]  # sealed fields that may be filled in
    selection: Text
    triggers: tuple[str, ...]  # of a standing send
    cap: Count
    reserved: Count  # rows that were counted so far, opened or not
    pace: Count  # messages an hour; 0: as fast as they come
    mail_domain: Domain
    token_domain: Domain
    signing: tuple[SigningKey, ...]
    not_before: str
    expires: str
    facets: tuple[str, ...] = ()  # of the list, as ``name:type``


class ReadSends(Message, frozen=True, kw_only=True):
    """Ask for the sends that go on, and those whose mail may still come back.

    Of those that ended nothing changes: they have numbers, in the order in which they
    ended, and whoever knows the first ``known`` of them is told of the others.
    """

    known: Count = 0


class Sends(Message, frozen=True, kw_only=True):
    """Live and frozen sends, and a page of those that ended in the last 90 days."""

    sends: tuple[Send, ...]
    ended: tuple[Send, ...] = ()
    start: Count = 0  # the number of the first one that is told of here
    kept: Count = 0  # the number of the oldest one whose mail may still come back
    known: Count = 0  # how many are known now: where the next page begins
    has_more: bool = False


class RowNames(Message, frozen=True, kw_only=True):
    """Rows of one send, by what tells them apart."""

    tokens: bytes = b""  # 16 bytes each
    triggers: list[Trigger] = msgspec.field(default_factory=list)


class OpenForSend(Message, frozen=True, kw_only=True):
    """Open up to 256 rows of one send, each for one message that leaves now.

    It says as well what came of rows that were opened before: ``CloseForSend``.
    """

    request: Id
    rows: RowBatch
    triggers: list[Trigger]  # one for each row; empty for a campaign
    ended: RowNames = msgspec.field(default_factory=RowNames)
    waiting: RowNames = msgspec.field(default_factory=RowNames)


class CloseForSend(Message, frozen=True, kw_only=True):
    """Say what came of up to 256 rows of each kind. Said again, it changes nothing."""

    request: Id
    # Delivered, or refused for good: they never open again.
    ended: RowNames = msgspec.field(default_factory=RowNames)
    # Refused for now: they will be asked for again.
    waiting: RowNames = msgspec.field(default_factory=RowNames)


class SendRow(Message, frozen=True, kw_only=True):
    """One row in the clear, for one message; or the code that says why not."""

    address: str = ""
    values: dict[str, str] = msgspec.field(default_factory=dict)
    code: str = ""


class OpenedForSend(Message, frozen=True, kw_only=True):
    """The rows in the order they were asked for."""

    rows: list[SendRow]


class SignForSend(Message, frozen=True, kw_only=True):
    """Sign what is about to leave, by the digest that DKIM signs."""

    request: Id
    algorithm: str
    domain: Domain
    selector: Name
    digests: Annotated[list[Digest], msgspec.Meta(max_length=MAX_DIGESTS)]


class SignedForSend(Message, frozen=True, kw_only=True):
    """A signature for each digest, in the same order."""

    signatures: list[bytes]


class FinishSend(Message, frozen=True, kw_only=True):
    """Close a send, telling the ledger what came of it (the dock's word)."""

    request: Id
    delivered: Count
    failed: Count


class ReturnedItem(Message, frozen=True, kw_only=True):
    """What came back about one person of one send."""

    request: Id
    token: Token
    outcome: str
    code: Status = ""


class ReportReturned(Message, frozen=True, kw_only=True):
    """Tell what came back. Said again, it changes nothing."""

    items: Annotated[list[ReturnedItem], msgspec.Meta(max_length=MAX_RETURNED)]


class ReturnedCounts(Message, frozen=True, kw_only=True):
    """What became of the reported items."""

    suppressed: Count  # now, because of this report
    known: Count  # were suppressed before
    counted: Count  # nobody is suppressed for such an outcome
    unknown: Count  # no such send, or nobody it was sent to
    held: Count  # more than a send may suppress; an owner has to look
