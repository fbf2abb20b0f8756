"""``listkeep agency``: companies that work for a tenant, or for the operator."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from listkeep.cli.output import AsJson, hint
from listkeep.cli.sessions import As, require_name
from listkeep.core.grants import Action, format_time
from listkeep.wire.identifiers import new_id

from .registry import Name, Purpose, TenantName, ask_for, revoke, show_registry

app = typer.Typer(
    no_args_is_help=True,
    help="Companies that work for a tenant or the operator, until an end.",
)


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="agency")


@app.command(epilog="Example: listkeep agency add studio --days 90 --as ada")
def add(  # noqa: PLR0913 - each is an option
    agency: Name,
    *,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it works here.")],
    look_ups: Annotated[
        int, typer.Option(min=0, help="Look-ups a day, all its people together.")
    ] = 50,
    reveals: Annotated[
        int, typer.Option(min=0, help="Addresses revealed a day, all together.")
    ] = 20,
    rows: Annotated[
        int, typer.Option(min=0, help="Rows exported a day, all together.")
    ] = 1000,
    sends: Annotated[
        int, typer.Option(min=0, help="Rows written to a day, all together.")
    ] = 0,
    purpose: Purpose = "a new agency",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Add an agency; another owner (or custodian, for the operator) approves.

    Afterwards its people are added with `person add --role agent --team ID`; those
    who do support for the operator with `--role support`.
    """
    require_name(agency)
    identity = new_id("a")
    until = datetime.now(UTC) + timedelta(days=days, minutes=-1)
    ask_for(
        Action.AGENCY_ADD,
        {
            "id": identity,
            "name": agency,
            "until": format_time(until),
            "look_ups": str(look_ups),
            "reveals": str(reveals),
            "rows_exported": str(rows),
            "rows_sent": str(sends),
        },
        name=name,
        purpose=purpose,
        as_json=as_json,
    )
    hint(f"once it is done: `listkeep person add NAME --role agent --team {identity}`")


@app.command("ls", epilog="Example: listkeep agency ls --as ada --json")
def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the agencies you may know, also those whose time has ended."""
    columns = (
        *("name", "until", "look_ups", "reveals", "rows_exported", "rows_sent"),
        *("tenant", "id"),
    )
    show_registry("agency", columns, name=name, as_json=as_json)


@app.command("revoke", epilog="Example: listkeep agency revoke studio --as ada")
def remove(
    agency: Name,
    *,
    tenant: TenantName = "",
    purpose: Purpose = "the agency's work has ended",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Show an agency out at once, with its people, sessions and requests."""
    revoke("agency", agency, name=name, tenant=tenant, purpose=purpose, as_json=as_json)
