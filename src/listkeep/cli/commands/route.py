"""``listkeep route``: ways out for mail, which two custodians enrol."""

from typing import Annotated

import typer

from listkeep.cli.output import AsJson, WrongUsage, hint
from listkeep.cli.sessions import As, require_name
from listkeep.core.grants import Action
from listkeep.core.registry.mail_names import format_words
from listkeep.core.registry.sending import RouteKind
from listkeep.wire.identifiers import new_id

from .registry import Name, Purpose, TenantName, ask_for, find_row, show_registry

app = typer.Typer(
    no_args_is_help=True,
    help="Ways out for mail: two custodians decide, and an owner sees each before its "
    "first use.",
)
_SUBMISSION, _SMTP = 587, 25
SmartHost = Annotated[
    str,
    typer.Option(metavar="HOST", help="Hand mail to this server.", show_default=False),
]
Mx = Annotated[
    bool, typer.Option("--mx", help="Hand it to each addressee's own server.")
]
Port = Annotated[
    int,
    typer.Option(
        min=0, max=65_535, help="The server's port.", show_default="587, or 25"
    ),
]
Tls = Annotated[
    str,
    typer.Option(
        help="Of a smart host: web, a certificate for its name; or pinned:SHA-256 of "
        "its public key."
    ),
]
MailDomain = Annotated[
    str, typer.Option(help="Domain of the addresses mail comes back to.")
]
TokenDomain = Annotated[
    str, typer.Option(help="Domain of the addresses applications have.")
]
Sources = Annotated[
    list[str], typer.Option(metavar="IP", help="Goes out from here; repeatable.")
]
ForTenant = Annotated[
    str,
    typer.Option(
        metavar="TENANT", help="Whose mail may take it; everybody's if left out."
    ),
]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="route")


@app.command(
    epilog="Examples: listkeep route add relay --smart-host relay.example.com "
    "--mail-domain bounce.example.com --token-domain tok.example.com --as cleo · "
    "listkeep route add direct --mx --mail-domain bounce.example.com "
    "--token-domain tok.example.com --source 192.0.2.1 --as cleo"
)
def add(  # noqa: PLR0913 - each is an option
    route: Name,
    *,
    smart_host: SmartHost = "",
    mx: Mx = False,
    port: Port = 0,
    tls: Tls = "web",
    mail_domain: MailDomain,
    token_domain: TokenDomain,
    source: Sources = [],  # noqa: B006 - never changed
    tenant: ForTenant = "",
    purpose: Purpose = "a new way out for mail",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Enrol a way out; another custodian approves.

    What a route is never changes: for another host, enrol another one. Before a
    tenant's mail takes it, an owner of that tenant approves a send by it.
    """
    require_name(route)
    if mx == bool(smart_host):
        raise WrongUsage(
            "a route hands mail to a smart host or to each addressee's own server",
            hint="give --smart-host HOST or --mx",
        )
    home = find_row("tenant", tenant, name=name, tenant="")["id"] if tenant else ""
    subject = {
        "id": new_id("x"),
        "name": route,
        "kind": (RouteKind.MX if mx else RouteKind.SMART_HOST).value,
        "host": smart_host,
        "port": str(port or (_SMTP if mx else _SUBMISSION)),
        "tls": "mx" if mx else tls,
        "tenant": home,
        "sources": format_words(source),
        "mail_domain": mail_domain,
        "token_domain": token_domain,
    }
    ask_for(Action.ROUTE_ADD, subject, name=name, purpose=purpose, as_json=as_json)
    hint(f"mail to {mail_domain} has to reach the delivery proxy: set its MX record")


@app.command("ls", epilog="Example: listkeep route ls --as ben --json")
def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the ways out your mail may take; custodians see all."""
    columns = ("name", "kind", "host", "port", "tls", "mail_domain", "tenant", "id")
    show_registry("route", columns, name=name, as_json=as_json)


@app.command("revoke", epilog="Example: listkeep route revoke relay --as cleo")
def remove(
    route: Name,
    *,
    tenant: TenantName = "",
    purpose: Purpose = "the way out is not used any more",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """End a way out; another custodian approves. Sends by it end at once, for good."""
    row = find_row("route", route, name=name, tenant=tenant)
    ask_for(
        Action.ROUTE_REVOKE,
        {"id": row["id"]},
        name=name,
        purpose=purpose,
        as_json=as_json,
    )
