"""What the buildings say to each other: strict, typed, versioned by path.

Every message is one msgpack map of known keys; an unknown key, a missing key or a
wrong type is refused. No message that leaves the keeper has a field for an address
in the clear: reveals and exports leave as age ciphertext for one recipient.
"""

from typing import Annotated

import msgspec

from .base import Count, Credential, Id, Message, Name, PolicyText, Text, Token
from .flows import RedeemCode as RedeemCode  # noqa: PLC0414 - a message like these


class Problem(Message, frozen=True, kw_only=True):
    """An error as it crosses the wire; rendered once at each edge."""

    family: str
    code: str
    message: str
    hint: str = ""


class Empty(Message, frozen=True, kw_only=True):
    """Nothing to say."""


class Health(Message, frozen=True, kw_only=True):
    """The keeper is there."""

    version: str
    keeper: str
    profile: str
    ledger_size: Count


# --- who is calling -----------------------------------------------------------


class Caller(Message, frozen=True, kw_only=True):
    """Whom a building speaks for: a person's session or a tenant's service key."""

    session: Credential = ""
    service_key: Credential = ""


class Authorize(Message, frozen=True, kw_only=True):
    """Ask whether a caller may touch; the keeper decides, the dock obeys."""

    caller: Caller
    right: str
    list: Id | None = None


class Principal(Message, frozen=True, kw_only=True):
    """Who the keeper says is calling."""

    kind: str  # person, or a service kind: app, intake
    id: Id
    name: str
    tenant: str
    rights: tuple[str, ...]


# --- lists ----------------------------------------------------------------------


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


# --- rows come in ---------------------------------------------------------------


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


class SealedRows(Message, frozen=True, kw_only=True):
    """The same rows, sealed. A row the keeper does not accept has an empty seal."""

    batch_id: bytes
    tokens: bytes  # 16 bytes each
    sealed: list[bytes]


class FinishImport(Message, frozen=True, kw_only=True):
    """Close an import, telling the ledger what came of it (the dock's word)."""

    ticket: Id
    committed: bool
    rows: Count = 0
    added: Count = 0
    updated: Count = 0
    sha256: str = ""


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


class LookUp(Message, frozen=True, kw_only=True):
    """Ask for the token of one exact address; spends the caller's budget."""

    caller: Caller
    list: Id
    address: Annotated[str, msgspec.Meta(max_length=320)]


class FoundToken(Message, frozen=True, kw_only=True):
    """The token an address has in this tenant, whether or not it is in the list."""

    token: Token


# --- rows go out ------------------------------------------------------------------


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


# --- people sign ------------------------------------------------------------------


class BeginSignIn(Message, frozen=True, kw_only=True):
    """Ask for a nonce to sign in with."""


class Nonce(Message, frozen=True, kw_only=True):
    """A value the keeper made and will accept once."""

    nonce: str


class Assertion(Message, frozen=True, kw_only=True):
    """What an authenticator returned (WebAuthn, section 5.2.2), plus what it signed."""

    statement: Annotated[bytes, msgspec.Meta(max_length=4096)]
    authenticator_data: Annotated[bytes, msgspec.Meta(max_length=1024)]
    client_data: Annotated[bytes, msgspec.Meta(max_length=4096)]
    signature: Annotated[bytes, msgspec.Meta(max_length=1024)]


class FinishSignIn(Message, frozen=True, kw_only=True):
    """Present a signed sign-in statement, and the id of the passkey that signed it."""

    credential: Annotated[str, msgspec.Meta(max_length=400)]
    assertion: Assertion


class Session(Message, frozen=True, kw_only=True):
    """A session for one person, carried by one service."""

    session: Credential
    person: Id
    name: str
    expires_at: str


class EndSession(Message, frozen=True, kw_only=True):
    """End a session at once."""

    session: Credential


class WhoAmI(Message, frozen=True, kw_only=True):
    """Ask whose session this is."""

    session: Credential


class DraftRequest(Message, frozen=True, kw_only=True):
    """Facts for a request; each new passkey in it comes with a proof, in its order."""

    session: Credential
    action: str
    purpose: Text
    tenant: str = ""
    list: str = ""
    selection: Text = ""
    cap: Count = 0
    recipient: str = ""
    subject: Text = ""
    proofs: Annotated[tuple[Assertion, ...], msgspec.Meta(max_length=8)] = ()
    destination: Annotated[str, msgspec.Meta(max_length=500)] = ""  # sealed there
    policy: PolicyText = ""  # the text whose SHA-256 the subject holds
    valid_seconds: Annotated[int, msgspec.Meta(ge=60, le=90 * 86400)] = 86400


class ShowRequest(Message, frozen=True, kw_only=True):
    """Ask for one request, or for all the caller may see."""

    session: Credential
    request: Id | None = None
    waiting: bool = False


class RequestView(Message, frozen=True, kw_only=True):
    """A request as the keeper holds it: the exact bytes, and what is missing."""

    id: Id
    terms: bytes
    state: str  # waiting, granted, done, denied, expired
    missing: tuple[str, ...]
    facts: dict[str, str]  # names for ids, told by the keeper for the signer's eyes
    signed_by: tuple[str, ...]  # "ben (request)", in order
    policy: str = ""  # the text whose SHA-256 the terms hold


class RequestViews(Message, frozen=True, kw_only=True):
    """Requests the caller may see."""

    requests: tuple[RequestView, ...]


class SubmitStatement(Message, frozen=True, kw_only=True):
    """Hand in a signed statement on a request."""

    request: Id
    assertion: Assertion


# --- registry and ledger ------------------------------------------------------------


class ShowRegistry(Message, frozen=True, kw_only=True):
    """Ask for people, services, recipients or tenants."""

    session: Credential
    kind: str


class RegistryRows(Message, frozen=True, kw_only=True):
    """Rows of the registry as replayed from the ledger."""

    rows: tuple[dict[str, str], ...]


class ReadLedger(Message, frozen=True, kw_only=True):
    """Ask for entries from an index on."""

    session: Credential
    start: Count = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 500


class LedgerEntry(Message, frozen=True, kw_only=True):
    """One entry: its body for those who may read it, its leaf hash for everybody."""

    index: Count
    leaf: bytes
    body: bytes  # empty: not yours to read


class LedgerPage(Message, frozen=True, kw_only=True):
    """A run of entries and the checkpoint they lead to."""

    entries: tuple[LedgerEntry, ...]
    checkpoint: bytes
    ledger_key: str  # verifier key of the checkpoint


class ReadProof(Message, frozen=True, kw_only=True):
    """Ask for the proof that one entry is in the ledger."""

    session: Credential
    index: Count


class Proof(Message, frozen=True, kw_only=True):
    """An inclusion proof (RFC 9162, 2.1.3)."""

    index: Count
    leaf: bytes
    path: tuple[bytes, ...]
    checkpoint: bytes


class ReadListHead(Message, frozen=True, kw_only=True):
    """Ask for the proof of a list's newest entry."""

    session: Credential
    list: Id


class ListHeadProof(Message, frozen=True, kw_only=True):
    """A list's head, and its way to the root that the checkpoint names."""

    list: Id
    sequence: Count
    digest: str
    index: Count
    lists: Count
    path: tuple[bytes, ...]
    checkpoint: bytes
