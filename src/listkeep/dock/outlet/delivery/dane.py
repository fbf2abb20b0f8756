"""Keys that a mail server publishes in the signed DNS (DANE for SMTP, RFC 7672)."""

import hashlib
import hmac
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import verification

from .names import Tlsa
from .trust import UntrustedError, unverified_context

AUTHORITY = 2  # DANE-TA: one certificate of the chain
OWN = 3  # DANE-EE: the server's own; names and dates are no matter (RFC 7672, 3.1.1)
_DIGESTS = {1: hashlib.sha256, 2: hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Dane:
    """One of the published keys. If none of them can be used: TLS, with any key."""

    records: tuple[Tlsa, ...]
    needs_tls: bool = field(default=True, init=False)

    def context(self, ca_file: str) -> ssl.SSLContext:  # noqa: ARG002
        """Ask no authority: what is published is what counts."""
        return unverified_context()

    def verify(self, chain: Sequence[bytes], *, host: str) -> None:
        """Find a record that the certificates that were shown answer to."""
        usable = [record for record in self.records if is_usable(record)]
        if not usable:
            return
        if any(_holds(record, chain, host) for record in usable):
            return
        raise UntrustedError("the mail server has another key than its domain says")


def is_usable(record: Tlsa) -> bool:
    """Tell whether a record is one that mail servers go by (RFC 7672, 3.1)."""
    return (
        record.usage in (AUTHORITY, OWN)
        and record.selector in (0, 1)
        and (record.matching in _DIGESTS or record.matching == 0)
    )


def _holds(record: Tlsa, chain: Sequence[bytes], host: str) -> bool:
    if record.usage == OWN:
        return bool(chain) and _matches(record, chain[0])
    anchors = [each for each in chain if _matches(record, each)]
    return any(_leads_to(anchor, chain, host) for anchor in anchors)


def _matches(record: Tlsa, certificate: bytes) -> bool:
    data = certificate
    if record.selector == 1:
        try:
            key = x509.load_der_x509_certificate(certificate).public_key()
        except ValueError:
            return False
        data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = _DIGESTS.get(record.matching)
    found = digest(data).digest() if digest else data
    return hmac.compare_digest(found, record.data)


def _leads_to(anchor: bytes, chain: Sequence[bytes], host: str) -> bool:
    """Check that the server's certificate is the anchor's, for this host, and valid."""
    try:
        certificates = [x509.load_der_x509_certificate(each) for each in chain]
        store = verification.Store([x509.load_der_x509_certificate(anchor)])
        verifier = (
            verification.PolicyBuilder()
            .store(store)
            .build_server_verifier(x509.DNSName(host))
        )
        verifier.verify(certificates[0], certificates[1:])
    except (ValueError, verification.VerificationError):
        return False
    return True
