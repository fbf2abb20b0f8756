"""What a maker says of an authenticator: a certificate that one of its kind signed.

``fido2`` verifies the statement; this module decides whose word counts. Accepted is
only the format ``packed``, with certificates that lead to a root the instance
trusts, for models (AAGUID) it lists. (WebAuthn Level 3, sections 7.1 and 8.2.)
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from fido2.attestation.base import (
    Attestation,
    AttestationType,
    InvalidAttestation,
    NoneAttestation,
    verify_x509_chain,
)
from fido2.attestation.packed import PackedAttestation
from fido2.webauthn import AttestationObject

from listkeep.core.errors import Code, VerificationError

_FORMATS: dict[str, type[Attestation]] = {
    "none": NoneAttestation,
    "packed": PackedAttestation,
}
_LONGEST_CHAIN = 4
# What the libraries raise on statements and certificates that are none.
_UNREADABLE = (
    *(AssertionError, AttributeError, InvalidAttestation, LookupError),
    *(NotImplementedError, TypeError, UnsupportedAlgorithm, ValueError),
    *(x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType),
)


def verify_statement(attested: AttestationObject, client_data: bytes) -> list[bytes]:
    """Verify an attestation by itself and give its certificates, which prove nothing.

    Raises:
        VerificationError: It is of another format, or its signature is wrong.
    """
    try:
        verifier: Any = _FORMATS[attested.fmt]()
        result = verifier.verify(
            attested.att_stmt, attested.auth_data, hashlib.sha256(client_data).digest()
        )
    except _UNREADABLE as error:
        raise _invalid() from error
    is_basic = result.attestation_type is AttestationType.BASIC
    return list(result.trust_path) if is_basic else []


def verify_maker(
    attestation_object: bytes,
    client_data: bytes,
    *,
    roots: Sequence[x509.Certificate],
    aaguids: Collection[str],
    now: datetime,
) -> None:
    """Verify that a trusted maker vouches for an authenticator of a listed model.

    Raises:
        VerificationError: Nobody does, or for another model, or not at this time.
    """
    try:
        attested = AttestationObject(attestation_object)
        data = attested.auth_data.credential_data
    except _UNREADABLE as error:
        raise _invalid() from error
    chain = verify_statement(attested, client_data)
    if data is None or not data.aaguid or str(data.aaguid) not in aaguids:
        raise _invalid()
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in chain]
        trusted = any(_leads_to(certificates, root, now) for root in roots)
    except _UNREADABLE as error:
        raise _invalid() from error
    if not trusted:
        raise _invalid()


def _leads_to(
    chain: Sequence[x509.Certificate], root: x509.Certificate, now: datetime
) -> bool:
    """Tell whether each certificate is signed by the next, and the last by the root."""
    if not 0 < len(chain) <= _LONGEST_CHAIN:
        return False
    whole = [*chain, root] if chain[-1] != root else list(chain)
    if any(
        not each.not_valid_before_utc <= now <= each.not_valid_after_utc
        for each in whole
    ):
        return False
    for child, issuer in pairwise(whole):
        if child.issuer != issuer.subject or not _may_issue(issuer):
            return False
    try:
        verify_x509_chain([each.public_bytes(Encoding.DER) for each in whole])
    except InvalidAttestation:
        return False
    return len(whole) > 1


def _may_issue(certificate: x509.Certificate) -> bool:
    """Tell an authority's certificate from an authenticator's own."""
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return basic.value.ca


def _invalid() -> VerificationError:
    return VerificationError(
        "the authenticator is not attested by a maker this instance trusts",
        code=Code.SIGNATURE_INVALID,
        hint="use a hardware key of a model in attestation_aaguids, whose maker's root "
        "certificate lies in attestation/ of the key store",
    )
