"""``listkeep history``: who changed a list, when, and how much of it."""

from typing import Annotated

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, Row, hint, show_rows
from listkeep.cli.sessions import As, StoredSession, load_session
from listkeep.core.errors import ListkeepError
from listkeep.wire import messages as m
from listkeep.wire.answers import DockChange

from .lists import ListName

COLUMNS = ("number", "at", "what", "who", "added", "updated", "removed", "undo")


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep history news --last 5")(history)


def history(
    list_name: ListName,
    *,
    last: Annotated[
        int, typer.Option(min=0, help="How many changes at most; 0: all of them.")
    ] = 20,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Show the changes of a list, newest first.

    Numbers of imports and restores of less than 1,000 rows are rounded. A list can be
    taken back to before a change as long as what it replaced is kept.
    """
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        changes = list(dock.read_history(list_name, limit=last))
    names = _names(instance, session) if changes else {}
    rows = [_describe(change, names) for change in changes]
    show_rows(rows, COLUMNS, as_json=as_json)
    if changes and not as_json and changes[0].can_undo:
        hint(
            f"see what undoing the newest would do with `listkeep restore {list_name} "
            f"--before {changes[0].number} --dry-run`"
        )


def _describe(change: DockChange, names: dict[str, str]) -> Row:
    return {
        "number": change.number,
        "at": change.at,
        "what": f"back to {change.moment}" if change.moment else change.kind,
        "who": names.get(change.who, change.who),
        "added": change.added,
        "updated": change.updated,
        "removed": change.removed,
        "rounded": change.rounded,
        "source": change.source,
        "undo": "yes" if change.can_undo else "no",
    }


def _names(instance: Instance, session: StoredSession) -> dict[str, str]:
    """Find names for ids, as far as this person may see the registry."""
    found: dict[str, str] = {}
    for kind in ("person", "service"):
        try:
            with instance.keeper() as keeper:
                rows = keeper.show_registry(
                    m.ShowRegistry(session=session.keeper, kind=kind)
                ).rows
        except ListkeepError:  # the ids have to do
            continue
        found |= {row["id"]: row["name"] for row in rows}
    return found
