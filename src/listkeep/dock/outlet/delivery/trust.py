"""Is this the mail server it should be, and does nobody listen in?

A route says what has to be shown: one certain key, a certificate of an authority that
is trusted, or for any mail server of the world what its domain publishes. What could
not be shown is never made up for by less: the letter waits.
"""

import hashlib
import hmac
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PINNED = "pinned:"
WEB = "web"


class UntrustedError(Exception):
    """A mail server has not shown what it has to. The text is ours."""


class Requirement(Protocol):
    """What a mail server has to show before it gets a letter."""

    @property
    def needs_tls(self) -> bool:
        """Whether it gets nothing without TLS, however friendly it is."""

    def context(self, ca_file: str) -> ssl.SSLContext:
        """Give what TLS is begun with."""

    def verify(self, chain: Sequence[bytes], *, host: str) -> None:
        """Check the certificates that were shown, the server's own first.

        Raises:
            UntrustedError: It is not the one.
        """


@dataclass(frozen=True, slots=True)
class Pinned:
    """One key, by the digest of its SPKI; who signed its certificate is no matter."""

    pin: str
    needs_tls: bool = field(default=True, init=False)

    def context(self, ca_file: str) -> ssl.SSLContext:  # noqa: ARG002
        """Ask no authority: the key is known."""
        return unverified_context()

    def verify(self, chain: Sequence[bytes], *, host: str) -> None:  # noqa: ARG002
        """Compare the key."""
        if not chain or not hmac.compare_digest(spki_digest(chain[0]), self.pin):
            raise UntrustedError("the mail server has another key than was enrolled")


@dataclass(frozen=True, slots=True)
class Web:
    """A certificate for the host's name, by an authority that is trusted."""

    needs_tls: bool = field(default=True, init=False)

    def context(self, ca_file: str) -> ssl.SSLContext:
        """Have TLS itself check chain and name."""
        return verified_context(ca_file)

    def verify(self, chain: Sequence[bytes], *, host: str) -> None:
        """Nothing is left to do: the handshake has failed otherwise."""


@dataclass(frozen=True, slots=True)
class Opportunistic:
    """Whatever it has. Whether it offered TLS before, is asked when it does not."""

    needs_tls: bool = field(default=False, init=False)

    def context(self, ca_file: str) -> ssl.SSLContext:  # noqa: ARG002
        """Take any certificate: this is against who listens, not who pretends."""
        return unverified_context()

    def verify(self, chain: Sequence[bytes], *, host: str) -> None:
        """Take anybody."""


def requirement_of(tls: str) -> Requirement:
    """Say what the host of a smart-host route has to show."""
    return Pinned(tls.removeprefix(PINNED)) if tls.startswith(PINNED) else Web()


def spki_digest(certificate: bytes) -> str:
    """Compute what a key is pinned by, in hex."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


@lru_cache(maxsize=8)
def verified_context(ca_file: str) -> ssl.SSLContext:
    """Make a context that checks chain and name."""
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@lru_cache(maxsize=1)
def unverified_context() -> ssl.SSLContext:
    """Make a context that takes any certificate; somebody else looks at it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
