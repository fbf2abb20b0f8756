"""Turn a stream of bytes into text with whole lines, or refuse the file.

Rules:

- UTF-8, with or without a byte order mark, or UTF-16 with one, as Excel's "Unicode
  text" has it; any of LF, CRLF and CR ends a line and reads as LF. Nothing is guessed:
  UTF-16 without a mark, Latin-1 and binary files are refused with a hint, because
  mojibake in a list is found only years later.
- A line may have a million characters (``MAX_LINE_CHARACTERS``), which no list
  needs; a longer one is refused before it is held in memory.
- How the bytes were cut into chunks never matters: they are cut anew. Memory is
  a few pieces whatever the file's or the chunks' sizes.
"""

import codecs
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple

from listkeep.core.errors import Code, MalformedError

PIECE_BYTES: Final = 64 * 1024  # fits in a core's own cache, which doubles the speed
MAX_LINE_CHARACTERS: Final = 1024 * 1024

_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF8_HINT: Final = 'save it again as "CSV UTF-8" and import that'
_MAGIC: Final = {
    b"PK\x03\x04": "a workbook or an archive: open it and save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "a workbook: open it and save the sheet as CSV UTF-8",
    b"\x1f\x8b": "a gzip file: unpack it first",
    b"%PDF": "a PDF: export the list as CSV UTF-8 instead",
    b"age-encryption.org/": "an age file: decrypt it first",
}


class Stretch(NamedTuple):
    """Whole lines in a row: the number of the first, and their text.

    Every line ends in LF, except perhaps the file's last.
    """

    first_line: int
    text: str


def read_stretches(chunks: Iterable[bytes]) -> Iterator[Stretch]:
    """Yield the file's text in stretches of whole lines.

    Raises:
        MalformedError: The file is not UTF-8 text of reasonable lines.
    """
    pieces = _recut(chunks)
    start = next(pieces, b"")
    encoding = "utf-16" if start.startswith(_UTF16_MARKS) else "utf-8-sig"
    if encoding != "utf-16":
        _refuse_other_formats(start)
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(encoding)("strict"), translate=True
    )
    name = "UTF-16" if encoding == "utf-16" else "UTF-8"
    rest, line = "", 1
    for piece in chain([start], pieces):
        if encoding != "utf-16" and b"\0" in piece:
            raise _binary(piece)
        text = _decode(decoder, piece, name=name, line=line)
        if encoding == "utf-16" and "\0" in text:
            raise _binary(b"")
        end = text.rfind("\n") + 1
        _check_line(rest, text, line=line)
        if not end:
            rest += text
            continue
        stretch, rest = rest + text[:end], text[end:]
        yield Stretch(line, stretch)
        line += stretch.count("\n")
    rest += _decode(decoder, b"", name=name, line=line, final=True)
    if rest:
        yield Stretch(line, rest)


def _recut(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut the stream anew, so that results cannot depend on the sender's chunks."""
    waiting = bytearray()
    for chunk in chunks:
        view = memoryview(chunk)
        for start in range(0, len(view), PIECE_BYTES):
            waiting += view[start : start + PIECE_BYTES]
            if len(waiting) >= PIECE_BYTES:
                yield bytes(waiting[:PIECE_BYTES])
                del waiting[:PIECE_BYTES]
    if waiting:
        yield bytes(waiting)


def _check_line(rest: str, text: str, *, line: int) -> None:
    """Refuse a line too long to belong to a list.

    A piece is smaller than a line may be, so only one that began in an earlier
    piece can be too long.
    """
    end = text.find("\n")
    if len(rest) + (end if end >= 0 else len(text)) > MAX_LINE_CHARACTERS:
        raise MalformedError(
            f"line {line} is longer than {MAX_LINE_CHARACTERS:,} characters",
            code=Code.FILE_LINE_TOO_LONG,
            hint="is this a list? a row belongs on a line of its own",
        )


def _decode(
    decoder: io.IncrementalNewlineDecoder,
    piece: bytes,
    *,
    name: str,
    line: int,
    final: bool = False,
) -> str:
    try:
        text = decoder.decode(piece, final=final)
    except UnicodeDecodeError:
        text = None
    if text is None:
        # Raised outside of the except clause: the decoder's error holds the bytes
        # of the rows, and a chained exception would carry them into a log.
        raise MalformedError(
            f"the file is not {name}, somewhere after line {line}",
            code=Code.FILE_ENCODING,
            hint=f"it may be in an older Windows encoding: {_UTF8_HINT}",
        )
    return text


def _refuse_other_formats(start: bytes) -> None:
    for magic, what in _MAGIC.items():
        if start.startswith(magic):
            raise MalformedError(
                "the file is not text", code=Code.FILE_BINARY, hint=f"this is {what}"
            )


def _binary(piece: bytes) -> MalformedError:
    # UTF-16 without a mark: Latin text has a NUL at every second place.
    evens, odds = piece[:2048:2].count(0), piece[1:2048:2].count(0)
    if max(evens, odds) > 4 * min(evens, odds) + len(piece[:2048]) // 4:
        return _utf16()
    return MalformedError(
        "the file holds NUL bytes, so it is not text",
        code=Code.FILE_BINARY,
        hint="export the list as CSV UTF-8 and import that",
    )


def _utf16() -> MalformedError:
    return MalformedError(
        "the file is in UTF-16 without its mark",
        code=Code.FILE_ENCODING,
        hint=_UTF8_HINT,
    )
