"""Keys of sending domains: made here, sealed here, and only ever asked to sign.

An RSA key is longer than what a provider of the root wraps. So each domain has a key of
its own in the store like every other, and its private keys lie beside it, sealed under
that: destroying the one ends the others, in every copy. The public halves stand in the
ledger; a private key that does not belong to its public half signs nothing.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from listkeep.core.errors import Code, MalformedError, UnavailableError
from listkeep.core.registry.sending import (
    SendingDomain,
    SigningAlgorithm,
    domain_key,
)

from .store import KeyStore

RSA_BITS: Final = 2048  # what every receiver takes, and fits a record of the DNS
_DIGEST_BYTES: Final = 32
PrivateKey = rsa.RSAPrivateKey | Ed25519PrivateKey


def make_mail_keys(
    store: KeyStore, domain: str, algorithms: Iterable[SigningAlgorithm]
) -> dict[str, str]:
    """Make a domain's private keys, and give their public halves for the DNS.

    Keys that a failed turn left behind were never used, and are taken the next time.

    Raises:
        UnavailableError: The key store cannot be written, or its root not be used.
    """
    key_id = domain_key(domain)
    store.create(key_id)
    kept = store.recall_under(key_id) or {}
    private = {a.value: kept.get(a.value) or _generate(a) for a in algorithms}
    store.keep_under(key_id, private)
    return {name: _public_of(_load(text)) for name, text in private.items()}


def sign_digest(
    store: KeyStore,
    domain: SendingDomain,
    algorithm: SigningAlgorithm,
    digest: bytes,
) -> bytes:
    """Sign one SHA-256 digest for a domain, as DKIM has it.

    For RSA that is PKCS #1 v1.5 over the digest (RFC 6376, 3.3); for Ed25519 the digest
    is the message (RFC 8463, 3).

    Raises:
        MalformedError: It has not 32 bytes, or the domain has no such key.
        UnavailableError: The key is not there, or not the one the ledger names.
    """
    if len(digest) != _DIGEST_BYTES or algorithm not in domain.public:
        raise MalformedError("there is no such key to sign this with")
    keys = store.use_under(domain_key(domain.id), _load_all)
    key, public = keys.get(algorithm, (None, ""))
    if key is None or public != domain.public[algorithm]:
        raise UnavailableError(
            "the key of a sending domain is not the one the ledger names",
            code=Code.KEY_UNAVAILABLE,
            hint="put back the newest copy of the key store",
        )
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(digest)
    return key.sign(digest, padding.PKCS1v15(), Prehashed(SHA256()))


def _generate(name: SigningAlgorithm) -> str:
    key: PrivateKey
    if name is SigningAlgorithm.ED25519:
        key = Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    data = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return base64.b64encode(data).decode()


def _load_all(texts: Mapping[str, str]) -> dict[str, tuple[PrivateKey, str]]:
    keys = {name: _load(text) for name, text in texts.items()}
    return {name: (key, _public_of(key)) for name, key in keys.items()}


def _load(text: str) -> PrivateKey:
    try:
        key = serialization.load_der_private_key(base64.b64decode(text), None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnavailableError(
            "a key of a sending domain cannot be read", code=Code.KEY_UNAVAILABLE
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey | Ed25519PrivateKey):
        raise UnavailableError(
            "a key of a sending domain cannot be read", code=Code.KEY_UNAVAILABLE
        )
    return key


def _public_of(key: PrivateKey) -> str:
    """Write a public half as the DNS has it, without line breaks."""
    public = key.public_key()
    if isinstance(key, Ed25519PrivateKey):
        data = key.public_key().public_bytes_raw()
    else:
        data = public.public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
    return base64.b64encode(data).decode()
