"""Sign messages so that receivers know whose they are (DKIM, RFC 6376 and RFC 8463).

Canonicalization is relaxed/relaxed. Every field we write is signed, and most are named
once more than they are there, so that nobody adds a second one to a signed message
(RFC 6376, 8.15). There is no ``l=``: all of the body is signed.

The private key stays where it is: a signer gets the 32 bytes of SHA-256 to sign. For
RSA that is PKCS #1 v1.5 over the digest; for Ed25519 the digest is the message
(RFC 8463, 3).
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from listkeep.core.errors import Code, MalformedError

from .message import Built

# In this order; those a message lacks are signed as missing.
SIGNED_FIELDS = (
    "from",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "feedback-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
)
_LINE = 70
_SPACE = re.compile(r"[ \t\r\n]+")
_DOMAIN = re.compile(r"[a-z0-9_](?:[a-z0-9._-]{0,250}[a-z0-9])?")


class Algorithm(StrEnum):
    """How it is signed."""

    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"


@dataclass(frozen=True, slots=True)
class SigningName:
    """Where the public half of a key stands."""

    algorithm: Algorithm
    domain: str
    selector: str

    def __post_init__(self) -> None:
        """Refuse names that would not stay one tag.

        Raises:
            MalformedError: Domain or selector has other signs than a name in the DNS.
        """
        if not (_DOMAIN.fullmatch(self.domain) and _DOMAIN.fullmatch(self.selector)):
            raise MalformedError("not a signing domain", code=Code.MAIL_INVALID)


@dataclass(frozen=True, slots=True)
class Signer(SigningName):
    """A key that is at hand: its name, and who uses the private half."""

    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class DraftSignature:
    """A signature's field up to the signature itself, and what has to be signed."""

    name: SigningName
    field: str
    digest: bytes


def sign_message(built: Built, signers: Iterable[Signer], *, at: datetime) -> Built:
    """Put one signature for each signer in front of a message.

    The message may be signed by several keys at once: RSA for those who know nothing
    else, Ed25519 beside it.
    """
    signers = tuple(signers)
    drafts = draft_signatures(built, signers, at=at)
    signatures = [
        signer.sign(draft.digest) for signer, draft in zip(signers, drafts, strict=True)
    ]
    return attach_signatures(built, drafts, signatures)


def draft_signatures(
    built: Built, names: Iterable[SigningName], *, at: datetime
) -> tuple[DraftSignature, ...]:
    """Say what has to be signed, for a key that is elsewhere.

    No signature covers another one, so all can be asked for at once.
    """
    signed, header = _signed_header(built.fields)
    body_hash = base64.b64encode(
        hashlib.sha256(relax_body(built.body)).digest()
    ).decode()
    drafts = []
    for name in names:
        field = (
            f"DKIM-Signature: v=1; a={name.algorithm}; c=relaxed/relaxed;\r\n"
            f" d={name.domain}; s={name.selector};\r\n"
            f" t={int(at.timestamp())};\r\n h={_fold(':'.join(signed), ':')};\r\n"
            f" bh={body_hash};\r\n b="
        )
        text = header + relax_field(field)
        digest = hashlib.sha256(text.encode()).digest()  # RFC 8616, 5
        drafts.append(DraftSignature(name, field, digest))
    return tuple(drafts)


def attach_signatures(
    built: Built, drafts: Iterable[DraftSignature], signatures: Iterable[bytes]
) -> Built:
    """Put drafts and what was signed for them in front of a message."""
    for draft, signature in zip(drafts, signatures, strict=True):
        encoded = _fold(base64.b64encode(signature).decode())
        built = built.with_field(draft.field + encoded)
    return built


def relax_field(field: str) -> str:
    """Write a field in relaxed form (RFC 6376, 3.4.2), without the line break."""
    name, _, value = field.partition(":")
    if not value.isprintable() or "  " in value:  # else there is nothing to join
        value = _SPACE.sub(" ", value)
    return f"{name.strip().lower()}:{value.strip()}"


def relax_body(body: bytes) -> bytes:
    """Write a body in relaxed form (RFC 6376, 3.4.4)."""
    text = body.replace(b"\t", b" ")  # a pattern takes ten times as long
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    text = text.replace(b" \r\n", b"\r\n").removesuffix(b" ")
    end = len(text)
    while end and text[end - 2 : end] == b"\r\n":
        end -= 2
    return text[:end] + b"\r\n" if end else b""


def _signed_header(fields: tuple[str, ...]) -> tuple[list[str], str]:
    there = {field.partition(":")[0].lower(): field for field in fields}
    names: list[str] = []
    text = ""
    for name in SIGNED_FIELDS:
        if name in there:
            names.append(name)
            text += relax_field(there[name]) + "\r\n"
        names.append(name)  # once more: there is no second one
    return names, text


def _fold(text: str, after: str = "") -> str:
    return "\r\n ".join(_cut(text, after))


def _cut(text: str, after: str) -> Iterator[str]:
    while len(text) > _LINE:
        end = text.rfind(after, 0, _LINE) + 1 if after else _LINE
        yield text[:end]
        text = text[end:]
    yield text
