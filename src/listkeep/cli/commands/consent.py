"""``listkeep consent``: let the operator's support look, until an end."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from listkeep.cli.output import AsJson
from listkeep.cli.sessions import As
from listkeep.core.grants import Action, format_time
from listkeep.wire.identifiers import new_id

from .registry import Purpose, TenantName, ask_for, show_registry

app = typer.Typer(
    no_args_is_help=True,
    help="Let the operator's support look at your lists, until an end.",
)


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="consent")


@app.command(epilog="Example: listkeep consent give --days 2 --as ada")
def give(
    *,
    days: Annotated[
        int, typer.Option(min=1, max=30, help="How many days it lasts.")
    ] = 1,
    person: Annotated[
        list[str] | None,
        typer.Option(
            "--person",
            metavar="ID",
            help="Only this person; all of the operator's support if left out.",
        ),
    ] = None,
    purpose: Purpose = "support is to look at something",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Give consent: support may see lists and look addresses up, nothing else.

    One owner is enough, to give it and to withdraw it. Each touch is recorded.
    """
    until = datetime.now(UTC) + timedelta(days=days, minutes=-1)
    ask_for(
        Action.CONSENT_GIVE,
        {
            "id": new_id("g"),
            "until": format_time(until),
            "people": " ".join(sorted(set(person or ()))),
        },
        name=name,
        purpose=purpose,
        as_json=as_json,
    )


@app.command("ls", epilog="Example: listkeep consent ls --as ada --json")
def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the consents that were given, also those that have ended."""
    columns = ("id", "until", "people", "tenant")
    show_registry("consent", columns, name=name, as_json=as_json)


@app.command(epilog="Example: listkeep consent withdraw g_a2b3c4d5e6f7 --as amir")
def withdraw(
    consent: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    *,
    tenant: TenantName = "",
    purpose: Purpose = "support has seen enough",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Withdraw a consent at once, whoever gave it."""
    ask_for(
        Action.CONSENT_WITHDRAW,
        {"id": consent},
        name=name,
        tenant=tenant,
        purpose=purpose,
        as_json=as_json,
    )
