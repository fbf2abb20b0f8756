"""Verify what an authenticator returned, more strictly than any library's default.

``fido2`` parses; this module decides. It accepts only: the type ``webauthn.get``,
our own challenge, the exact origin, not cross-origin and no top origin, the RP ID's
hash, user present and user verified, a key that may leave its device only if it was
enrolled as such a one, ES256 or EdDSA, and a counter that moves on.
(WebAuthn Level 3, section 7.2.)
"""

import base64
import hashlib
import hmac
import json
import struct
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.cose import ES256, CoseKey, EdDSA
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
)

from listkeep.core.errors import Code, MalformedError, VerificationError

from .attestation import verify_statement

# What the library raises on bytes that are no CBOR, no key or no such structure.
_UNREADABLE = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError),
    *(ValueError, struct.error),
)
_MOST_BYTES = 16_384
_HEAD = 37  # RP ID hash, flags, counter
# Type, algorithm, curve and the coordinates' lengths (RFC 9053, sections 2 and 7).
_ES256 = {1: (int, 2), 3: (int, ES256.ALGORITHM), -1: (int, 1), -2: 32, -3: 32}
_EDDSA = {1: (int, 1), 3: (int, EdDSA.ALGORITHM), -1: (int, 6), -2: 32}
_ALGORITHMS: dict[int, tuple[type[CoseKey], dict[int, Any]]] = {
    ES256.ALGORITHM: (ES256, _ES256),
    EdDSA.ALGORITHM: (EdDSA, _EDDSA),
}


class Assertion(Protocol):
    """What an authenticator returned (WebAuthn, section 5.2.2), plus what it signed."""

    @property
    def statement(self) -> bytes:
        """What was signed, in its canonical spelling."""

    @property
    def authenticator_data(self) -> bytes:
        """Flags, counter and RP ID hash (section 6.1)."""

    @property
    def client_data(self) -> bytes:
        """Type, challenge and origin as JSON (section 5.8.1)."""

    @property
    def signature(self) -> bytes:
        """The signature over the two before it."""


@dataclass(frozen=True, slots=True)
class RecordedAssertion:
    """An assertion as a ledger entry holds it."""

    statement: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class RelyingParty:
    """Where signatures for this keeper are made, to the letter."""

    rp_id: str
    origins: tuple[str, ...]


class Kind(StrEnum):
    """Where the private half of a passkey is."""

    SOFTWARE = "software"  # in a file: under the demo profile only
    SYNCED = "synced"  # with a provider who copies it between devices (BE = 1)
    HARDWARE = "hardware"  # in one device, which it does not leave (BE = 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """A public key that signs for one person."""

    id: str  # base64url
    public_key: bytes  # COSE key, CBOR
    kind: Kind


def verify_assertion(
    assertion: Assertion,
    *,
    challenge: bytes,
    credential: Credential,
    party: RelyingParty,
) -> int:
    """Verify one assertion over a challenge and return its signature counter.

    Raises:
        VerificationError: Anything about it is not as it must be. One message.
    """
    try:
        data = AuthenticatorData(assertion.authenticator_data)
        key = parse_public_key(credential.public_key)
        key.verify(
            assertion.authenticator_data
            + hashlib.sha256(assertion.client_data).digest(),
            assertion.signature,
        )
    except (*_UNREADABLE, InvalidSignature) as error:
        raise _invalid() from error
    _verify_client_data(
        assertion.client_data, "webauthn.get", challenge=challenge, party=party
    )
    _verify_flags(data, party)
    if data.is_backup_eligible() != (credential.kind is Kind.SYNCED):
        raise _invalid()
    return int(data.counter)


def verify_attested(
    client_data: bytes,
    attestation_object: bytes,
    *,
    challenge: bytes,
    party: RelyingParty,
) -> Credential:
    """Verify the making of a passkey, and give it with the kind it says it is.

    Judged as an assertion is (WebAuthn Level 3, section 7.1): that it can sign is
    proven by an assertion of its own, that its kind is true by its maker alone.

    Raises:
        VerificationError: Anything about it is not as it must be.
    """
    if max(len(client_data), len(attestation_object)) > _MOST_BYTES:
        raise _not_made()
    try:
        attested = AttestationObject(attestation_object)
        data = attested.auth_data
        made = data.credential_data
        if made is None or not _is_canonical(attestation_object, data):
            raise _not_made()
        public_key = cbor.encode(made.public_key)
        parse_public_key(public_key)
        _verify_client_data(
            client_data, "webauthn.create", challenge=challenge, party=party
        )
        _verify_flags(data, party)
    except (*_UNREADABLE, MalformedError, VerificationError) as error:
        raise _not_made() from error
    verify_statement(attested, client_data)
    return Credential(
        id=encode_base64url(made.credential_id),
        public_key=public_key,
        kind=Kind.SYNCED if data.is_backup_eligible() else Kind.HARDWARE,
    )


