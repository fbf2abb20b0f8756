"""``listkeep returned``: what came back to a list, and what becomes of what is held."""

from enum import StrEnum
from typing import Annotated

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import (
    AsJson,
    Row,
    WrongUsage,
    hint,
    note,
    plural,
    show,
    show_rows,
    write,
    write_json,
)
from listkeep.cli.sessions import As, load_session
from listkeep.wire.answers import DockReturned
from listkeep.wire.dock.client import DockClient

from .lists import ListName

COLUMNS = ("number", "at", "outcome", "code", "how", "state", "token")


class Decision(StrEnum):
    """What becomes of what is held."""

    ACCEPT = "accept"
    DROP = "drop"


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep returned news --after 1200")(returned)


def returned(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    *,
    after: Annotated[
        int, typer.Option(min=0, metavar="NUMBER", help="Only what came after it.")
    ] = 0,
    held: Annotated[
        bool, typer.Option("--held", help="Only what waits for an owner.")
    ] = False,
    decide: Annotated[
        Decision | None,
        typer.Option(help="Have what is held count after all, or drop it."),
    ] = None,
    webhook: Annotated[
        str,
        typer.Option(
            metavar="CONTACT",
            help="Have a webhook told, named by its id as a contact; `show` shows it, "
            "`none` ends it.",
        ),
    ] = "",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Show bounces, complaints, answers, and who left; in tokens, oldest first.

    What came by mail in larger numbers than a list loses by itself is held until an
    owner decides.
    """
    if decide is not None and (held or after or webhook):
        raise WrongUsage("a decision is about all that is held")
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        if decide is not None:
            count = dock.decide_returned(list_name, decide.value)
            _tell(count, decide, as_json=as_json)
            return
        if webhook:
            show(_describe_webhook(dock, list_name, webhook), as_json=as_json)
            return
        found = list(dock.read_returned(list_name, after=after))
    rows = [_describe(each) for each in found if not held or each.state == "held"]
    show_rows(rows, COLUMNS, as_json=as_json)
    waiting = sum(each.state == "held" for each in found)
    if waiting and not as_json:
        hint(f"{waiting:,} held: an owner decides with --decide accept or drop")


def _tell(count: int, decision: Decision, *, as_json: bool) -> None:
    if as_json:
        write_json({"decided": count, "decision": decision.value})
        return
    done = "counts now" if decision is Decision.ACCEPT else "dropped"
    write(f"{plural(count, 'thing')} that came back: {done}")


def _describe_webhook(dock: DockClient, list_name: str, wanted: str) -> Row:
    match wanted:
        case "show":
            found = dock.show_webhook(list_name)
        case "none":
            found = dock.remove_webhook(list_name)
            note("the webhook is not told any more")
        case _:
            found = dock.set_webhook(list_name, wanted)
            note("the webhook is told what comes back from now on")
    return {
        "contact": found.contact,
        "state": found.state,
        "told": found.told,
        "attempts": found.attempts,
        "outcome": found.outcome,
        "next_at": found.next_at or "",
    }


def _describe(each: DockReturned) -> Row:
    return {
        "number": each.number,
        "at": each.at,
        "outcome": each.outcome,
        "code": each.code,
        "how": each.how,
        "state": each.state,
        "token": each.token,
        "request": each.request,
    }
