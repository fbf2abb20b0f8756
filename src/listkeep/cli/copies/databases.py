"""The instance's databases as a copier sees them: files of SQLite, or PostgreSQL.

A copy is made of one moment, while others read and write. What is copied is what the
buildings wrote: sealed rows and the ledger. No Django, and no key.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from listkeep.core.errors import Code, ListkeepError, UnavailableError
from listkeep.wire.config import read_config

from .dumps import put_dump

if TYPE_CHECKING:
    import psycopg

KEEPER, DOCK = "keeper", "dock"
_CODES = {KEEPER: Code.KEEPER_UNAVAILABLE, DOCK: Code.DOCK_UNAVAILABLE}
SIDE_FILES = ("-wal", "-shm", "-journal")
_PAGES = 2048
_WAIT_SECONDS = 60
_FILES = frozenset({"passfile", "sslrootcert", "sslcert", "sslkey"})
Progress = Callable[[int, int], None]  # done, of all


class ServerAwayError(UnavailableError):
    """A server did not answer: what it holds may be whole, and newer than any copy."""


class _Settings(msgspec.Struct, frozen=True, kw_only=True):
    database: str = ""


class Snapshot(Protocol):
    """A database as it was at one moment."""

    @property
    def file_name(self) -> str:
        """What its copy is called."""

    @property
    def size(self) -> int:
        """About how many bytes its copy has."""

    def read(self, sql: str) -> Iterator[Sequence[Any]]:
        """Read rows of that moment."""

    def copy_to(self, path: Path, *, progress: Progress) -> None:
        """Write the copy."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where one building keeps its rows."""

    building: str
    path: Path | None  # of SQLite's file
    url: str = ""  # of PostgreSQL

    @property
    def engine(self) -> str:
        """Name the engine."""
        return "sqlite" if self.path else "postgresql"

    def exists(self) -> bool:
        """Tell whether there may be something: a server is asked later."""
        return self.path is None or self.path.exists()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Hold one moment for as long as the block takes.

        Raises:
            ServerAwayError: It does not answer, or not any more.
            UnavailableError: There is no such database, or not in it what the block
                reads.
        """
        if self.path is None:
            with _postgres_snapshot(self) as snapshot:
                yield snapshot
            return
        if not self.path.exists():
            raise missing(self.building)
        with _sqlite_snapshot(self.path, self.building) as snapshot:
            yield snapshot

    def put_dump(self, dump: Path) -> None:
        """Replace what is in a PostgreSQL database by a dump: all of it or nothing.

        Raises:
            MalformedError: The dump would do more than fill tables.
            UnavailableError: The tools or the server are not there.
        """
        put_dump(self.url, dump)


def find_databases(home: Path) -> dict[str, Database]:
    """Read where the buildings of an instance keep their rows; the dock comes first.

    Raises:
        MalformedError: A settings file cannot be read.
    """
    dock = read_config(home / "dock.toml", _Settings).database
    keeper = read_config(home / "keeper.toml", _Settings).database
    return {
        DOCK: _database(DOCK, dock or "dock.sqlite3", home),
        KEEPER: _database(KEEPER, keeper or "keeper.sqlite3", home),
    }


def _database(building: str, text: str, home: Path) -> Database:
    if ":" not in text:
        return Database(building, home / text)
    parts = urlsplit(text)
    query = [
        (name, str(home / value) if name in _FILES else value)
        for name, value in parse_qsl(parts.query)
    ]
    return Database(building, None, urlunsplit(parts._replace(query=urlencode(query))))


@dataclass(frozen=True, slots=True)
class _SqliteSnapshot:
    connection: sqlite3.Connection
    building: str

    @property
    def file_name(self) -> str:
        return f"{self.building}.sqlite3"

    @property
    def size(self) -> int:
        (pages,) = self.connection.execute("PRAGMA page_count").fetchone()
        (page,) = self.connection.execute("PRAGMA page_size").fetchone()
        return int(pages * page)

    def read(self, sql: str) -> Iterator[Sequence[Any]]:
        with translated(self.building):
            yield from self.connection.execute(sql)

    def copy_to(self, path: Path, *, progress: Progress) -> None:
        with translated(self.building):
            target = sqlite3.connect(path)
            try:
                target.execute("PRAGMA journal_mode = OFF")
                target.execute("PRAGMA synchronous = OFF")  # synced below, once
                self.connection.backup(
                    target,
                    pages=_PAGES,
                    progress=lambda _status, left, all_: progress(all_ - left, all_),
                )
            finally:
                target.close()
        sync_file(path)


@contextmanager
def _sqlite_snapshot(path: Path, building: str) -> Iterator[_SqliteSnapshot]:
    with translated(building):
        connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    # Of a text that is none the rest of its row is still to be read.
    connection.text_factory = lambda data: data.decode(errors="replace")
    try:
        with translated(building):
            # The first read fixes the moment; the log keeps what comes after it.
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        yield _SqliteSnapshot(connection, building)
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class _PostgresSnapshot:
    connection: "psycopg.Connection[Any]"
    database: Database
    name: str

    @property
    def file_name(self) -> str:
        return f"{self.database.building}.pgdump"

    @property
    def size(self) -> int:
        row = self.connection.execute(
            "SELECT pg_database_size(current_database())"
        ).fetchone()
        return int(row[0]) if row else 0

    def read(self, sql: str) -> Iterator[Sequence[Any]]:
        yield from self.connection.execute(sql.encode())

    def copy_to(self, path: Path, *, progress: Progress) -> None:
        progress(0, 1)
        run_tool(
            "pg_dump",
            *("--format=custom", "--no-owner", "--no-privileges"),
            *(f"--snapshot={self.name}", f"--file={path}"),
            f"--dbname={self.database.url}",
        )
        sync_file(path)
        progress(1, 1)


@contextmanager
def _postgres_snapshot(database: Database) -> Iterator[_PostgresSnapshot]:
    try:
        import psycopg  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UnavailableError(
            "PostgreSQL needs another library", hint="install listkeep[postgres]"
        ) from error
    try:
        connection = psycopg.connect(database.url, connect_timeout=10)
    except psycopg.Error as error:
        raise _away(database.building) from error
    try:
        with connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            yield _PostgresSnapshot(connection, database, str(row[0]) if row else "")
    except psycopg.OperationalError as error:
        raise _away(database.building) from error
    except psycopg.Error as error:  # there is no such table, or not what is in it
        raise _unreadable(
            database.building, hint="is it a database of Listkeep, and whole?"
        ) from error


def run_tool(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs to its end.

    What it says can quote rows, so it is not repeated.

    Raises:
        UnavailableError: It is not installed, or failed.
    """
    found = find_tool(name)
    done = subprocess.run(  # noqa: S603 - a fixed name
        [str(found), "--no-password", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(
            f"{name} failed with status {done.returncode}",
            hint=f"is {found} as new as the server, and is there room on the disk? "
            "run it by hand to see what it says",
        )


def find_tool(name: str) -> Path:
    """Find a program of PostgreSQL: on the path, or Debian's newest.

    Raises:
        UnavailableError: It is not there.
    """
    found = shutil.which(name)
    if found:
        return Path(found)
    places = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = sorted(places, key=lambda path: int(path.parts[-3]))
    if newest:
        return newest[-1]
    raise UnavailableError(
        f"{name} is not here, and only PostgreSQL's own tools copy its databases",
        hint="Debian: apt-get install postgresql-client",
    )


@contextmanager
def translated(building: str) -> Iterator[None]:
    """Turn SQLite's errors into ours; its own can quote rows.

    Raises:
        UnavailableError: The disk is full, or the file is damaged or locked.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise no_room() from error
        raise _unreadable(
            building, hint="is it a database of Listkeep, and is its disk whole?"
        ) from error


def _unreadable(building: str, *, hint: str) -> ListkeepError:
    return UnavailableError(
        f"the {building}'s database cannot be read", code=_CODES[building], hint=hint
    )


def _away(building: str) -> ListkeepError:
    return ServerAwayError(
        f"the {building}'s database does not answer",
        code=_CODES[building],
        hint="is it running, and may this user connect?",
    )


def no_room() -> ListkeepError:
    """Say that the disk is full."""
    return UnavailableError(
        "there is no room for a copy of the databases",
        hint="make room, or choose another disk; nothing was changed",
    )


def missing(building: str) -> UnavailableError:
    """Say that a database is not there."""
    return UnavailableError(
        f"the {building}'s database is missing",
        hint="put it back with `listkeep restore-backup`",
    )


def sync_file(path: Path) -> None:
    """Have a file and its name on the disk before anything counts on them."""
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
