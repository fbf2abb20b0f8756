"""An address of PostgreSQL as settings files have it, turned into what Django wants.

Keeper and dock are told the same way where their server is, and both need of it that
what was committed survives a power cut, and that who waited for a lock sees what was
committed meanwhile: READ COMMITTED, whatever the server's own default is.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from listkeep.core.errors import Code, MalformedError

LOCK_SECONDS = 60
_READ_COMMITTED = 2  # psycopg.IsolationLevel
_FILES = frozenset({"passfile", "sslrootcert", "sslcert", "sslkey"})
_PARAMETERS = _FILES | {"host", "service", "sslmode"}
_SERVER = f"-c synchronous_commit=on -c lock_timeout={LOCK_SECONDS}s"


def unusable_setting(file: str, what: str, hint: str) -> MalformedError:
    """Say what is wrong with a settings file, and what to write instead."""
    return MalformedError(f"{file}: {what}", code=Code.CONFIG_INVALID, hint=hint)


def describe_postgresql(
    text: str, *, home: Path, file: str, refusal: MalformedError
) -> dict[str, Any]:
    """Describe a server to Django; files it names are relative to ``home``.

    Raises:
        MalformedError: ``refusal``, if this is no address of PostgreSQL; or it has a
            password in it, or the library is missing.
    """
    if find_spec("psycopg") is None:
        raise unusable_setting(
            file, "PostgreSQL needs another library", "install listkeep[postgres]"
        )
    try:
        return _describe(text, home, file, refusal)
    except ValueError as error:  # a port that is no number
        raise refusal from error


def _describe(
    text: str, home: Path, file: str, refusal: MalformedError
) -> dict[str, Any]:
    parts = urlsplit(text)
    given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    name = unquote(parts.path.strip("/"))
    if parts.scheme not in {"postgresql", "postgres"} or parts.fragment:
        raise refusal
    if set(given) - _PARAMETERS or not (name or given.get("service")):
        raise refusal
    if parts.password is not None:
        raise unusable_setting(
            file,
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
