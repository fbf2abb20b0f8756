"""``listkeep count``: how many entries a segment selects."""

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, write, write_json
from listkeep.cli.sessions import As, load_session

from .lists import ListName, Segment


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="""Example: listkeep count news --segment 'plan = "pro"'""")(
        count
    )


def count(
    list_name: ListName,
    *,
    segment: Segment = "all",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Count the entries a segment selects."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        found = dock.count(list_name, segment)
    if as_json:
        write_json({"count": found.count, "segment": found.segment})
    else:
        write(str(found.count))
