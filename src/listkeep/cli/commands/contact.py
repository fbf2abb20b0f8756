"""``listkeep contact``: where notices go, outside the instance."""

from enum import StrEnum
from typing import Annotated

import typer

from listkeep.cli.output import AsJson
from listkeep.cli.sessions import As, require_name
from listkeep.cli.unseen import read_unseen
from listkeep.core.grants import Action
from listkeep.wire.identifiers import new_id

from .registry import Name, Purpose, TenantName, ask_for, revoke, show_registry

app = typer.Typer(
    no_args_is_help=True, help="Where notices go; the keeper seals it, nobody reads it."
)


class Kind(StrEnum):
    """How a notice travels."""

    MAIL = "mail"
    WEBHOOK = "webhook"


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="contact")


@app.command(epilog="Example: listkeep contact add on-call --as ada < address.txt")
def add(  # noqa: PLR0913 - each is an option
    contact: Name,
    *,
    kind: Annotated[
        Kind, typer.Option(help="A mailbox, or a webhook's https address.")
    ] = Kind.MAIL,
    tenant: TenantName = "",
    purpose: Purpose = "a new contact for notices",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Add a contact, read from standard input; another owner approves.

    The destination is sealed before it is signed: no list and no record shows it.
    """
    require_name(contact)
    ask_for(
        Action.CONTACT_ADD,
        {"id": new_id("d"), "name": contact, "kind": kind.value},
        name=name,
        tenant=tenant,
        purpose=purpose,
        as_json=as_json,
        destination=read_unseen("address" if kind is Kind.MAIL else "webhook"),
    )


@app.command("ls", epilog="Example: listkeep contact ls --as ada --json")
def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the contacts you may know, without where they are."""
    columns = ("name", "kind", "tenant", "id")
    show_registry("contact", columns, name=name, as_json=as_json)


@app.command("revoke", epilog="Example: listkeep contact revoke on-call --as ada")
def remove(
    contact: Name,
    *,
    tenant: TenantName = "",
    purpose: Purpose = "the contact is not needed any more",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Take a contact away; another owner approves, for it silences notices."""
    revoke(
        "contact", contact, name=name, tenant=tenant, purpose=purpose, as_json=as_json
    )
