"""Who the person at this terminal is, and the sessions they have.

A session lets one look and prepare; it signs and opens nothing. Two are kept for
each person, because a session is bound to the service that carries it: one for the
keeper, spoken to directly, and one for the dock.
"""

import re
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from listkeep.core.errors import Code, MalformedError, RefusedError

from .home import Instance, write_private
from .output import WrongUsage

As = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="NAME",
        envvar="LISTKEEP_AS",
        help="Who you are; otherwise whoever signed in last.",
        show_default=False,
    ),
]
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_CURRENT = "current"


class StoredSession(msgspec.Struct, frozen=True, kw_only=True):
    """A person's two sessions on this machine. Both are secrets."""

    name: str
    person: str
    keeper: str
    dock: str
    expires_at: str


def require_name(name: str) -> str:
    """Require a name that can be a person's, and a file's.

    Raises:
        WrongUsage: It cannot.
    """
    if not _NAME.fullmatch(name):
        raise WrongUsage(
            "a name has up to 40 of a-z, 0-9, dot, dash and underscore",
            hint="it begins with a letter or digit",
        )
    return name


def choose_person(instance: Instance, name: str) -> str:
    """Find out who acts: whoever is named, or whoever signed in last.

    Raises:
        RefusedError: Nobody is named and nobody signed in.
    """
    if name:
        return require_name(name)
    try:
        return require_name((instance.private / _CURRENT).read_text().strip())
    except FileNotFoundError as error:
        raise _not_signed_in("NAME") from error


def load_session(instance: Instance, name: str) -> StoredSession:
    """Load the sessions of whoever acts. Whether they still live, the keeper says.

    Raises:
        RefusedError: The person is not signed in on this machine.
        MalformedError: The file was damaged.
    """
    chosen = choose_person(instance, name)
    try:
        data = _path(instance, chosen).read_bytes()
    except FileNotFoundError as error:
        raise _not_signed_in(chosen) from error
    try:
        return msgspec.json.decode(data, type=StoredSession)
    except msgspec.DecodeError as error:
        raise MalformedError(
            "a session's file is damaged",
            code=Code.CONFIG_INVALID,
            hint=f"sign in anew with `listkeep login --as {chosen}`",
        ) from error


def store_session(instance: Instance, session: StoredSession) -> None:
    """Keep a person's sessions, and remember who signed in last."""
    write_private(_path(instance, session.name), msgspec.json.encode(session))
    write_private(instance.private / _CURRENT, session.name.encode())


def forget_session(instance: Instance, name: str) -> None:
    """Delete a person's sessions from this machine."""
    _path(instance, name).unlink(missing_ok=True)
    current = instance.private / _CURRENT
    if current.exists() and current.read_text().strip() == name:
        current.unlink()


def _path(instance: Instance, name: str) -> Path:
    return instance.private / "sessions" / f"{name}.json"


def _not_signed_in(name: str) -> RefusedError:
    return RefusedError(
        "not signed in" if name == "NAME" else f"{name} is not signed in here",
        code=Code.NOT_SIGNED_IN,
        hint=f"run `listkeep login --as {name}`",
    )
