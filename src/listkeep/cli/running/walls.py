"""The wall between the buildings of one user: each gives up the files of the others.

Where a building runs as a user of its own, the system keeps it out of the keeper's
files. Under one user Linux's Landlock does, from the moment before the building serves:
of the instance's folder it keeps what is its own, and nothing of the keeper's, wherever
that is.
What could not be had is said (``listkeep status``), never assumed: each building tries
to open the keeper's files before it says that it cannot.
"""

import fcntl
import io
import os
import sqlite3
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from listkeep.cli.home import PRIVATE_FILE, PRIVATE_FOLDER, write_private
from listkeep.core.errors import MalformedError
from listkeep.wire.config import read_config

from . import landlock
from .hardening import drop_capabilities

WALLED = ("dock", "console", "proxy", "worker", "sink")
OFF = "LISTKEEP_LANDLOCK"  # =off, where a kernel's Landlock does harm
_OWN = {
    "dock": ("dock.toml", "dock.key", "staging", "exports", "forms"),
    "console": ("console.toml", "console.key"),
    "sink": (),
}
_SQLITE = "dock.sqlite3"
# Where SQLite's readers lock a file (its os.h): whoever holds it keeps the last
# connection from removing -wal and -shm, which nobody behind the wall could make anew.
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510
_held: list[int] = []


class _Keeper(msgspec.Struct, frozen=True, kw_only=True):
    """What ``keeper.toml`` says of files."""

    keys: str = "keys"
    root: dict[str, Any] = {}
    next_root: dict[str, Any] = {}
    spool: str = "spool"
    database: str = "keeper.sqlite3"


class _Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What ``dock.toml`` says of its database."""

    database: str = ""


def build_wall(home: Path, building: str) -> bool:
    """Give up what is not this building's, for this process and all it starts.

    Call it before there is a second thread. Says whether the wall stands; that is
    written down for ``listkeep status`` as well.
    """
    kind = building if building in _OWN else "dock"
    is_sqlite = kind == "dock" and not _settings(home, kind).database
    if is_sqlite:
        _hold_open(home / _SQLITE)
    if kind == "dock":
        with suppress(OSError):  # behind the wall nothing new can be made here
            (home / "forms").mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        tempfile.tempdir = os.environ["TMPDIR"] = str(home / "staging")
    keepers = set(files_of_keeper(home))
    own = set(_own(home, kind, is_sqlite=is_sqlite)) - keepers
    given_up = keepers | (_listed(home) - own)
    with _open_note(home, building) as note:
        stands = (
            os.environ.get(OFF) != "off"
            and landlock.give_up(given_up, keep=own)
            and not any(_opens(path) for path in given_up)
        )
        if stands:
            drop_capabilities()
        note.write(f"{os.getpid()} {'landlock' if stands else 'none'}\n")
    return stands


def is_walled(home: Path) -> bool:
    """Tell whether each building that runs here says that Landlock keeps it out.

    While none runs, whether it would.
    """
    told = [words for name in WALLED if (words := _read_note(home, name))]
    if not told:
        return os.environ.get(OFF) != "off" and landlock.version() > 0
    return all(wall == "landlock" for wall in told)


def _own(home: Path, kind: str, *, is_sqlite: bool) -> Iterator[Path]:
    """Name what is this building's in the instance."""
    yield from (home / name for name in _OWN[kind])
    yield from _named(home, kind)
    if is_sqlite:
        yield from (home / f"{_SQLITE}{ending}" for ending in ("", "-wal", "-shm"))


def _listed(home: Path) -> set[Path]:
    """Name what lies in the instance; nothing if that is not this user's to know."""
    try:
        return set(home.iterdir())
    except PermissionError:
        return set()


def files_of_keeper(home: Path) -> Iterator[Path]:
    """Name what only the keeper may read, also where keeper.toml puts it elsewhere."""
    try:
        config = read_config(home / "keeper.toml", _Keeper)
    except MalformedError as error:
        if not isinstance(error.__cause__, PermissionError):
            raise
        config = _Keeper()  # it is another user's, and so is all it names
    yield home / "keeper.toml"
    yield home / config.keys
    yield home / config.spool
    if "://" not in config.database:
        for ending in ("", "-wal", "-shm", "-journal"):
            yield home / f"{config.database}{ending}"
    for section in (config.root, config.next_root, {"database": config.database}):
        yield from _files_in(section, home)


def files_of_dock(home: Path) -> Iterator[Path]:
    """Name the dock's files and folders, also those that are made later."""
    _make_database(home)
    yield from (home / name for name in _OWN["dock"])
    yield from (home / f"{_SQLITE}{ending}" for ending in ("", "-wal", "-shm"))
    yield from set(_named(home, "dock")) - set(files_of_keeper(home))


def _make_database(home: Path) -> None:
    """Make SQLite's other two files where a user could not."""
    if (home / _SQLITE).exists():
        for ending in ("-wal", "-shm"):
            (home / f"{_SQLITE}{ending}").touch(mode=PRIVATE_FILE)


def _named(home: Path, kind: str) -> Iterator[Path]:
    """Name what a building's settings name: certificates, passwords, service keys."""
    config: dict[str, Any] = {}
    with suppress(OSError, msgspec.DecodeError):
        config = msgspec.toml.decode((home / f"{kind}.toml").read_bytes())
    yield from _files_in(config, home)


def _files_in(section: Mapping[str, Any], home: Path) -> Iterator[Path]:
    for value in section.values():
        if isinstance(value, Mapping):
            yield from _files_in(value, home)
        elif isinstance(value, str):
            words = [value]
            if "://" in value:
                words = [word for _, word in parse_qsl(urlsplit(value).query)]
            for word in words:
                if word and _is_file(home / word):
                    yield home / word


def _hold_open(path: Path) -> None:
    """Keep SQLite's two other files there as long as this process lives."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        where = struct.pack(
            "hhqqhxxxxxx", fcntl.F_RDLCK, os.SEEK_SET, _SHARED_FIRST, _SHARED_SIZE, 0
        )
        # Of the open file and not of the process: SQLite's own unlocking leaves it.
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, where)
        _held.append(descriptor)


def _opens(path: Path) -> bool:
    """Try whether something can be read in spite of the wall."""
    with suppress(PermissionError):
        files = [path] if path.is_file() else path.rglob("*")
        for file in filter(_is_file, files):
            with suppress(OSError), file.open("rb"):
                return True
    return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except PermissionError:  # what this user cannot even see
        return False


def _settings(home: Path, kind: str) -> _Settings:
    return read_config(home / f"{kind}.toml", _Settings)


def _note(home: Path, building: str) -> Path:
    return home / "log" / f"{building}.wall"


def _open_note(home: Path, building: str) -> IO[str]:
    """Open where it is said; behind the wall that could not be opened any more."""
    path = _note(home, building)
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        write_private(path, b"")
        return path.open("w", encoding="ascii")
    except OSError:  # nobody to tell: another user's folder
        return io.StringIO()


def _read_note(home: Path, building: str) -> str:
    """Read what a building that runs said; nothing of one that does not."""
    try:
        pid, wall = _note(home, building).read_text().split()
        return wall if Path("/proc", pid).exists() else ""
    except (OSError, ValueError):
        return ""
