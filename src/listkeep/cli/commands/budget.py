"""``listkeep budget``: ceilings of a tenant's own, below the operator's."""

from enum import StrEnum
from typing import Annotated

import typer

from listkeep.cli.output import AsJson
from listkeep.cli.sessions import As
from listkeep.core.grants import Action

from .registry import Purpose, TenantName, ask_for, show_registry

app = typer.Typer(
    no_args_is_help=True,
    help="How much one person or service may spend a day; never above the default.",
)


class Measure(StrEnum):
    """What is counted."""

    LOOK_UPS = "look_ups"
    REVEALS = "reveals"
    ROWS_ADDED = "rows_added"
    ROWS_CHANGED = "rows_changed"
    TENANTS = "tenants"


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="budget")


@app.command("set", epilog="Example: listkeep budget set reveals 5 --as ada")
def set_ceiling(  # noqa: PLR0913 - each is an option
    measure: Annotated[Measure, typer.Argument(show_default=False)],
    ceiling: Annotated[int, typer.Argument(min=0, show_default=False)],
    *,
    who: Annotated[
        str, typer.Option(help="Everybody, a role, or the id of a person or service.")
    ] = "everybody",
    tenant: TenantName = "",
    purpose: Purpose = "to bound what one person can take",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Set how much each may spend in a rolling day.

    Lowering takes one owner, raising again what every change takes. An hour has half
    of a day's look-ups and reveals.
    """
    ask_for(
        Action.BUDGET_SET,
        {"measure": measure.value, "ceiling": str(ceiling), "who": who},
        name=name,
        tenant=tenant,
        purpose=purpose,
        as_json=as_json,
    )


@app.command("ls", epilog="Example: listkeep budget ls --as ada --json")
def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the ceilings that were set, beside the default they may not exceed."""
    columns = ("who", "measure", "ceiling", "default", "tenant")
    show_registry("budget", columns, name=name, as_json=as_json)
