"""Turn the engines' errors into ours; their texts stay out of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError

from listkeep.core.errors import Code, UnavailableError

_FULL = ("the dock's disk is full", "make room on it, then try again")
_BUSY = ("the dock's database is busy with other work", "try again in a minute")
_AWAY = (
    "the dock's database does not answer",
    "is it running, and may this user connect as dock.toml says?",
)
_BROKEN = (
    "the dock's database does not work as it should",
    "look at the dock's disk and log, then try again",
)
_DEADLOCK = "40P01"
_SQLITE = {sqlite3.SQLITE_FULL: _FULL, sqlite3.SQLITE_BUSY: _BUSY}
# By SQLSTATE or its class: lock_not_available, deadlock_detected, disk_full,
# connection exceptions, the server is being stopped or started.
_POSTGRESQL = {
    "55P03": _BUSY,
    _DEADLOCK: _BUSY,
    "53100": _FULL,
    "53300": _BUSY,
    "08": _AWAY,
    "57P": _AWAY,
    "": _AWAY,  # the connection ended without a word
}
_FOREIGN = (sqlite3.OperationalError, OperationalError, InterfaceError)


@contextmanager
def translated() -> Iterator[None]:
    """Turn an engine's errors into ours.

    Raises:
        UnavailableError: The disk is full, the database is locked for too long, or
            it does not answer.
    """
    try:
        yield
    except _FOREIGN as error:
        raise describe_fault(error) from error


def is_deadlock(error: UnavailableError) -> bool:
    """Tell whether two transactions waited for each other, and this one was undone."""
    cause = getattr(error.__cause__, "__cause__", None)
    return getattr(cause, "sqlstate", None) == _DEADLOCK


def describe_fault(error: Exception) -> UnavailableError:
    """Say in our words what an engine complained about."""
    cause = error if isinstance(error, sqlite3.Error) else error.__cause__ or error
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        message, hint = _SQLITE.get(code & 0xFF, _BROKEN)
    else:
        state = getattr(cause, "sqlstate", None) or ""
        keys = (state, state[:3], state[:2])
        message, hint = next(
            (_POSTGRESQL[key] for key in keys if key in _POSTGRESQL), _BROKEN
        )
    return UnavailableError(message, code=Code.DOCK_UNAVAILABLE, hint=hint)
