"""Find what looks like an address in any bytes, and count it without keeping it.

Looked for is a local part, an at sign and a domain, in ASCII or UTF-8, also where the
at sign is escaped as in URLs, mails, JSON and HTML, and in UTF-16. Token addresses and
aliases are not counted: that is what is meant to be there. Neither are message ids
where a log or header names them so, and names like ``icon@2x.png``.

Random bytes look like a very short address now and then. So in a piece that is no text,
fewer than nine characters count only with one of the commonest top-level domains.

Not found is what was compressed, encrypted or written in base64.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

_AT: Final = re.compile(rb"@|%40|=40|\\u0040|&#64;|&#x40;|&commat;", re.IGNORECASE)
_ATEXT: Final = b"!#$&'*+/=?^_`{|}~.%-"
_NO_ATEXT: Final = bytes(
    byte if byte >= 0x80 or chr(byte).isalnum() or byte in _ATEXT else 0
    for byte in range(256)
)  # all else becomes NUL
_LABEL: Final = (
    rb"[A-Za-z0-9\x80-\xff](?:[A-Za-z0-9\x80-\xff-]{0,61}[A-Za-z0-9\x80-\xff])?"
)
_DOMAIN: Final = re.compile(
    rb"(?:" + _LABEL + rb"\.){1,8}(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-z]{2,24}|"
    rb"(?:[\xc2-\xf4][\x80-\xbf]+){2,24})"
)
_IDS: Final = (b"message-id", b"references", b"in-reply-to")
_TOKEN_SPACE: Final = re.compile(rb"(?:[a-z]+-)?(?:[a-z2-7]{26}|[a-z2-7]{32})")
_NO_DOMAINS: Final = frozenset(
    b"png jpg jpeg gif svg webp ico css js map json html htm php py".split()
)
_COMMON: Final = frozenset(
    b"com net org info edu gov io co eu de fr uk nl it es pl ru jp cn br ch at".split()
)
_BEHIND: Final = 256
_AHEAD: Final = 700  # twice what an address has, for UTF-16
_SHORT: Final = 9
_BINARY: Final = bytes({*range(32)} - {9, 10, 11, 12, 13, 27})


class Finder:
    """Count what looks like an address in a stream of bytes, in constant memory."""

    def __init__(self, ignored: Collection[str] = ()) -> None:
        """Prepare; addresses at or below ``ignored`` domains are not counted."""
        self._ignored = tuple(
            ending
            for domain in ignored
            for ending in (f"@{domain.lower()}".encode(), f".{domain.lower()}".encode())
        )
        self._held = b""
        self._from = 0  # where in what is held looking goes on

    def feed(self, chunk: bytes) -> int:
        """Look at the next bytes; gives how many more were found."""
        return self._look(chunk, final=False)

    def finish(self) -> int:
        """Look at what is left at the end."""
        return self._look(b"", final=True)

    def count(self, data: bytes) -> int:
        """Count what is in some bytes that are all there is."""
        return self.feed(data) + self.finish()

    def _look(self, chunk: bytes, *, final: bool) -> int:
        data = self._held + chunk
        end = len(data) if final else max(len(data) - _AHEAD, self._from)
        found = sum(1 for _ in self._find(data, self._from, end))
        if b"\0" in data:
            # UTF-16, or text between binary values.
            parts = (data[: self._from], data[self._from : end], data[end:])
            before, middle, after = (part.replace(b"\0", b"") for part in parts)
            hits = self._find(
                before + middle + after, len(before), len(before) + len(middle)
            )
            found = max(found, sum(1 for _ in hits))
        start = max(end - _BEHIND, 0)
        self._held, self._from = (b"", 0) if final else (data[start:], end - start)
        return found

    def _find(self, data: bytes, start: int, end: int) -> Iterator[bytes]:
        is_binary = bool(data.translate(None, _PRINTED))
        for at in _AT.finditer(data, start, end):
            here = at.start()
            local = _read_local(data[max(here - 64, 0) : here])
            domain = _DOMAIN.match(data, at.end()) if local else None
            if domain is None or not self._is_address(local, domain[0], is_binary):
                continue
            if not _is_message_id(data[max(here - _BEHIND, 0) : here]):
                yield local

    def _is_address(self, local: bytes, domain: bytes, is_binary: bool) -> bool:  # noqa: FBT001 - called for each
        domain = domain.lower()
        top = domain[domain.rindex(b".") + 1 :]
        if top in _NO_DOMAINS or _TOKEN_SPACE.fullmatch(local.lower()):
            return False
        if self._ignored and (b"@" + domain).endswith(self._ignored):
            return False
        if is_binary and len(local) + len(domain) + 1 < _SHORT and top not in _COMMON:
            return False
        return domain.isascii() or _is_text(domain)


def _is_message_id(before: bytes) -> bool:
    """Say whether what precedes an at sign is called an id of a message."""
    name = before.rpartition(b"<")[0].rstrip(b" \t")
    return name[-1:] in (b"=", b":") and name[:-1].lower().rstrip().endswith(_IDS)


def _read_local(before: bytes) -> bytes:
    """Take what may be a local part from the end of some bytes."""
    local = before.translate(_NO_ATEXT).rpartition(b"\0")[2]
    if local.isascii():
        return local
    text = local.decode(errors="replace")
    return text.rpartition("\ufffd")[2].encode()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


_PRINTED: Final = bytes({*range(256)} - set(_BINARY))


def cover(text: str) -> str:
    """Cover what looks like an address in a name of a file, table or column."""
    if not Finder().count(text.encode(errors="replace")):
        return text
    parts = _SEPARATORS.split(text)
    return "".join(
        COVERED if Finder().count(part.encode(errors="replace")) else part
        for part in parts
    )


COVERED: Final = "(an address)"
_SEPARATORS: Final = re.compile(r"([/\\\s:]+)")
