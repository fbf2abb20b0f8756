"""Read a message into a decoded tree: what every program would show, or nothing.

A message says the same thing to a scanner, a signer and a mail client only if there is
one way to read it. So what the standard library's parser would repair is refused: a
header that stands there twice, a boundary that does not end, an unknown encoding, a
charset that does not fit its bytes, a bare carriage return. Limits come before parsing.
"""

import base64
import binascii
import quopri
import re
from collections import Counter
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import cast

from listkeep.core.errors import Code, MalformedError

from . import headers
from .faults import Findings
from .plain import PlainPart, PlainText, split_plain

MAX_BYTES = 2 * 1024 * 1024
MAX_HEADER_BYTES = 64 * 1024
MAX_TEXT_CHARACTERS = 512 * 1024
MAX_PARTS = 30
MAX_DEPTH = 5

TEXT_TYPES = ("text/plain", "text/html")
# What a file has to begin with to be what it says; a client looks there, too.
FILE_TYPES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
    "application/pdf": b"%PDF-",
    "text/calendar": b"BEGIN:VCALENDAR",
}
BRANCH_TYPES = ("multipart/alternative", "multipart/mixed", "multipart/related")
_ENCODINGS = {"", "7bit", "8bit", "binary", "base64", "quoted-printable"}
_FILE_NAME = re.compile(r"[\w][\w .()+-]{0,99}")
_CONTENT_ID = re.compile(r"<([A-Za-z0-9._@+-]{1,100})>")
_BOUNDARY = re.compile(r"[A-Za-z0-9'()+_,./:=?-]{1,70}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_PLAIN_SIGNS = b"\t\n" + bytes(range(0x20, 0x7F))
_BAD_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\n|\Z)")


@dataclass(frozen=True, slots=True)
class Text:
    """A part people read, with LF between lines and none at the end."""

    content_type: str
    text: str


@dataclass(frozen=True, slots=True)
class File:
    """An image or an attachment."""

    content_type: str
    data: bytes
    name: str
    is_attached: bool
    content_id: str


@dataclass(frozen=True, slots=True)
class Branch:
    """Parts in their order."""

    content_type: str
    parts: tuple["Part", ...]


Part = Text | File | Branch


@dataclass(frozen=True, slots=True)
class Mail:
    """Header fields as they came (name, raw value), and the tree."""

    fields: tuple[tuple[str, str], ...]
    body: Part

    def find_all(self, name: str) -> list[str]:
        """Give the raw values of a field."""
        return [value for key, value in self.fields if key.lower() == name]


def parse_mail(data: bytes) -> Mail:
    """Read a message that somebody handed over, whole or not at all.

    Raises:
        MalformedError: It could be read in another way, too, or is too much.
    """
    findings = Findings()
    mail = decode_mail(data, findings)
    if mail is None or findings.faults:
        fault = findings.faults[0]
        raise MalformedError(
            f"{fault.place}: {fault.message}", code=Code.MAIL_INVALID, hint=fault.hint
        )
    return mail


def decode_mail(data: bytes, findings: Findings) -> Mail | None:
    """Read a message; ``None`` if it has no tree at all, faults in ``findings``."""
    bare = data.replace(b"\r\n", b"\n")
    if problem := _why_unreadable(data, bare):
        findings.add("the message", problem, "save it as an .eml file anew")
        return None
    return _decode_plain(bare) or _decode_by_library(bare, findings)


def _decode_plain(data: bytes) -> Mail | None:
    """Read what nearly everybody sends; nothing if there is anything to say of it."""
    split = split_plain(data, single=SINGLE)
    body = _read_plain(split[1]) if split else None
    return Mail(split[0], body) if split and body else None


def _read_plain(part: PlainPart) -> Part | None:
    if isinstance(part, PlainText):
        data = _decode_transfer(part.data, part.encoding)
        text = None if data is None else _decode_charset(data, part.charset)
        if text is None or _is_unfit(text):
            return None
        return Text(part.content_type, text)
    parts = [found for child in part.parts if (found := _read_plain(child))]
    return (
        Branch(part.content_type, tuple(parts))
        if len(parts) == len(part.parts)
        else None
    )


def _decode_by_library(data: bytes, findings: Findings) -> Mail | None:
    message = BytesParser(policy=compat32).parsebytes(data)
    fields = tuple((name, unfold(value)) for name, value in message.raw_items())
    for name, count in Counter(name.lower() for name, _ in fields).items():
        if count > 1 and name in SINGLE:
            findings.add(f"header {name}", "stands there more than once", "leave one")
    body = _Reader(findings).read(message, "part 1", depth=1)
    return Mail(fields, body) if body else None


_SINGLE = """
    from sender reply-to to cc bcc subject date message-id mime-version
    content-type content-transfer-encoding content-disposition content-id
"""
SINGLE = frozenset(_SINGLE.split())


def unfold(value: object) -> str:
    """Join the lines of a field (RFC 5322, 2.2.3)."""
    return re.sub(r"\r?\n(?=[ \t])", "", str(value)).strip(" \t")


def _why_unreadable(data: bytes, bare: bytes) -> str:
    lower = bare[:MAX_BYTES].lower()
    reasons = {
        "is longer than 2 MiB": len(data) > MAX_BYTES,
        "has line ends of several kinds": b"\r" in bare
        or len(data) - len(bare) not in {0, bare.count(b"\n")},
        "has NUL bytes": b"\0" in data,
        "is a mailbox file, not one message": data.startswith(b"From "),
        "has more than 64 KiB of headers": len(bare) > MAX_HEADER_BYTES
        and bare.find(b"\n\n", 0, MAX_HEADER_BYTES + 2) < 0,
        # Before the parser recurses: each level names its type, in plain letters.
        "has too many parts": lower.count(b"multipart/") + lower.count(b"message/")
        > MAX_PARTS,
    }
    return next((reason for reason, is_so in reasons.items() if is_so), "")


