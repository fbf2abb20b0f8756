"""Aliases: what an address is called in one send, and nowhere else.

    <alias>@p<bucket>.<token domain>   what the mail server queues, retries and logs
    <purpose>-<alias>@<mail domain>    where bounces, complaints and answers come back

An alias is 32 base32 characters: a tag of four bytes that names the send, and the token
enciphered under the send's key (one block of AES-256: a permutation, so no table of a
million aliases is kept, and each names one token). Two sends share no alias; without
the key nobody joins them, or makes one that means anything. When the key is destroyed,
its aliases mean nothing to anybody.
"""

import base64
import re
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from listkeep.core.addresses import PROVIDER_BUCKETS
from listkeep.core.errors import Code, MalformedError

ALIAS_CHARACTERS = 32
TAG_BYTES = 4
TOKEN_BYTES = 16

_ALIAS = re.compile(r"[a-z2-7]{32}")
# What base32 writes (RFC 4648, 6) as Python's own digits, which read ten times faster.
_DIGITS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv"
)
_LOCAL = re.compile(r"([a-z]+)-([a-z2-7]{32})")
_BUCKET = re.compile(r"p(0|[1-9][0-9]{0,2})")
_DOMAIN = re.compile(
    r"(?=.{1,190}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
)


class Purpose(StrEnum):
    """What mail to an alias is about; public and append-only."""

    BOUNCE = "b"
    COMPLAINT = "c"
    REPLY = "r"
    UNSUBSCRIBE = "u"


@dataclass(frozen=True, slots=True)
class SendAddress:
    """An address in token space, as the mail server has it."""

    alias: str
    bucket: int


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """An address mail comes back to."""

    purpose: Purpose
    alias: str


@dataclass(frozen=True, slots=True, repr=False)
class AliasKey:
    """The key of one send and the tag that names it. It has no telling ``repr``."""

    tag: bytes
    key: bytes

    def __post_init__(self) -> None:
        """Refuse keys of other sizes.

        Raises:
            MalformedError: The tag has not 4 or the key not 32 bytes.
        """
        if len(self.tag) != TAG_BYTES or len(self.key) != 32:
            raise _malformed("an alias key has a tag of 4 and a key of 32 bytes")


def make_alias(key: AliasKey, token: bytes) -> str:
    """Name a token for one send.

    Raises:
        MalformedError: The token has not 16 bytes.
    """
    if len(token) != TOKEN_BYTES:
        raise _malformed("not a token")
    # One block only, and each token once: the mode has nothing to chain.
    block = Cipher(AES(key.key), ECB()).encryptor().update(token)  # noqa: S305
    return base64.b32encode(key.tag + block).decode().lower()


def open_alias(key: AliasKey, alias: str) -> bytes:
    """Give the token an alias of this send stands for.

    An alias that was made up opens to a token nobody has.

    Raises:
        MalformedError: It is no alias, or one of another send.
    """
    data = _decode(alias)
    if data[:TAG_BYTES] != key.tag:
        raise _malformed("not an alias of this send")
    return Cipher(AES(key.key), ECB()).decryptor().update(data[TAG_BYTES:])  # noqa: S305


def parse_tag(alias: str) -> bytes:
    """Say which send an alias belongs to.

    Raises:
        MalformedError: It is no alias.
    """
    return _decode(alias)[:TAG_BYTES]


def format_send_address(address: SendAddress, *, token_domain: str) -> str:
    """Write what application and mail server have instead of the real address.

    Raises:
        MalformedError: A part of it cannot be written.
    """
    _decode(address.alias)
    if not 0 <= address.bucket < len(PROVIDER_BUCKETS):
        raise _malformed("there is no such provider bucket")
    return f"{address.alias}@p{address.bucket}.{checked_domain(token_domain)}"


def parse_send_address(text: str, *, token_domain: str) -> SendAddress:
    """Read an address in token space; letters may have changed their case on the way.

    Raises:
        MalformedError: It is none, or of another domain.
    """
    local, _, domain = text.lower().rpartition("@")
    bucket = parse_bucket(domain, token_domain=token_domain)
    _decode(local)
    return SendAddress(local, bucket)


def parse_bucket(domain: str, *, token_domain: str) -> int:
    """Read which provider's bucket a domain ``p<bucket>.<token domain>`` is.

    Raises:
        MalformedError: It is none, or of another token domain.
    """
    label, _, rest = domain.partition(".")
    bucket = _BUCKET.fullmatch(label)
    if bucket is None or rest != checked_domain(token_domain):
        raise _malformed("not an address of the token domain")
    if int(bucket[1]) >= len(PROVIDER_BUCKETS):
        raise _malformed("there is no such provider bucket")
    return int(bucket[1])


def format_return_address(address: ReturnAddress, *, mail_domain: str) -> str:
    """Write an address mail comes back to: an envelope sender, a reply address.

    Raises:
        MalformedError: A part of it cannot be written.
    """
    _decode(address.alias)
    return f"{address.purpose}-{address.alias}@{checked_domain(mail_domain)}"


def parse_return_address(text: str, *, mail_domain: str) -> ReturnAddress:
    """Read an address mail came back to.

    Raises:
        MalformedError: It is none, or of another domain.
    """
    local, _, domain = text.lower().rpartition("@")
    match = _LOCAL.fullmatch(local)
    if match is None or domain != checked_domain(mail_domain):
        raise _malformed("not an address mail comes back to")
    if match[1] not in set(Purpose):
        raise _malformed("there is no such purpose")
    return ReturnAddress(Purpose(match[1]), match[2])


def checked_domain(domain: str) -> str:
    """Give a domain back that token addresses, or addresses of returns, can have.

    Raises:
        MalformedError: It is not written as such a domain is.
    """
    if not _DOMAIN.fullmatch(domain):
        raise _malformed("not a domain in lower-case letters, digits and hyphens")
    return domain


def _decode(alias: str) -> bytes:
    if not _ALIAS.fullmatch(alias):
        raise _malformed("not an alias")
    return int(alias.translate(_DIGITS), 32).to_bytes(TAG_BYTES + TOKEN_BYTES, "big")


def _malformed(message: str) -> MalformedError:
    return MalformedError(message, code=Code.MAIL_INVALID)
