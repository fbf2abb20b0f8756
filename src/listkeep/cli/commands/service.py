"""``listkeep service``: software with a key, which never opens anything."""

import hashlib
from enum import StrEnum
from typing import Annotated

import typer

from listkeep.cli.output import AsJson, note
from listkeep.cli.sessions import As, require_name
from listkeep.core.grants import Action
from listkeep.wire.identifiers import new_service_key

from .registry import Name, Purpose, TenantName, ask_for, revoke, show_registry

app = typer.Typer(
    no_args_is_help=True,
    help="Software with a key: it works with tokens and never sees an address.",
)


class Kind(StrEnum):
    """What a service may do; app and intake are a tenant's."""

    APP = "app"
    INTAKE = "intake"
    DOCK = "dock"
    CONSOLE = "console"
    MTA = "mta"
    SINK = "sink"


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="service")


@app.command(epilog="Example: listkeep service add shop --kind app --as ada > shop.key")
def add(  # noqa: PLR0913 - each is an option
    service: Name,
    *,
    kind: Annotated[Kind, typer.Option(help="What it is, which says what it may do.")],
    parent: Annotated[
        str,
        typer.Option(
            metavar="ID", help="A service or an agency: when it goes, this one goes."
        ),
    ] = "",
    tenant: TenantName = "",
    purpose: Purpose = "a new service",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Add a service and print its key, once and alone; another owner approves.

    The key is made here and only its digest is sent: nobody can show it again.
    """
    require_name(service)
    identity, key = new_service_key()
    subject = {
        "id": identity,
        "name": service,
        "kind": kind.value,
        "verifier": hashlib.sha256(key.encode()).hexdigest(),
        **({"parent": parent} if parent else {}),
    }
    ask_for(
        Action.SERVICE_ADD,
        subject,
        name=name,
        tenant=tenant,
        purpose=purpose,
        as_json=as_json,
        secret=key,
    )
    note("the key is not shown again; it works once the request is done")


@app.command("ls", epilog="Example: listkeep service ls --as ada --json")
def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the services you may know."""
    columns = ("name", "kind", "tenant", "id", "parent")
    show_registry("service", columns, name=name, as_json=as_json)


@app.command("revoke", epilog="Example: listkeep service revoke shop --as ada")
def remove(
    service: Name,
    *,
    tenant: TenantName = "",
    purpose: Purpose = "the service is not needed any more",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Revoke a service's key at once, and those of all that descend from it."""
    revoke(
        "service", service, name=name, tenant=tenant, purpose=purpose, as_json=as_json
    )
