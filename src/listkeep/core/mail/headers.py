"""Read and write header fields, without the repairs mail programs make.

Reading: what a field says is decoded once (RFC 2047, known charsets, strictly) and
must be one visible line, so an encoded line break cannot become a header. A mailbox is
taken apart before its name is decoded, so a name cannot pretend to be an address.

Writing: plain ASCII stays, anything else becomes encoded words of UTF-8 in base64;
lines are folded at 76. The standard library's folding is not used: it has broken
encoded words and let line breaks through before, and the same value must give the same
bytes under every version of Python.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass

from listkeep.core.addresses import parse_address
from listkeep.core.errors import MalformedError

from .slots import is_line

CHARSETS = {
    "us-ascii": "ascii",
    "utf-8": "utf-8",
    "iso-8859-1": "cp1252",  # as everybody reads it
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
}
MAX_LINE = 76
MAX_UNFOLDABLE = 900  # a line has at most 998 (RFC 5322, 2.1.1)
MAX_NAME_CHARACTERS = 200

_WORD = re.compile(r"=\?([A-Za-z0-9-]+)\?([bBqQ])\?([!->@-~]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t]+(=\?[A-Za-z0-9-]+\?[bBqQ]\?)")
_MAILBOX = re.compile(
    r'[ \t]*(?:(?:"(?P<quoted>(?:[^"\\\r\n]|\\[ -~])*)"'
    r'|(?P<phrase>[^"<>@,;:()\[\]\\]*?))'
    r"[ \t]*<(?P<inner>[^<>\s,]+)>|(?P<bare>[^<>\s,()\"]+))[ \t]*"
)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_BLANKS = re.compile(r"(?<=[^ ]) +(?=[^ ])")
_WORD_BYTES = 45  # 60 characters of base64 and 12 around them


@dataclass(frozen=True, slots=True, repr=False)
class Mailbox:
    """An address and the name in front of it. It has no telling ``repr``."""

    address: str
    name: str = ""


def decode_text(raw: str) -> str | None:
    """Decode an unstructured field; ``None`` unless it is one visible line."""
    decoded = _decode_words(_recover(raw))
    return decoded if decoded is not None and is_line(decoded) else None


def parse_mailbox(raw: str) -> Mailbox | None:
    """Read a field that has to name exactly one mailbox."""
    match = _MAILBOX.fullmatch(_recover(raw))
    if match is None:
        return None
    try:
        address = canonical_address(match["inner"] or match["bare"])
    except MalformedError:
        return None
    quoted = match["quoted"]
    phrase = match["phrase"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    name = decode_text((phrase or "").strip())
    # Everybody has to be able to answer: senders stay ASCII.
    if name is None or not is_name(name) or not address.isascii():
        return None
    return Mailbox(address, name)


def canonical_address(text: str) -> str:
    """Write an address with its domain in lower-case A-labels.

    A local part that is not ASCII stays as it is (RFC 6531): it has no other spelling.

    Raises:
        MalformedError: It is no address.
    """
    address = parse_address(text)
    local = address.spelling.rpartition("@")[0]
    return f"{local}@{address.index_form.rpartition('@')[2]}"


def is_name(text: str) -> bool:
    """Say whether a text may stand before an address without looking like one."""
    return (
        len(text) <= MAX_NAME_CHARACTERS
        and not set(text) & set('<>@"\\\uff20\ufe6b')
        and is_line(text)
    )


def format_field(name: str, text: str) -> str:
    """Write one unstructured field, folded, without the line break at its end.

    The text has to be one visible line; this is asserted again here, because here is
    where a line break would become somebody else's header.

    Raises:
        MalformedError: It is not.
    """
    _require_line(text)
    if text.isascii() and "=?" not in text:
        lines = list(_fold(f"{name}: {text}"))
        if max(map(len, lines)) <= MAX_UNFOLDABLE:
            return "\r\n".join(lines)
    return f"{name}: " + "\r\n ".join(_encode_words(text))


def format_mailbox_field(name: str, mailbox: Mailbox) -> str:
    """Write a field that names one mailbox, folded; UTF-8 if its address is (RFC 6532).

    Raises:
        MalformedError: The name or the address would not stay one.
    """
    _require_line(mailbox.name + mailbox.address)
    if (
        not is_name(mailbox.name)
        or canonical_address(mailbox.address) != mailbox.address
    ):
        raise MalformedError("a mailbox that cannot be written")
    if not mailbox.name:
        return f"{name}: <{mailbox.address}>"
    if not mailbox.name.isascii() or "=?" in mailbox.name:
        words = "\r\n ".join(_encode_words(mailbox.name))
        return f"{name}: {words}\r\n <{mailbox.address}>"
    phrase = mailbox.name if _ATOMS.fullmatch(mailbox.name) else f'"{mailbox.name}"'
    return "\r\n".join(_fold(f"{name}: {phrase} <{mailbox.address}>"))


def _require_line(text: str) -> None:
    if not is_line(text):
        raise MalformedError("a header field holds what is not visible text")


def _recover(raw: str) -> str:
    """Read bytes that the parser could not decode as UTF-8 (RFC 6532)."""
    try:
        return raw.encode("ascii", "surrogateescape").decode()
    except UnicodeError:
        return raw  # has surrogates or odd signs in it, which nobody accepts


def _decode_words(text: str) -> str | None:
    joined = text
    while (shorter := _BETWEEN_WORDS.sub(r"\1\2", joined)) != joined:
        joined = shorter
    parts: list[str] = []
    end = 0
    for match in _WORD.finditer(joined):
        decoded = _decode_word(match[1], match[2], match[3])
        if decoded is None:
            return None
        parts += [joined[end : match.start()], decoded]
        end = match.end()
    return "".join([*parts, joined[end:]])


def _decode_word(charset: str, encoding: str, text: str) -> str | None:
    try:
        if encoding in "bB":
            data = base64.b64decode(text, validate=True)
        else:
            data = quopri.decodestring(text.encode(), header=True)
        return data.decode(CHARSETS[charset.lower()])
    except (KeyError, ValueError, binascii.Error):
        return None


def _encode_words(text: str) -> Iterator[str]:
    """Cut into words that each hold whole characters (RFC 2047, 5)."""
    waiting = b""
    for sign in text:
        data = sign.encode()
        if len(waiting) + len(data) > _WORD_BYTES:
            yield _encode_word(waiting)
            waiting = b""
        waiting += data
    yield _encode_word(waiting)


def _encode_word(data: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(data).decode()}?="


def _fold(line: str) -> Iterator[str]:
    """Break before blanks, so that joining the lines gives the same text.

    No line is left with blanks alone, which some programs take for the end of the
    header (RFC 5322, 2.2.3).
    """
    start = line.index(":") + 1
    while len(line) > MAX_LINE:
        places = [m.start() for m in _BLANKS.finditer(line) if m.start() > start]
        if not places:
            break
        place = max([p for p in places if p <= MAX_LINE], default=places[0])
        yield line[:place]
        line, start = line[place:], 0
    yield line
