"""A copy of the whole key store as one file, and the key that opens it in shares.

The root is not in it. The header says whose copy it is, under which request it was
made, until when it is kept, and which share each holder has; it is bound to what is
sealed, so a header that was changed opens nothing.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from listkeep.core.canonical import encode, parse
from listkeep.core.errors import ListkeepError, MalformedError, VerificationError

from .provider import KEY_BYTES, NONCE_BYTES
from .shares import Share, join_shares, split_key

_FORMAT = b"LKCOPY1\n"
_MOST_BYTES = 16_384
_SHARE = "share_"
_FACTS = ("copy", "expires", "genesis", "keeper", "made", "needed")


class Content(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,  # older versions open a copy that has nothing they do not know
):
    """What a key store holds, but for its root."""

    keys: dict[str, bytes]
    pin: dict[str, str]
    mark_size: int
    mark_root: bytes
    makers: dict[str, bytes]
    """Certificates of authenticators' makers, by the name of their file."""
    private: dict[str, bytes] = {}
    """What is sealed under keys, by their names: keys of sending domains."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy somebody brings; nothing in it is believed before it was opened."""

    unverified_facts: dict[str, str]
    _header: bytes
    _sealed: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Copy":
        """Read a copy's header.

        Raises:
            MalformedError: It is no copy of a key store.
        """
        header, end, sealed = data.removeprefix(_FORMAT).partition(b"\n")
        try:
            facts = parse(header, max_bytes=_MOST_BYTES)
        except ListkeepError as error:
            raise _no_copy() from error
        known = {name for name in facts if not name.startswith(_SHARE)}
        if not data.startswith(_FORMAT) or not end or known != set(_FACTS):
            raise _no_copy()
        return cls(facts, header, sealed)

    def open(self, shares: Sequence[Share]) -> Content:
        """Open a copy with the shares of enough holders.

        Raises:
            VerificationError: A share is not of this copy, or the copy was changed.
            MalformedError: There are too few shares.
        """
        expected = {
            name.removeprefix(_SHARE): digest
            for name, digest in self.unverified_facts.items()
            if name.startswith(_SHARE)
        }
        key = join_shares(shares, expected=expected)
        nonce, sealed = self._sealed[:NONCE_BYTES], self._sealed[NONCE_BYTES:]
        try:
            opened = AESGCM(key).decrypt(nonce, sealed, _FORMAT + self._header)
            return msgspec.msgpack.decode(opened, type=Content)
        except (InvalidTag, ValueError, msgspec.DecodeError) as error:
            raise VerificationError(
                "the copy of the keys was changed", hint="bring another one"
            ) from error


def seal_copy(
    content: Content,
    facts: Mapping[str, str],
    *,
    holders: Sequence[str],
    random: Callable[[int], bytes],
) -> tuple[bytes, tuple[Share, ...]]:
    """Seal a copy under a key of its own, and split that among its holders."""
    key = random(KEY_BYTES)
    shares = split_key(
        key,
        copy=facts["copy"],
        holders=holders,
        needed=int(facts["needed"]),
        random=random,
    )
    digests = {f"{_SHARE}{share.holder}": share.digest() for share in shares}
    header = encode({**facts, **digests})
    nonce = random(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(
        nonce, msgspec.msgpack.encode(content), _FORMAT + header
    )
    return _FORMAT + header + b"\n" + nonce + sealed, shares


def name_copy(data: bytes) -> str:
    """Name a copy's file by its SHA-256, as the ledger does."""
    return hashlib.sha256(data).hexdigest()


def _no_copy() -> MalformedError:
    return MalformedError("this is no copy of a key store")
