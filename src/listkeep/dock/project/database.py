"""Turn the ``database`` setting into what Django wants to know.

An import that was reported to the ledger must survive a power cut, so either engine
waits for the disk at each commit. On PostgreSQL a writer waits for the list's lock and
must then see what was committed meanwhile.
"""

from pathlib import Path
from typing import Any

from listkeep.wire.databases import LOCK_SECONDS, describe_postgresql, unusable_setting

_FILE = "dock.toml"
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
        MalformedError: This is neither empty nor an address of PostgreSQL without
            a password.
    """
    if not text:
        return _sqlite(home / "dock.sqlite3")
    refusal = unusable_setting(
        _FILE,
        "the database is no address of PostgreSQL",
        'leave it empty, or as in "postgresql://dock@db.example/lists" or '
        '"postgresql:///lists?host=/run/postgresql"',
    )
    return describe_postgresql(text, home=home, file=_FILE, refusal=refusal)


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,  # opening costs more than most questions
        "OPTIONS": {
            "timeout": LOCK_SECONDS,
            # Waiting for the lock at the start cannot end in a deadlock.
            "transaction_mode": "IMMEDIATE",
            "init_command": _PRAGMAS,
        },
        "TEST": {"NAME": str(path.with_name("test.sqlite3"))},
    }
