"""The registry and the ledger, as people read them."""

from typing import Annotated

import msgspec

from listkeep.wire.base import Count, Credential, Id, Message


class Invite(Message, frozen=True, kw_only=True):
    """Make a link: for somebody new, or for passkeys of somebody known."""

    session: Credential
    role: str
    name: str
    tenant: str = ""
    team: str = ""


class Invitation(Message, frozen=True, kw_only=True):
    """The link, told once, and when it ends."""

    id: Id
    link: Credential
    expires_at: str


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
