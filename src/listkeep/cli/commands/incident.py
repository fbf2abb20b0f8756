"""``listkeep incident``: what was found wrong, what is known of it, and its end."""

from typing import Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, WrongUsage, hint, note, show, show_rows, write
from listkeep.cli.sessions import As, load_session
from listkeep.wire.answers import DockIncident

app = typer.Typer(
    no_args_is_help=True,
    help="What was found wrong with lists, what is known of it, and its end.",
)
_COLUMNS = ("id", "state", "kind", "tenant", "list", "found", "opened_at", "sentence")
_ENDS = frozenset({"closed"})

IncidentId = Annotated[str, typer.Argument(metavar="INCIDENT", show_default=False)]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="incident")


@app.command("ls", epilog="Example: listkeep incident ls --as ada --json")
def show_all(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that are closed.")
    ] = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Show the incidents you may know of: owners their tenant's, custodians all."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        found = dock.show_incidents()
    shown = [each for each in found if everything or each.state not in _ENDS]
    show_rows([_describe(each) for each in shown], _COLUMNS, as_json=as_json)


@app.command("show", epilog="Example: listkeep incident show w_7kq2m4x5vbnc --as ada")
def show_one(incident: IncidentId, *, name: As = "", as_json: AsJson = False) -> None:
    """Show one incident and its story: who did what when."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        found = dock.show_incident(incident)
    _show(found, as_json=as_json)


@app.command(
    "note",
    epilog="Example: listkeep incident note w_7kq2m4x5vbnc 'asking the hosts' --as ada",
)
def add_note(
    incident: IncidentId,
    text: Annotated[str, typer.Argument(metavar="TEXT", show_default=False)],
    *,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Write down what you know; whoever may know the incident reads it.

    Name nobody by an address: a text with an at sign is refused.
    """
    _require_no_address(text)
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        found = dock.note_incident(incident, text)
    _show(found, as_json=as_json)


@app.command(
    epilog="Example: listkeep incident close w_7kq2m4x5vbnc --reason 'a restore test'"
)
def close(
    incident: IncidentId,
    *,
    reason: Annotated[
        str,
        typer.Option(help="Why; kept in the ledger.", show_default=False),
    ],
    accept: Annotated[
        bool,
        typer.Option(
            "--accept",
            help="Rows are missing, or too many, and stay so: count from there on.",
        ),
    ] = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Close an incident: an owner the tenant's, a custodian the operator's.

    What is still wrong opens another one the next time it is found.
    """
    _require_no_address(reason)
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        found = dock.close_incident(incident, reason=reason, accept=accept)
    if as_json:
        _show(found, as_json=True)
    else:
        write(found.id)
    note(f"closed: {found.sentence}")
    hint("what is still wrong opens another one")


def _require_no_address(text: str) -> None:
    if "@" in text:
        raise WrongUsage(
            "a text with an at sign could be an address",
            hint="name people and lists by their ids or names here",
        )


def _show(found: DockIncident, *, as_json: bool) -> None:
    facts = _describe(found)
    story = [_tell(line) for line in facts["timeline"]]
    show(facts if as_json else {**facts, "timeline": story}, as_json=as_json)


def _tell(line: dict[str, Any]) -> str:
    who = f"{line['who']} " if line["who"] else ""
    text = f" ({line['text']})" if line["text"] else ""
    return f"{line['at']} {who}{line['what']}{text}"


def _describe(found: DockIncident) -> dict[str, Any]:
    return {
        "id": found.id,
        "state": found.state,
        "kind": found.kind,
        "sentence": found.sentence,
        "tenant": found.tenant,
        "list": found.list,
        "found": found.found,
        "times": found.times,
        "opened_at": found.opened_at,
        "closed_at": found.closed_at,
        "closed_by": found.closed_by,
        "reason": found.reason,
        "timeline": [
            {"at": line.at, "who": line.who, "what": line.what, "text": line.text}
            for line in found.timeline
        ],
    }
