"""Turn the `database` setting into what Django wants to know."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from listkeep.core.errors import Code, MalformedError

_LOCK_SECONDS = 60
# FULL: an import that was reported to the ledger must survive a power cut.
_PRAGMAS = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA cache_size = -16000;
PRAGMA journal_size_limit = 67108864;
"""


def database_settings(text: str, *, home: Path) -> dict[str, Any]:
    """Describe the dock's database to Django.

    Raises:
        MalformedError: This is neither empty nor a PostgreSQL address.
    """
    if not text:
        return _sqlite(home / "dock.sqlite3")
    parts = urlsplit(text)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise MalformedError(
            "dock.toml: database is not an address of a database",
            code=Code.CONFIG_INVALID,
            hint='leave it empty, or write "postgresql://user@host/name"',
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.strip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


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
