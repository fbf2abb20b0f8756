"""Turn the ``database`` setting into what Django wants to know.

An import that was reported to the ledger must survive a power cut, so either engine
waits for the disk at each commit. On PostgreSQL a writer waits for the list's lock and
must then see what was committed meanwhile: READ COMMITTED, whatever the server's own
default is.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from listkeep.core.errors import Code, MalformedError

_LOCK_SECONDS = 60
_PRAGMAS = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA cache_size = -16000;
PRAGMA journal_size_limit = 67108864;
"""
_READ_COMMITTED = 2  # psycopg.IsolationLevel
_FILES = frozenset({"passfile", "sslrootcert", "sslcert", "sslkey"})
_PARAMETERS = _FILES | {"host", "service", "sslmode"}
_SERVER = f"-c synchronous_commit=on -c lock_timeout={_LOCK_SECONDS}s"


def database_settings(text: str, *, home: Path) -> dict[str, Any]:
    """Describe the dock's database to Django.

    Raises:
        MalformedError: This is neither empty nor an address of PostgreSQL without
            a password.
    """
    if not text:
        return _sqlite(home / "dock.sqlite3")
    if find_spec("psycopg") is None:
        raise _unusable(
            "PostgreSQL needs another library", "install listkeep[postgres]"
        )
    try:
        return _postgresql(text, home)
    except ValueError as error:  # a port that is no number
        raise _not_an_address() from error


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,  # opening costs more than most questions
        "OPTIONS": {
            "timeout": _LOCK_SECONDS,
            # Waiting for the lock at the start cannot end in a deadlock.
            "transaction_mode": "IMMEDIATE",
            "init_command": _PRAGMAS,
        },
        "TEST": {"NAME": str(path.with_name("test.sqlite3"))},
    }


def _postgresql(text: str, home: Path) -> dict[str, Any]:
    parts = urlsplit(text)
    given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    name = unquote(parts.path.strip("/"))
    if parts.scheme not in {"postgresql", "postgres"} or parts.fragment:
        raise _not_an_address()
    if set(given) - _PARAMETERS or not (name or given.get("service")):
        raise _not_an_address()
    if parts.password is not None:
        raise _unusable(
            "the database's password does not belong there",
            "write it to a file of mode 0600 and add ?passfile=FILE, or use a service",
        )
    host = given.pop("host", "") or unquote(parts.hostname or "")
    for key in _FILES & set(given):
        given[key] = str(home / given[key])
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,  # a server that was restarted is found again
        "OPTIONS": {
            "connect_timeout": 10,
            "isolation_level": _READ_COMMITTED,
            "options": _SERVER,
            **given,
        },
    }


def _not_an_address() -> MalformedError:
    return _unusable(
        "the database is no address of PostgreSQL",
        'leave it empty, or as in "postgresql://dock@db.example/lists" or '
        '"postgresql:///lists?host=/run/postgresql"',
    )


def _unusable(what: str, hint: str) -> MalformedError:
    return MalformedError(f"dock.toml: {what}", code=Code.CONFIG_INVALID, hint=hint)
