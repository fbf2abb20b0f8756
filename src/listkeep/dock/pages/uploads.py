"""Read a form whose last part is a file, as a stream: nothing of it touches a disk.

Django would put a large file into a temporary one, in the clear. This reader takes
exactly what browsers send for our own forms (RFC 7578): text fields first, one file
last. How long the file is follows from the length of the whole, so that a broken
upload is never taken for a short file.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest
from django.utils.translation import gettext

from listkeep.core.errors import Code, MalformedError
from listkeep.dock.intake.receiving import Upload
from listkeep.looks.marking import gettext_noop

MAX_HEAD_BYTES: Final = 64 * 1024
_READ_BYTES: Final = 8 * 1024
_FORM_PATH = re.compile(r"/import/[^/]+/(check|run)|/templates/[^/]+/shelve")
_BOUNDARY = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?(?:;|$)')
_DISPOSITION = re.compile(
    rb'content-disposition: *form-data; name="([a-z0-9_.]{1,60})"'
    rb'(; filename="([^"\r\n]*)")?',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FileForm:
    """The fields of a form, and its file, which can be read once."""

    fields: dict[str, str]
    file_name: str
    upload: Upload

    @property
    def shown_name(self) -> str:
        """The file's name for a page, which repeats no address outside its field."""
        return gettext("the file") if "@" in self.file_name else self.file_name


def is_form_with_file(path: str) -> bool:
    """Tell whether a path takes such forms, which may be of any size."""
    return _FORM_PATH.fullmatch(path) is not None


def read_form(request: HttpRequest) -> FileForm:
    """Read the fields of a form, up to where its file begins.

    Raises:
        MalformedError: It is no such form, or no file was chosen.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    found = _BOUNDARY.search(request.headers.get("Content-Type", ""))
    if found is None or not (length.isascii() and length.isdigit()):
        raise _crooked()
    head = _Head(request.read, f"--{found[1]}".encode())
    fields: dict[str, str] = {}
    while True:
        name, file_name = head.read_disposition()
        if file_name is not None:
            break
        fields[name] = head.read_value()
    size = int(length) - head.consumed - len(head.trailer)
    if size < 0:
        raise _crooked()
    if not size and not file_name:
        raise MalformedError(gettext_noop("no file was chosen"), code=Code.FILE_EMPTY)
    tail = _Tail(request.read, rest=head.rest, size=size, trailer=head.trailer)
    return FileForm(fields, file_name, Upload(tail.read, size_bytes=size))


class _Head:
    """What comes before the file, in a buffer of bounded size."""

    def __init__(self, read: Callable[[int], bytes], delimiter: bytes) -> None:
        self._read = read
        self._delimiter = delimiter
        self._buffer = b""
        self._at = 0
        self._expect(delimiter)

    @property
    def trailer(self) -> bytes:
        return b"\r\n" + self._delimiter + b"--\r\n"

    @property
    def consumed(self) -> int:
        return self._at

    @property
    def rest(self) -> bytes:
        """What was read already of the file."""
        return self._buffer[self._at :]

    def read_disposition(self) -> tuple[str, str | None]:
        """Read a part's headers: its name and, of a file, the file's name."""
        self._expect(b"\r\n")
        headers = self._read_until(b"\r\n\r\n")
        found = _DISPOSITION.search(headers)
        if found is None:
            raise _crooked()
        name = found[1].decode()
        is_file = found[2] is not None
        return name, found[3].decode(errors="replace") if is_file else None

    def read_value(self) -> str:
        """Read a field's text, up to the next part."""
        try:
            return self._read_until(b"\r\n" + self._delimiter).decode()
        except UnicodeDecodeError as error:
            raise _crooked() from error

    def _read_until(self, mark: bytes) -> bytes:
        while (end := self._buffer.find(mark, self._at)) < 0:
            self._fill()
        value = self._buffer[self._at : end]
        self._at = end + len(mark)
        return value

    def _expect(self, text: bytes) -> None:
        while len(self._buffer) < self._at + len(text):
            self._fill()
        if not self._buffer.startswith(text, self._at):
            raise _crooked()
        self._at += len(text)

    def _fill(self) -> None:
        chunk = self._read(_READ_BYTES)
        if not chunk or len(self._buffer) > MAX_HEAD_BYTES:
            raise _crooked()
        self._buffer += chunk


class _Tail:
    """The file's bytes, and behind them the form's end, which has to be there."""

    def __init__(
        self, read: Callable[[int], bytes], *, rest: bytes, size: int, trailer: bytes
    ) -> None:
        self._read = read
        self._rest = rest
        self._left = size
        self._trailer = trailer

    def read(self, max_bytes: int) -> bytes:
        """Read on; the last bytes are given only once the end was seen."""
        chunk = self._take(min(max_bytes, self._left))
        self._left -= len(chunk)
        if chunk and not self._left:
            end = b""
            while part := self._take(len(self._trailer) - len(end)):
                end += part
            if end != self._trailer:
                raise _crooked()
        return chunk

    def _take(self, count: int) -> bytes:
        if self._rest:
            chunk, self._rest = self._rest[:count], self._rest[count:]
            return chunk
        return self._read(count) if count else b""


def _crooked() -> MalformedError:
    return MalformedError(
        gettext_noop("the form cannot be read"),
        hint=gettext_noop("open the page anew, then send it again"),
    )
