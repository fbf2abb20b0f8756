"""``listkeep suppress``: make entries unsendable and unexportable, for good."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, WrongUsage, plural, write, write_json
from listkeep.cli.sessions import As, load_session
from listkeep.wire.base import MAX_ROWS

from .lists import ListName


class Reason(StrEnum):
    """Why an entry may not be written to any more."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


Tokens = Annotated[
    list[str],
    typer.Argument(metavar="TOKEN…", help="Tokens; - reads them from standard input."),
]


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(
        epilog="Example: listkeep suppress news TOKEN --reason unsubscribed"
    )(suppress)


def suppress(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    tokens: Tokens,
    *,
    reason: Annotated[Reason, typer.Option(help="Why.")],
    request: Annotated[
        str, typer.Option(metavar="ID", help="A granted request, above the budget.")
    ] = "",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Suppress entries by their tokens; this is never taken back.

    Whoever wants to be forgotten is erased instead: `listkeep erase`.
    """
    instance = Instance.open()
    session = load_session(instance, name)
    wanted = read_tokens(tokens)
    suppressed = changed = 0
    with instance.dock(session.dock) as dock:
        for start in range(0, len(wanted), MAX_ROWS):
            done = dock.suppress(
                list_name,
                wanted[start : start + MAX_ROWS],
                reason=reason.value,
                request=request or None,
            )
            suppressed, changed = suppressed + done.suppressed, changed + done.changed
    if as_json:
        write_json({"suppressed": suppressed, "changed": changed})
    else:
        told = plural(suppressed, "token")
        write(f"{told} suppressed, {plural(changed, 'entry')} changed")


def read_tokens(arguments: list[str]) -> list[str]:
    """Read tokens from the arguments, or from standard input.

    Raises:
        WrongUsage: There are none.
    """
    if arguments == ["-"]:
        arguments = sys.stdin.read().split()
    if not arguments:
        raise WrongUsage("no token was given")
    return arguments
