"""``listkeep tenant``: the operator's customers."""

from typing import Annotated

import typer

from listkeep.cli.output import AsJson, WrongUsage
from listkeep.cli.sessions import As, require_name
from listkeep.core.canonical import encode
from listkeep.core.grants import Action
from listkeep.wire.identifiers import new_id

from .enrolment import meet_new_person
from .held_keys import tell_copies
from .registry import Name, Purpose, ask_for, find_row, revoke, show_registry

app = typer.Typer(
    no_args_is_help=True,
    help="The operator's customers: two custodians add one, owners close it.",
)
_MOST_OWNERS = 2


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="tenant")


@app.command(
    epilog="Example: listkeep tenant add acme --owner ada --owner amir --as cleo"
)
def add(
    tenant: Name,
    *,
    owner: Annotated[
        list[str], typer.Option(metavar="NAME", help="A first owner; better give two.")
    ],
    purpose: Purpose = "a new tenant",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Add a tenant with its first owners; another custodian approves it.

    In the demo profile the owners get software passkeys if they have none.
    """
    require_name(tenant)
    if len(set(owner)) != len(owner) or len(owner) > _MOST_OWNERS:
        raise WrongUsage(f"a tenant begins with one or {_MOST_OWNERS} different owners")
    owners = [meet_new_person(each) for each in owner]
    people = [encode(each.subject(role="owner")).decode() for each in owners]
    people += [""] * (_MOST_OWNERS - len(people))
    subject = {
        "id": new_id("t"),
        "name": tenant,
        "owner_1": people[0],
        "owner_2": people[1],
    }
    ask_for(
        Action.TENANT_ADD,
        subject,
        prove=owners,
        name=name,
        purpose=purpose,
        as_json=as_json,
    )


@app.command("ls", epilog="Example: listkeep tenant ls --as cleo --json")
def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the tenants you may know."""
    show_registry("tenant", ("name", "id"), name=name, as_json=as_json)


@app.command("revoke", epilog="Example: listkeep tenant revoke acme --as cleo")
def remove(
    tenant: Name,
    *,
    purpose: Purpose = "the tenant leaves",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Revoke a tenant with all its people and services; another custodian approves."""
    revoke("tenant", tenant, name=name, purpose=purpose, as_json=as_json)


@app.command(epilog="Example: listkeep tenant close acme --as ada --purpose 'we leave'")
def close(
    tenant: Name,
    *,
    purpose: Purpose,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Close your tenant: all its lists are destroyed, its people and services are out.

    Another owner approves it; then seven days pass in which every owner can deny it.
    """
    row = find_row("tenant", tenant, name=name, tenant="")
    tell_copies(name=name)
    ask_for(
        Action.TENANT_CLOSE,
        {"id": row["id"]},
        name=name,
        purpose=purpose,
        as_json=as_json,
    )
