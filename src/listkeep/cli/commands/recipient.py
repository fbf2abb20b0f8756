"""``listkeep recipient``: whom exports may be encrypted to."""

import os
from pathlib import Path
from typing import Annotated

import typer

from listkeep.cli.home import PRIVATE_FILE
from listkeep.cli.output import AsJson, hint, note, write
from listkeep.cli.sessions import As, require_name
from listkeep.core.errors import Code, ConflictError
from listkeep.core.grants import Action
from listkeep.wire.identifiers import new_id

from .registry import Name, Purpose, TenantName, ask_for, revoke, show_registry

app = typer.Typer(
    no_args_is_help=True, help="Whom exports may be encrypted to: two owners decide."
)


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="recipient")


@app.command(epilog="Example: listkeep recipient key warehouse.key")
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
) -> None:
    """Make an age identity in FILE and print its public key.

    The recipient does this, on their own machine: whoever has FILE opens exports.
    """
    import pyrage  # noqa: PLC0415 - it takes longer than the other commands

    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
    except FileExistsError as error:
        raise ConflictError(
            "there is such a file already; a key is never overwritten",
            code=Code.ALREADY_EXISTS,
            hint="choose another name",
        ) from error
    with os.fdopen(descriptor, "w") as output:
        output.write(f"# public key: {public}\n{identity}\n")
    write(public)
    note("keep the file safe: who has it opens exports, who loses it does not")
    hint(f"an owner enrols it with `listkeep recipient add NAME --key {public}`")


@app.command(epilog="Example: listkeep recipient add warehouse --key age1… --as ada")
def add(  # noqa: PLR0913 - each is an option
    recipient: Name,
    *,
    public_key: Annotated[
        str, typer.Option("--key", metavar="AGE1…", help="An age public key.")
    ],
    tenant: TenantName = "",
    purpose: Purpose = "a new recipient of exports",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Add a recipient; another owner approves."""
    require_name(recipient)
    subject = {"id": new_id("c"), "name": recipient, "public_key": public_key}
    ask_for(
        Action.RECIPIENT_ADD,
        subject,
        name=name,
        tenant=tenant,
        purpose=purpose,
        as_json=as_json,
    )


@app.command("ls", epilog="Example: listkeep recipient ls --as ada --json")
def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the recipients you may know."""
    columns = ("name", "tenant", "public_key", "id")
    show_registry("recipient", columns, name=name, as_json=as_json)


@app.command("revoke", epilog="Example: listkeep recipient revoke warehouse --as ada")
def remove(
    recipient: Name,
    *,
    tenant: TenantName = "",
    purpose: Purpose = "the recipient is not needed any more",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Revoke a recipient at once; what was encrypted to it before stays readable."""
    revoke(
        "recipient",
        recipient,
        name=name,
        tenant=tenant,
        purpose=purpose,
        as_json=as_json,
    )
