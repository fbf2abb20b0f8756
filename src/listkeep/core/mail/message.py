"""Build the message for one addressee: made anew, nothing passed on.

Everything in it comes from the template that was signed for, from values that passed
their types, and from us. So nothing an application, a mail server or somebody in
between added can be in it: no header, no part, no comment, no odd encoding. The same
template, addressee and stamp give the same bytes.

Texts are quoted-printable or base64, never 8bit, and lines have at most 76 characters,
so that no relay rewrites what was signed (RFC 6376, 5.3). Boundaries begin with ``=_``,
which neither encoding can contain.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from listkeep.core.errors import Code, MalformedError

from .headers import Mailbox, format_field, format_mailbox_field, is_name
from .mime import File
from .rendering import Values, render
from .slots import Piece
from .template import Fork, Letter, Node, Template

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9._+-]{1,100}@[a-z0-9.-]{1,190}>")
_UNSUBSCRIBE = re.compile(r"https://[a-z0-9.-]{1,190}/[A-Za-z0-9._~/?=&-]{1,300}")
_FEEDBACK_ID = re.compile(r"[A-Za-z0-9._-]{1,64}(?::[A-Za-z0-9._-]{1,64}){3}")
_ALIAS = re.compile(r"[a-z2-7]{16,64}")
_FROM_LINE = re.compile(rb"(?m)^From (?=.{0,69}$)")
_BASE64_LINE = 57  # bytes, which are 76 characters


@dataclass(frozen=True, slots=True, repr=False)
class Addressee:
    """Who gets the message, and what is filled in. It has no telling ``repr``."""

    address: str
    alias: str
    values: Values = field(default_factory=dict)
    proof: str = ""  # that a link to leave the list is ours; see `unsubscribing.py`


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes this message one of its own: given, never made up here."""

    date: datetime
    message_id: str
    unsubscribe_url: str = ""
    feedback_id: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Built:
    """A message: header fields, folded, and the encoded body, all with CRLF."""

    fields: tuple[str, ...]
    body: bytes

    def as_bytes(self) -> bytes:
        """Give the message as it goes over the wire, before dots are doubled.

        It is ASCII, but for an addressee whose address is not (RFC 6532).
        """
        return "\r\n".join((*self.fields, "", "")).encode() + self.body

    def with_field(self, text: str) -> "Built":
        """Put one more field in front."""
        return Built((text, *self.fields), self.body)


def build_message(template: Template, addressee: Addressee, stamp: Stamp) -> Built:
    """Build the message of one addressee.

    Raises:
        MalformedError: A value does not fit its slot, or an argument its field.
    """
    if not _ALIAS.fullmatch(addressee.alias):
        raise _malformed("not an alias")
    writer = _Writer(template, addressee)
    content, body = writer.write(template.body)
    fields = [
        _sender_field("From", template.sender),
        format_mailbox_field("To", Mailbox(addressee.address, writer.to_name())),
        format_field("Subject", writer.line(template.subject)),
        *_stamped(stamp),
        "MIME-Version: 1.0",
        *content,
    ]
    if template.reply_to:
        fields.insert(1, _sender_field("Reply-To", template.reply_to))
    return Built(tuple(fields), body)


def _stamped(stamp: Stamp) -> Iterator[str]:
    if stamp.date.tzinfo is None:
        raise _malformed("the date has no time zone")
    yield f"Date: {format_datetime(stamp.date.astimezone(UTC))}"
    yield f"Message-ID: {_checked(_MESSAGE_ID, stamp.message_id)}"
    if stamp.unsubscribe_url:
        yield f"List-Unsubscribe: <{_checked(_UNSUBSCRIBE, stamp.unsubscribe_url)}>"
        yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click"  # RFC 8058, 3.1
    if stamp.feedback_id:
        yield f"Feedback-ID: {_checked(_FEEDBACK_ID, stamp.feedback_id)}"


@lru_cache(maxsize=64)  # the same for each addressee of a send
def _sender_field(name: str, mailbox: Mailbox) -> str:
    return format_mailbox_field(name, mailbox)


def _checked(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise _malformed("a header field that cannot be written")
    return text


@dataclass(slots=True, repr=False)
class _Writer:
    template: Template
    addressee: Addressee
    boundaries: int = 0

    def line(self, pieces: tuple[Piece, ...]) -> str:
        return self._render(pieces, is_html=False).strip()

    def to_name(self) -> str:
        name = self.line(self.template.to_name)
        return name if is_name(name) else ""

    def write(self, node: Node) -> tuple[list[str], bytes]:
        """Give a part's own header fields and its encoded content."""
        if isinstance(node, Letter):
            text = self._render(node.pieces, is_html=node.content_type == "text/html")
            return _write_text(node, text)
        if isinstance(node, File):
            return _write_file(node), _encode_file(node.data)
        return self._write_fork(node)

    def _render(self, pieces: tuple[Piece, ...], *, is_html: bool) -> str:
        return render(
            pieces,
            self.addressee.values,
            alias=self.addressee.alias,
            proof=self.addressee.proof,
            is_html=is_html,
        )

    def _write_fork(self, fork: Fork) -> tuple[list[str], bytes]:
        self.boundaries += 1
        boundary = f"=_{self.template.digest[:32]}_{self.boundaries}"
        mark = f"--{boundary}".encode()
        chunks = []
        for child in fork.parts:
            fields, body = self.write(child)
            head = "\r\n".join((*fields, "", "")).encode("ascii")
            chunks.append(b"%b\r\n%b%b\r\n" % (mark, head, body))
        fields = [f'Content-Type: {fork.content_type};\r\n boundary="{boundary}"']
        return fields, b"%b%b--\r\n" % (b"".join(chunks), mark)


def _write_text(node: Letter, text: str) -> tuple[list[str], bytes]:
    data = text.encode()
    # Quoted-printable stays readable for Latin scripts; others would grow threefold.
    is_latin = len(data) - len(text) <= len(text) // 6
    body = (
        _quote(data)
        if is_latin
        else _encode_base64(text.replace("\n", "\r\n").encode())
    )
    encoding = "quoted-printable" if is_latin else "base64"
    return [
        f"Content-Type: {node.content_type}; charset=utf-8",
        f"Content-Transfer-Encoding: {encoding}",
    ], body


def _quote(data: bytes) -> bytes:
    quoted = binascii.b2a_qp(data, istext=True)
    # Mailbox files put a > before lines that begin so (RFC 2049, 3).
    if b"From " in quoted:
        quoted = _FROM_LINE.sub(b"=46rom ", quoted)
    return quoted.replace(b"\n", b"\r\n") + b"\r\n"


def _write_file(node: File) -> list[str]:
    name = f';\r\n name="{node.name}"' if node.name else ""
    disposition = "attachment" if node.is_attached else "inline"
    file_name = f';\r\n filename="{node.name}"' if node.name else ""
    fields = [
        f"Content-Type: {node.content_type}{name}",
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: {disposition}{file_name}",
    ]
    if node.content_id:
        fields.append(f"Content-ID: <{node.content_id}>")
    return fields


@lru_cache(maxsize=64)
def _encode_file(data: bytes) -> bytes:
    return _encode_base64(data)


def _encode_base64(data: bytes) -> bytes:
    lines = [
        base64.b64encode(data[start : start + _BASE64_LINE])
        for start in range(0, len(data), _BASE64_LINE)
    ]
    return b"\r\n".join(lines) + b"\r\n"


def _malformed(message: str) -> MalformedError:
    return MalformedError(message, code=Code.MAIL_INVALID)