@dataclass(slots=True)
class _Reader:
    findings: Findings
    count: int = 0

    def read(self, part: Message, place: str, *, depth: int) -> Part | None:
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_PARTS:
            self.findings.add(place, "is one part too many, or nested too deeply")
            return None
        if part.defects or not self._is_plain(part):
            self.findings.add(
                place,
                "programs read this part in different ways",
                "its headers, boundary or end are broken: save the message anew",
            )
            return None
        kind = part.get_content_type()
        if kind in BRANCH_TYPES and part.is_multipart():
            return self._read_branch(part, kind, place, depth=depth)
        if kind in TEXT_TYPES and not self._is_attached(part):
            return self._read_text(part, kind, place)
        if kind in FILE_TYPES:
            return self._read_file(part, kind, place)
        self.findings.add(
            place,
            "a content type that is not taken",
            "text, images (PNG, JPEG, GIF, WebP), PDF and calendar files are",
        )
        return None

    def _is_plain(self, part: Message) -> bool:
        names = Counter(name.lower() for name, _ in part.raw_items())
        single = all(names[name] <= 1 for name in SINGLE if name.startswith("content-"))
        parameters = [name.lower() for name, _ in part.get_params(failobj=[])]
        encoding = part.get("content-transfer-encoding", "")
        odd = unfold(encoding).lower() not in _ENCODINGS
        boundary = part.get_boundary()
        return (
            single
            and len(set(parameters)) == len(parameters)
            and not odd
            and (boundary is None or _BOUNDARY.fullmatch(boundary) is not None)
        )

    def _read_branch(
        self, part: Message, kind: str, place: str, *, depth: int
    ) -> Part | None:
        parts: list[Part] = []
        for number, child in enumerate(children(part), start=1):
            if found := self.read(child, f"{place}.{number}", depth=depth + 1):
                parts.append(found)
        return Branch(kind, tuple(parts))

    def _is_attached(self, part: Message) -> bool:
        return part.get_content_disposition() == "attachment"

    def _read_text(self, part: Message, kind: str, place: str) -> Part | None:
        charset = part.get_param("charset", "us-ascii")
        data = self._decode(part, place)
        if data is None:
            return None
        text = _decode_charset(data, str(charset).lower())
        if text is None:
            self.findings.add(place, "its charset does not fit", "save it as UTF-8")
            return None
        if _is_unfit(text):
            self.findings.add(place, "holds control characters, or is over 512 KiB")
            return None
        return Text(kind, text)

    def _read_file(self, part: Message, kind: str, place: str) -> Part | None:
        data = self._decode(part, place)
        if data is None:
            return None
        name = part.get_filename() or ""
        if name and not (_FILE_NAME.fullmatch(name) and name.isascii()):
            self.findings.add(
                place, "a file name that is not taken", "letters, digits and .-_ only"
            )
        if kind.startswith("text/"):
            data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        identity = _CONTENT_ID.fullmatch(unfold(part.get("content-id", "")))
        if not data.startswith(FILE_TYPES[kind]):
            self.findings.add(place, "is not a file of the type it says")
        return File(
            kind,
            data,
            name,
            is_attached=self._is_attached(part),
            content_id=identity[1] if identity else "",
        )

    def _decode(self, part: Message, place: str) -> bytes | None:
        encoding = unfold(part.get("content-transfer-encoding", "")).lower()
        data = _decode_transfer(raw_payload(part), encoding)
        if data is None:
            self.findings.add(place, "its encoding is broken", "save the message anew")
        return data


def _decode_transfer(data: bytes, encoding: str) -> bytes | None:
    """Undo a transfer encoding, if all of it is well-formed."""
    if encoding == "base64":
        try:
            return base64.b64decode(b"".join(data.split()), validate=True)
        except binascii.Error:
            return None
    if encoding != "quoted-printable":
        return data
    if _BAD_ESCAPE.search(data) or data == b"=":
        return None
    return quopri.decodestring(data)


def _decode_charset(data: bytes, charset: str) -> str | None:
    codec = headers.CHARSETS.get(charset, "")
    try:
        return clean_text(data.decode(codec)) if codec else None
    except UnicodeDecodeError:
        return None


def _is_unfit(text: str) -> bool:
    """Say whether a text is too long, or has signs in it that nobody sees."""
    if len(text) > MAX_TEXT_CHARACTERS:
        return True
    if text.isascii():  # several times faster than the pattern
        return bool(text.encode("ascii").translate(None, _PLAIN_SIGNS))
    return _CONTROLS.search(text) is not None


def clean_text(text: str) -> str:
    """Give a text the line ends it is compared with."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").rstrip("\n")


def raw_payload(part: Message) -> bytes:
    """Give the bytes of a part as they came, still encoded; none if it has parts.

    The library's own decoding skips what it does not understand, and fails on odd
    charsets; without the field that asks for it, it leaves the bytes alone.
    """
    del part["content-transfer-encoding"]
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def children(part: Message) -> list[Message]:
    """Give the parts of a part."""
    payload = part.get_payload() if part.is_multipart() else []
    return cast("list[Message]", payload)
