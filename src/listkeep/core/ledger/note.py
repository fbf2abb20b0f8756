"""Signed notes and checkpoints, as C2SP writes them.

``c2sp.org/signed-note`` and ``c2sp.org/tlog-checkpoint``: text that ends in a
newline, an empty line, then one line per signature. A text is worth nothing until
a trusted key has signed it, so there is no way here to read a note without
naming the keys one trusts; signatures by other keys are kept apart.

Only Ed25519 (type 0x01) is signed and verified. Notes that carry other types, of
witnesses for instance, still open; those signatures count as unverified.
"""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from listkeep.core.errors import Code, MalformedError, VerificationError
from listkeep.core.ledger.tree import HASH_BYTES, Hash, TreeHead

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
ED25519 = b"\x01"
KEY_BYTES = 32
KEY_ID_BYTES = 4
SIZE_LIMIT = 2**63

_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
_LINE = re.compile(r"[^\x00-\x1f\ud800-\udfff]+")
_TEXT = re.compile(r"[^\x00-\x09\x0b-\x1f\ud800-\udfff]*\n")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_DASH = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class NoteKey:
    """The public half of a key that signs notes, under the name it signs as.

    Raises:
        MalformedError: The name or the key cannot stand in a note.
    """

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be written as a verifier key."""
        if not _NAME.fullmatch(self.name):
            raise MalformedError("key name is empty or holds a space or a plus sign")
        if len(self.public_key) != KEY_BYTES:
            raise MalformedError("an Ed25519 public key has 32 bytes")

    @property
    def id(self) -> bytes:
        """Four bytes that, with the name, say which key signed; not a proof."""
        named = self.name.encode() + b"\n" + ED25519 + self.public_key
        return sha256(named).digest()[:KEY_ID_BYTES]

    def format(self) -> str:
        """Write the verifier key (vkey): name, key id, type and public key."""
        return f"{self.name}+{self.id.hex()}+{encode_base64(ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> "NoteKey":
        """Read a verifier key.

        Raises:
            MalformedError: It is not an Ed25519 verifier key, or its id is wrong.
        """
        name, _, rest = text.partition("+")
        _, _, encoded = rest.partition("+")
        material = decode_base64(encoded)
        if material[:1] != ED25519:
            raise MalformedError("verifier key is not of type Ed25519")
        key = cls(name, material[1:])
        if key.format() != text:
            raise MalformedError("verifier key does not match its key id")
        return key


class NoteSigner(NamedTuple):
    """A key and the act of signing with it; the private half stays elsewhere."""

    key: NoteKey
    sign: Callable[[bytes], bytes]


class NoteSignature(NamedTuple):
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text, the trusted signatures on it, and the others."""

    text: str
    signatures: tuple[NoteSignature, ...]
    unverified_signatures: tuple[NoteSignature, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The text a log signs: who it is, how long, and its root.

    Raises:
        MalformedError: A field cannot stand in a checkpoint.
    """

    origin: str
    size: int
    root: Hash
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be read back."""
        if not all(map(_LINE.fullmatch, (self.origin, *self.extensions))):
            raise MalformedError(
                "checkpoint line is empty or holds a control character"
            )
        if not 0 <= self.size < SIZE_LIMIT:
            raise MalformedError("checkpoint size is out of range")
        if len(self.root) != HASH_BYTES:
            raise MalformedError("checkpoint root is not a hash")

    @property
    def head(self) -> TreeHead:
        """Size and root, ready for proofs."""
        return TreeHead(self.size, self.root)

    def format(self) -> str:
        """Write the text to be signed."""
        lines = (
            self.origin,
            str(self.size),
            encode_base64(self.root),
            *self.extensions,
        )
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a note whose signatures have been verified.

        Raises:
            MalformedError: The text is not a checkpoint.
        """
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop():
            raise MalformedError("checkpoint is cut short")
        origin, size, root, *extensions = lines
        if not _SIZE.fullmatch(size):
            raise MalformedError("checkpoint size is not a plain decimal number")
        return cls(origin, int(size), decode_base64(root), tuple(extensions))


def sign_note(text: str, signer: NoteSigner) -> bytes:
    """Sign ``text`` and return the whole note.

    The signature is verified before it leaves: a checkpoint signed with a key
    other than the published one could never be taken back.

    Raises:
        MalformedError: The text does not end in a newline, or holds a control
            character.
        VerificationError: The signer does not hold the private half of its key.
    """
    if not _TEXT.fullmatch(text):
        raise MalformedError("note text needs a final newline and plain characters")
    signed = text.encode()
    signature = signer.sign(signed)
    _verify_signature(signer.key, signature, signed)
    encoded = encode_base64(signer.key.id + signature)
    return signed + f"\n{_DASH}{signer.key.name} {encoded}\n".encode()


def open_note(data: bytes, verifiers: Sequence[NoteKey]) -> Note:
    """Read a note that at least one of ``verifiers`` has signed.

    One wrong signature under a trusted key spoils the note. A line that repeats
    a key is dropped, so that counting signatures counts keys.

    Raises:
        MalformedError: The bytes are not a signed note.
        VerificationError: A trusted signature is wrong, or there is none.
    """
    text, lines = _split_note(data)
    trusted = {(key.name, key.id): key for key in verifiers}
    signed = text.encode()
    verified: dict[tuple[str, bytes], NoteSignature] = {}
    unverified = []
    for signature in map(_parse_signature, lines):
        name_and_id = signature.name, signature.key_id
        key = trusted.get(name_and_id)
        if key is None:
            unverified.append(signature)
        elif name_and_id not in verified:
            _verify_signature(key, signature.signature, signed)
            verified[name_and_id] = signature
    if not verified:
        raise VerificationError(
            "no trusted key has signed the note", code=Code.SIGNATURE_INVALID
        )
    return Note(text, tuple(verified.values()), tuple(unverified))


def _split_note(data: bytes) -> tuple[str, list[str]]:
    if len(data) > MAX_NOTE_BYTES:
        raise MalformedError("note is too long")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("note is not UTF-8") from error
    text, blank_line, tail = whole.rpartition("\n\n")
    # Lines end at newlines only: str.splitlines would also cut at U+2028.
    lines = tail.removesuffix("\n").split("\n")
    if not blank_line or not tail.endswith("\n") or not _TEXT.fullmatch(whole):
        raise MalformedError("note has no text followed by signature lines")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedError("note has too many signatures")
    return f"{text}\n", lines


def _parse_signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _NAME.fullmatch(name):
        raise MalformedError("signature line needs an em dash and a key name")
    blob = decode_base64(encoded)
    if len(blob) <= KEY_ID_BYTES:
        raise MalformedError("signature line is cut short")
    return NoteSignature(name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])


def _verify_signature(key: NoteKey, signature: bytes, signed: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, signed)
    except InvalidSignature as error:
        raise VerificationError(
            "signature on the note is wrong", code=Code.SIGNATURE_INVALID
        ) from error


def encode_base64(data: bytes) -> str:
    """Write bytes as notes do: standard alphabet, with padding."""
    return base64.b64encode(data).decode()


def decode_base64(text: str) -> bytes:
    """Read what ``encode_base64`` wrote, and no other spelling of it.

    The decoder ignores loose last bits: the same bytes would have many names.

    Raises:
        MalformedError: The text is not base64, or not in its only spelling.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:  # its own error, and that of non-ASCII text
        raise MalformedError("text is not base64") from error
    if encode_base64(data) != text:
        raise MalformedError("base64 is not in its only spelling")
    return data
