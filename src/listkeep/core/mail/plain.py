"""Take apart the messages that nearly everybody sends, at a fraction of the cost.

The parser of the standard library reads line by line, and repairs. This reads messages
that need no repair: plain ASCII headers, each content header in its usual form, texts
alone or in branches, boundaries that are nothing else. Whatever is otherwise in the
least is left to that parser, and to what is refused of its findings (`mime.py`).

So nothing is decided here. What is read here is read there in the same way: a property
of the tests, over messages that were bent in every way that could make a difference.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_DEPTH = 3
MAX_PARTS = 4  # of a branch; with the depth that is less than `mime.py` takes in all

_FIELD = re.compile(r"([!-9;-~]{1,100}):[ \t]*([ -~\t]*(?:\n[ \t]+[!-~][ -~\t]*)*)\n")
_FOLD = re.compile(r"\n(?=[ \t])")
_TEXT = re.compile(
    r"(text/(?:plain|html))(?:;[ \t]*"
    r"charset=(?:\"([a-z0-9-]{1,20})\"|([a-z0-9-]{1,20})))?",
    re.IGNORECASE,
)
_BRANCH = re.compile(
    r"(multipart/(?:alternative|mixed|related));[ \t]*"
    r"boundary=(?:\"([A-Za-z0-9'()+_,./:=?-]{1,70})\"|([A-Za-z0-9_.-]{1,70}))",
    re.IGNORECASE,
)
_ENCODING = re.compile(r"7bit|8bit|binary|base64|quoted-printable", re.IGNORECASE)
_UNENCODED = frozenset({"", "7bit", "8bit", "binary"})

_TYPE, _TRANSFER = "content-type", "content-transfer-encoding"
_ODD = frozenset({"content-disposition", "content-id"})

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text as it came, still encoded, and what its headers say of it."""

    content_type: str
    charset: str
    encoding: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PlainBranch:
    """Parts in their order."""

    content_type: str
    parts: tuple["PlainPart", ...]


PlainPart = PlainText | PlainBranch


class _UnusualError(Exception):
    """Something that the other parser shall judge."""


def split_plain(
    data: bytes, *, single: frozenset[str]
) -> tuple[Fields, PlainPart] | None:
    """Take a message apart whose lines end in LF; ``None`` if it is not a plain one.

    Fields in ``single`` stand there once. Values are unfolded, as they came otherwise.
    """
    try:
        fields, known, body = _read_head(data)
        if len(known) < len(fields):
            names = [name.lower() for name, _ in fields]
            if any(names.count(name) > 1 for name in single):
                return None
        return fields, _read_part(known, body, depth=1)
    except _UnusualError:
        return None


def _read_head(data: bytes) -> tuple[Fields, dict[str, str], bytes]:
    """Read the fields up to the empty line; by their names, and what follows."""
    head, end, body = data.partition(b"\n\n")
    if not end or not head.isascii():
        raise _UnusualError
    text = head.decode("ascii") + "\n"
    fields, at = [], 0
    while at < len(text):
        match = _FIELD.match(text, at)
        if match is None:
            raise _UnusualError
        name, value = match.groups()
        if "\n" in value:
            value = _FOLD.sub("", value)
        fields.append((name, value.strip(" \t")))
        at = match.end()
    return tuple(fields), {name.lower(): value for name, value in fields}, body


def _read_part(known: dict[str, str], body: bytes, *, depth: int) -> PlainPart:
    if not _ODD.isdisjoint(known):
        raise _UnusualError
    kind, encoding = known.get(_TYPE, ""), known.get(_TRANSFER, "").lower()
    if encoding and not _ENCODING.fullmatch(encoding):
        raise _UnusualError
    if match := _TEXT.fullmatch(kind):
        charset = match[2] or match[3] or "us-ascii"
        return PlainText(match[1].lower(), charset.lower(), encoding, body)
    match = _BRANCH.fullmatch(kind)
    if match is None or depth >= MAX_DEPTH or encoding not in _UNENCODED:
        raise _UnusualError
    parts = tuple(
        _read_child(part, depth=depth) for part in _cut(body, match[2] or match[3])
    )
    return PlainBranch(match[1].lower(), parts)


def _read_child(part: bytes, *, depth: int) -> PlainPart:
    fields, known, body = _read_head(part)
    if len(known) < len(fields):  # a field that stands there twice
        raise _UnusualError
    return _read_part(known, body, depth=depth + 1)


def _cut(body: bytes, boundary: str) -> Iterator[bytes]:
    """Cut where a line is the boundary and nothing else, up to the one that ends.

    Nothing but line ends comes before the first and behind the last.
    """
    before, *parts = (b"\n" + body).split(b"\n--" + boundary.encode("ascii"))
    behind = parts.pop() if parts else b""
    if not 1 <= len(parts) <= MAX_PARTS:
        raise _UnusualError
    if before.strip(b"\n") or not behind.startswith(b"--") or behind[2:].strip(b"\n"):
        raise _UnusualError
    for part in parts:
        if not part.startswith(b"\n"):
            raise _UnusualError
        yield part[1:]