def _is_canonical(encoded: bytes, data: AuthenticatorData) -> bool:
    """Tell whether this is the only spelling of what was read from it.

    The library reads short strings and repeated keys without a word.
    """
    fields: Any = cbor.decode(encoded)
    pairs = (cbor.encode(key) + cbor.encode(fields[key]) for key in fields)
    made: Any = data.credential_data
    parts = AttestedCredentialData.create(
        made.aaguid, made.credential_id, made.public_key
    )
    rest = b"" if data.extensions is None else cbor.encode(data.extensions)
    return (
        set(fields) == {"fmt", "attStmt", "authData"}
        and encoded == b"\xa3" + b"".join(pairs)
        and bytes(data) == bytes(data[:_HEAD]) + bytes(parts) + rest
    )


@lru_cache(maxsize=1024)  # people sign with the same few keys
def parse_public_key(encoded: bytes) -> CoseKey:
    """Read a COSE public key of an accepted algorithm.

    Raises:
        MalformedError: It is not one, or has trailing bytes.
    """
    try:
        fields: Any = cbor.decode(encoded)
        kind, expected = _ALGORITHMS[fields[3]]
        key: CoseKey = kind(fields)
        canonical = cbor.encode(fields)
        if _shape(fields) != expected:
            raise ValueError("another type, curve or length")
    except _UNREADABLE as error:
        raise MalformedError("a public key is not ES256 or EdDSA") from error
    if canonical != encoded:
        raise MalformedError("a public key has more than one spelling")
    return key


def _shape(fields: dict[int, Any]) -> dict[int, object]:
    return {
        name: len(value) if type(value) is bytes else (type(value), value)
        for name, value in fields.items()
    }


def encode_assertion(assertion: Assertion) -> str:
    """Write an assertion as text for a ledger entry: four parts, base64url."""
    parts = (
        assertion.statement,
        assertion.authenticator_data,
        assertion.client_data,
        assertion.signature,
    )
    return ".".join(map(encode_base64url, parts))


def decode_assertion(text: str) -> RecordedAssertion:
    """Read an assertion back.

    Raises:
        MalformedError: The text holds none.
    """
    parts = [decode_base64url(part) for part in text.split(".")]
    if len(parts) != 4:
        raise MalformedError("an assertion has four parts")
    return RecordedAssertion(*parts)


def encode_base64url(data: bytes) -> str:
    """Write bytes as unpadded base64url."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode_base64url(text: str) -> bytes:
    """Read unpadded base64url, in its one canonical spelling.

    Raises:
        MalformedError: It is not that.
    """
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise MalformedError("not base64url") from error
    if encode_base64url(data) != text:
        raise MalformedError("not base64url")
    return data


def _verify_flags(data: AuthenticatorData, party: RelyingParty) -> None:
    expected = hashlib.sha256(party.rp_id.encode()).digest()
    verified = data.is_user_present() and data.is_user_verified()
    if not verified or not hmac.compare_digest(data.rp_id_hash, expected):
        raise _invalid()
    if data.is_backed_up() and not data.is_backup_eligible():
        raise _invalid()  # no authenticator says so (section 6.1.3)


def _verify_client_data(
    data: bytes, kind: str, *, challenge: bytes, party: RelyingParty
) -> None:
    try:
        fields = json.loads(data, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _invalid() from error
    if not isinstance(fields, dict) or fields.get("crossOrigin", False) is not False:
        raise _invalid()
    if fields.get("type") != kind or "topOrigin" in fields:
        raise _invalid()
    if fields.get("origin") not in party.origins:
        raise _invalid()
    given = str(fields.get("challenge")).encode()
    if not hmac.compare_digest(given, encode_base64url(challenge).encode()):
        raise _invalid()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError
    return fields


def _invalid() -> VerificationError:
    return VerificationError(
        "the signature is not valid for these terms",
        code=Code.SIGNATURE_INVALID,
        hint="sign again with the passkey enrolled for this person",
    )


def _not_made() -> VerificationError:
    return VerificationError(
        "the new passkey was not made the way this instance asks for",
        code=Code.SIGNATURE_INVALID,
        hint="open the link again and make the passkey there",
    )
