"""Look for addresses in folders, files and databases, and tell where, never which.

Files are read as streams of bytes, also inside gzip and zip files; symbolic links are
not followed. The name of a file can be an address too: it is covered, and counted.
What cannot be read is told as such, because a place nobody looked at is not clean.
"""

import gzip
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from listkeep.cli.output import Bar, WrongUsage
from listkeep.core.errors import ListkeepError
from listkeep.core.files.plaintext import Finder, cover

CHUNK_BYTES: Final = 1024 * 1024
MOST_UNPACKED: Final = 1000
"""How many times its size a packed file may unpack to; then it is left."""
UNREADABLE: Final = "cannot be read"

_SQLITE = b"SQLite format 3\0"
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_FAULTS = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
_POSTGRESQL = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class Finding:
    """Where something was found, how much of it, or that nobody could look."""

    place: str
    what: str
    found: int


class Scan:
    """One scan: what it found, and how much it looked at."""

    def __init__(self, ignored: Sequence[str], *, bar: Bar) -> None:
        """Prepare; addresses at ``ignored`` domains do not count."""
        self._ignored = tuple(ignored)
        self._bar = bar
        self.bytes = 0
        self.places = 0

    def finder(self) -> Finder:
        """Make what counts in one stream."""
        return Finder(self._ignored)

    def look(self, place: str) -> Iterator[Finding]:
        """Look at a folder, a file or a database.

        Raises:
            WrongUsage: There is no such place.
            UnavailableError: The database does not answer, or needs an extra.
        """
        if place.startswith(_POSTGRESQL):
            from .scanning_databases import scan_postgresql  # noqa: PLC0415

            yield from scan_postgresql(place, self)
            return
        path = Path(place)
        if path.is_dir():
            for each in _walk(path):
                yield from self._look_at(each, base=path)
        elif path.is_file():
            for each in (path, *_siblings(path)):
                yield from self._look_at(each, base=path.parent)
        else:
            raise WrongUsage(
                "there is no such folder or file to scan",
                hint="a folder, a file, or postgresql://user@host/name",
            )

    def count(self, chunks: Iterable[bytes]) -> int:
        """Count in a stream, and show how far it has come."""
        finder, found = self.finder(), 0
        for chunk in chunks:
            found += finder.feed(chunk)
            self.add(len(chunk))
        return found + finder.finish()

    def add(self, count: int) -> None:
        """Note that so many bytes were looked at."""
        self.bytes += count
        self._bar.move(self.bytes)

    def _look_at(self, path: Path, *, base: Path) -> Iterator[Finding]:
        name = path.relative_to(base).as_posix()
        shown = cover(name)
        self.places += 1
        if in_name := self.finder().count(os.fsencode(name)):
            yield Finding(shown, "name of the file", in_name)
        try:
            yield from self._read(path, shown)
        except (*_FAULTS, ListkeepError):
            yield Finding(shown, UNREADABLE, 0)

    def _read(self, path: Path, shown: str) -> Iterator[Finding]:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return
            start = file.read(len(_SQLITE))
            file.seek(0)
            if start.startswith(_GZIP):
                found = self.count(_unpack(gzip.GzipFile(fileobj=file), path))
                yield from _counted(shown, "gzip", found)
            elif start.startswith(_ZIP):
                yield from self._look_into(file, path, shown)
            else:
                found = self.count(_chunks(file))
                if found and start == _SQLITE:
                    from .scanning_databases import scan_sqlite  # noqa: PLC0415

                    yield from scan_sqlite(path, shown, found=found, scan=self)
                else:
                    yield from _counted(shown, "file", found)

    def _look_into(self, file: IO[bytes], path: Path, shown: str) -> Iterator[Finding]:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                place = f"{shown}: {cover(member.filename)}"
                if in_name := self.finder().count(member.filename.encode()):
                    yield Finding(place, "name of the file", in_name)
                try:
                    with archive.open(member) as inside:
                        found = self.count(_unpack(inside, path))
                except (*_FAULTS, NotImplementedError):
                    yield Finding(place, UNREADABLE, 0)
                else:
                    yield from _counted(place, "zip", found)


def _counted(place: str, what: str, found: int) -> Iterator[Finding]:
    if found:
        yield Finding(place, what, found)


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(parent, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield path


def _siblings(path: Path) -> Iterator[Path]:
    """Find the logs of an SQLite database, which hold its newest and oldest rows."""
    for ending in ("-wal", "-journal"):
        other = path.with_name(f"{path.name}{ending}")
        if other.is_file():
            yield other


def _chunks(file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _unpack(file: IO[bytes] | gzip.GzipFile, path: Path) -> Iterator[bytes]:
    """Unpack as a stream, up to a bound: a bomb must not keep a scan for ever."""
    left = max(path.stat().st_size, 1024) * MOST_UNPACKED
    for chunk in _chunks(file):
        left -= len(chunk)
        if left < 0:
            raise EOFError
        yield chunk
