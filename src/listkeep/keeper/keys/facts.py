"""Seal what the key store remembers besides keys: which genesis, how long the ledger.

It changes with every entry of the ledger, so no provider is asked: it is sealed under a
key of the store's own, which is wrapped like every other.
"""

import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from listkeep.core.canonical import encode, parse

from .provider import NONCE_BYTES, WrongKeyError

FACTS_KEY = "facts"
_MOST_BYTES = 65_536
_FORMAT = b"LKFACTS1"  # stores of before wrapped facts like keys, without a format


def is_sealed(data: bytes) -> bool:
    """Tell facts that are sealed this way from what a provider wrapped."""
    return data.startswith(_FORMAT)


def seal_facts(facts: Mapping[str, str], *, key: bytes, name: str) -> bytes:
    """Seal facts under the store's own key; the name is bound to them."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, encode(facts), name.encode())
    return _FORMAT + nonce + sealed


def open_facts(data: bytes, *, key: bytes, name: str) -> dict[str, str]:
    """Open facts.

    Raises:
        WrongKeyError: They were sealed under another key or name, or changed.
    """
    body = data.removeprefix(_FORMAT)
    nonce, sealed = body[:NONCE_BYTES], body[NONCE_BYTES:]
    try:
        opened = AESGCM(key).decrypt(nonce, sealed, name.encode())
    except (InvalidTag, ValueError) as error:
        raise WrongKeyError from error
    return read_facts(opened)


def read_facts(opened: bytes) -> dict[str, str]:
    """Read facts that were opened."""
    return parse(opened, max_bytes=_MOST_BYTES)
