"""What a passkey signs: one role, one decision, one set of bytes.

The challenge is ``SHA-256(DSSE-PAE(type, canonical JSON))``. Every kind of
statement has its own type, so a sign-in can never be presented as an approval,
and each signer signs own role and decision, so a request's signature can not be
used as its approval.
"""

import hashlib
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar, Self

from listkeep.core.canonical import encode, pae, parse
from listkeep.core.errors import MalformedError


class Decision(StrEnum):
    """What a person says about a request."""

    REQUEST = "request"
    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Statement:
    payload_type: ClassVar[str]

    keeper: str

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a statement of this kind from its one canonical spelling.

        Raises:
            MalformedError: Other fields, other bytes or another kind.
        """
        values = parse(data)
        # Compared first: Python's own complaint would repeat the sender's names.
        if set(values) != {field.name for field in fields(cls)}:
            raise MalformedError("a statement has other fields")
        statement = cls(**values)
        statement._check()
        return statement

    def format(self) -> bytes:
        """Write the one canonical spelling."""
        names = (field.name for field in fields(self))
        return encode({name: getattr(self, name) for name in names})

    def challenge(self) -> bytes:
        """Compute the 32 bytes an authenticator is asked to sign."""
        return hashlib.sha256(pae(self.payload_type, self.format())).digest()

    def _check(self) -> None:
        return


@dataclass(frozen=True, kw_only=True, slots=True)
class _PersonalStatement(_Statement):
    person: str
    credential: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement(_PersonalStatement):
    """A person's word on one request: ask, approve or deny."""

    payload_type = "application/vnd.listkeep.statement.v1+json"

    decision: str
    request: str  # SHA-256 of the terms, hexadecimal

    def _check(self) -> None:
        if self.decision not in frozenset(Decision):
            raise MalformedError("a statement decides something unknown")


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn(_Statement):
    """Whoever's key this is opens a session that one named service may carry.

    It names nobody: an authenticator that holds the passkey itself knows whose it
    is, and the page that asks for it does not have to.
    """

    payload_type = "application/vnd.listkeep.sign-in.v1+json"

    service: str
    nonce: str
    binding: str  # SHA-256 of the browser's flow, hexadecimal; empty: no browser


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrol(_PersonalStatement):
    """A new credential proves that it can sign, bound to its own public key."""

    payload_type = "application/vnd.listkeep.enrol.v1+json"

    public_key: str  # COSE key, base64url


@dataclass(frozen=True, kw_only=True, slots=True)
class Genesis(_PersonalStatement):
    """A first custodian vouches for the beginning of an instance."""

    payload_type = "application/vnd.listkeep.genesis.v1+json"

    genesis: str  # SHA-256 of the genesis facts, hexadecimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovery(_PersonalStatement):
    """A custodian accepts that the end of the ledger is lost, and goes on."""

    payload_type = "application/vnd.listkeep.recovery.v1+json"

    recovery: str  # SHA-256 of the recovery facts, hexadecimal
