"""``listkeep lookup``: is this one address in the list?"""

from typing import Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, note, show
from listkeep.cli.sessions import As, load_session
from listkeep.cli.unseen import read_unseen

from .lists import ListName


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep lookup news < address.txt")(lookup)


def lookup(
    list_name: ListName,
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="[ADDRESS]",
            show_default=False,
            help="Better left out: arguments can be seen by others on this machine "
            "and stay in the shell's history. Then it is read from standard input.",
        ),
    ] = None,
    *,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Find the entry of one exact address; each look-up is counted and recorded.

    The answer never repeats the address.
    """
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        found = dock.look_up(list_name, _read_address(address))
    facts: dict[str, Any] = {
        "token": found.token,
        "found": found.found,
        "status": found.status,
        "facets": found.facets,
    }
    if not as_json:
        facts.pop("facets")
        facts.update(found.facets or {})
    show(facts, as_json=as_json)


def _read_address(argument: str | None) -> str:
    if argument is not None:
        note("others on this machine can see arguments: better use standard input")
        return argument
    return read_unseen("address")
