"""``listkeep reveal``: open the few rows of a granted reveal, here and now.

The keeper encrypts the rows to a key that was made on this machine for this one
request; neither the dock nor the wire ever carries them in the clear.
"""

import json
import time
from pathlib import Path
from typing import Any

import typer

from listkeep.cli.home import Instance, write_private
from listkeep.cli.output import AsJson, note, plural, show_rows
from listkeep.cli.request_ids import RequestId, require_request_id
from listkeep.cli.sessions import As, load_session
from listkeep.cli.signing import read_terms
from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Action
from listkeep.core.grants.terms import MAX_WINDOW
from listkeep.wire import messages as m


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep reveal r_abcdefghijkl")(reveal)


def reveal(request: RequestId, *, name: As = "", as_json: AsJson = False) -> None:
    """Open the rows of a reveal you asked for, once, and print them on stdout."""
    import pyrage  # noqa: PLC0415 - it takes longer than the other commands

    instance = Instance.open()
    session = load_session(instance, name)
    path = identity_path(instance, request)
    identity = _load_identity(path)
    with instance.keeper() as keeper, instance.dock(session.dock) as dock:
        view = keeper.show_requests(
            m.ShowRequest(session=session.keeper, request=request)
        ).requests[0]
        terms = read_terms(instance, view)
        if terms.action is not Action.REVEAL:
            raise MalformedError(
                f"the request is for {terms.action.value}, not for a reveal",
                code=Code.REQUEST_INVALID,
                hint="make one with `listkeep request reveal`",
            )
        batch = dock.read_sealed(terms.list, terms.selection.split())
        answer = keeper.run_reveal(
            m.RunReveal(session=session.keeper, request=request, rows=batch)
        )
    rows = [
        json.loads(line) for line in pyrage.decrypt(answer.age, [identity]).split(b"\n")
    ]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    show_rows(rows, columns, as_json=as_json)
    path.unlink()
    note(f"{plural(answer.rows, 'row')} revealed; it is recorded, and the key is gone")


def identity_path(instance: Instance, request: str) -> Path:
    """Tell where the key of a reveal is kept until it is used."""
    return instance.private / "reveals" / f"{require_request_id(request)}.key"


def make_identity(instance: Instance) -> Any:
    """Make an age identity for one reveal, dropping those nothing can use any more."""
    oldest = time.time() - MAX_WINDOW.total_seconds()
    for path in (instance.private / "reveals").glob("*.key"):
        if path.stat().st_mtime < oldest:
            path.unlink()
    import pyrage  # noqa: PLC0415

    return pyrage.x25519.Identity.generate()


def keep_identity(instance: Instance, request: str, identity: Any) -> None:
    """Keep the identity until the reveal."""
    write_private(identity_path(instance, request), f"{identity}\n".encode())


def _load_identity(path: Path) -> Any:
    import pyrage  # noqa: PLC0415

    try:
        return pyrage.x25519.Identity.from_str(path.read_text().strip())
    except FileNotFoundError as error:
        raise RefusedError(
            "the key of this reveal is not on this machine, or was used already",
            code=Code.NOT_FOUND,
            hint="a reveal is opened once, where it was asked for: ask anew with "
            "`listkeep request reveal`",
        ) from error
