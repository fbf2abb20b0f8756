"""Turn the ``database`` setting into what Django wants to know.

The ledger's order rests on one row's lock. On SQLite a transaction holds the whole
file from its start; on PostgreSQL it waits for the head's row, and must then see what
was committed while it waited. An intent is on the disk before the first row opens.
"""

from pathlib import Path
from typing import Any

from listkeep.wire.databases import LOCK_SECONDS, describe_postgresql, unusable_setting

_FILE = "keeper.toml"


def database_settings(text: str, *, home: Path) -> dict[str, Any]:
    """Describe the keeper's database to Django.

    Raises:
        MalformedError: No file's name, and no address of PostgreSQL without password.
    """
    if ":" not in text and text:
        return _sqlite(home / text)
    refusal = unusable_setting(
        _FILE,
        "the database is no file and no address of PostgreSQL",
        'for example "keeper.sqlite3", "postgresql://keeper@db.example/listkeep" or '
        '"postgresql:///listkeep?host=/run/postgresql"',
    )
    return describe_postgresql(text, home=home, file=_FILE, refusal=refusal)


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": None,  # one connection a thread, for as long as it lives
        "OPTIONS": {
            "timeout": LOCK_SECONDS,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
