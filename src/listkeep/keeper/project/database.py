"""Turn the ``database`` setting into what Django wants to know.

The ledger's order rests on one row's lock. On SQLite a transaction holds the whole
file from its start; on PostgreSQL it waits for the head's row, and must then see what
was committed while it waited: READ COMMITTED, whatever the server's own default is.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from listkeep.core.errors import Code, MalformedError

_LOCK_SECONDS = 60
_READ_COMMITTED = 2  # psycopg.IsolationLevel
_FILES = frozenset({"passfile", "sslrootcert", "sslcert", "sslkey"})
_PARAMETERS = _FILES | {"host", "service", "sslmode"}
# An intent is on the disk before the first row opens.
_SERVER = f"-c synchronous_commit=on -c lock_timeout={_LOCK_SECONDS}s"


def database_settings(text: str, *, home: Path) -> dict[str, Any]:
    """Describe the keeper's database to Django.

    Raises:
        MalformedError: No file's name, and no address of PostgreSQL without password.
    """
    if ":" not in text and text:
        return _sqlite(home / text)
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
        "NAME": path,
        "CONN_MAX_AGE": None,  # one connection a thread, for as long as it lives
        "OPTIONS": {
            "timeout": _LOCK_SECONDS,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
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
        "the database is no file and no address of PostgreSQL",
        'for example "keeper.sqlite3", "postgresql://keeper@db.example/listkeep" or '
        '"postgresql:///listkeep?host=/run/postgresql"',
    )


def _unusable(what: str, hint: str) -> MalformedError:
    return MalformedError(f"keeper.toml: {what}", code=Code.CONFIG_INVALID, hint=hint)
