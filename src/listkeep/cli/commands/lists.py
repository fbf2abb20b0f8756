"""``listkeep list``: one tenant's audiences."""

from typing import Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, hint, note, show, show_rows, write, write_json
from listkeep.cli.sessions import As, load_session
from listkeep.core.grants import Action
from listkeep.wire.answers import DockList

from .held_keys import find_keys
from .registry import Purpose, ask_for

app = typer.Typer(no_args_is_help=True, help="Lists: create one, see what is in it.")

ListName = Annotated[str, typer.Argument(metavar="LIST", show_default=False)]
Segment = Annotated[
    str,
    typer.Option(
        "--segment",
        "-s",
        metavar="SEGMENT",
        help="""Which entries, e.g. 'plan = "pro" and status = subscribed'.""",
    ),
]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="list")


@app.command(
    epilog="Example: listkeep list create news --facet plan:text --facet country:text"
)
def create(
    list_name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    *,
    facet: Annotated[
        list[str],
        typer.Option(
            metavar="NAME:TYPE",
            help="A field that stays readable for segments: text, int, bool, date "
            "or month. Everything else is sealed.",
        ),
    ] = [],  # noqa: B006 - never changed
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Create a list and print its id."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        made = dock.create_list(list_name, facets=facet)
    if as_json:
        write_json(_describe(made))
    else:
        write(made.id)
    note(f"made the list {made.name}")
    hint(f"fill it with `listkeep import {made.name} FILE`")


@app.command("ls", epilog="Example: listkeep list ls --json")
def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the lists you may see."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        rows = [_describe(each) for each in dock.show_lists()]
    show_rows(rows, ("name", "id", "facets", "created_at"), as_json=as_json)


@app.command("show", epilog="Example: listkeep list show news --json")
def show_one(list_name: ListName, *, name: As = "", as_json: AsJson = False) -> None:
    """Show a list, its schema and how many entries it has in each status."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        found = dock.show_list(list_name)
    facts = {
        **_describe(found),
        "entries": found.entries,
        "statuses": found.statuses,
    }
    if not as_json:
        facts["statuses"] = [f"{k} {v:,}" for k, v in found.statuses.items() if v]
    show(facts, as_json=as_json)


@app.command(epilog="Example: listkeep list shred spring --as ada --purpose 'over'")
def shred(
    list_name: ListName,
    *,
    purpose: Purpose,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Destroy a list for good: its keys go, and no copy of its rows opens again.

    Another owner approves it, or a day passes in which none denies it.
    """
    row = find_keys(list_name, name=name)
    ask_for(
        Action.LIST_SHRED,
        {"id": row.keys.list},
        name=name,
        purpose=purpose,
        as_json=as_json,
    )


def _describe(found: DockList) -> dict[str, Any]:
    return {
        "name": found.name,
        "id": found.id,
        "tenant": found.tenant,
        "facets": list(found.facets),
        "fields": list(found.fields),
        "created_at": found.created_at,
    }
