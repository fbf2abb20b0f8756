"""``listkeep domain``: domains a tenant's mail is from, and what the DNS has to say."""

from typing import Annotated, Any

import typer

from listkeep.cli.output import AsJson, WrongUsage, hint, note, write, write_json
from listkeep.cli.sessions import As
from listkeep.core.grants import Action
from listkeep.core.registry.mail_names import format_words
from listkeep.core.registry.sending import (
    SendingDomain,
    SigningAlgorithm,
)
from listkeep.wire.identifiers import new_id

from .registry import Purpose, TenantName, ask_for, find_row, find_rows, show_registry

app = typer.Typer(
    no_args_is_help=True,
    help="Domains your mail is from: two owners decide, the keeper makes the keys.",
)
_STRING = 255  # characters in one string of a TXT record (RFC 1035, 3.3)
DomainName = Annotated[
    str, typer.Argument(metavar="DOMAIN", help="Or its id.", show_default=False)
]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="domain")


@app.command(epilog="Example: listkeep domain add news.example.com --as ada")
def add(  # noqa: PLR0913 - each is an option
    domain: DomainName,
    *,
    selector: Annotated[
        str, typer.Option(help="Where its keys stand in the DNS.")
    ] = "lk1",
    algorithm: Annotated[
        list[SigningAlgorithm],
        typer.Option(help="Keys to make; both if left out."),
    ] = [],  # noqa: B006 - never changed
    tenant: TenantName = "",
    purpose: Purpose = "mail is to be from this domain",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Let mail be from a domain; another owner approves. Then its keys are made.

    To replace keys, add the domain again with another --selector, publish its records,
    and revoke the older one by its id: meanwhile both sign.
    """
    algorithms = algorithm or list(SigningAlgorithm)
    ask_for(
        Action.DOMAIN_ADD,
        {
            "id": new_id("m"),
            "name": domain,
            "selector": selector,
            "algorithms": format_words(each.value for each in algorithms),
        },
        name=name,
        tenant=tenant,
        purpose=purpose,
        as_json=as_json,
    )
    hint(f"once it is done, `listkeep domain show {domain}` prints the DNS records")


@app.command("ls", epilog="Example: listkeep domain ls --as ben --json")
def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the domains your mail may be from."""
    columns = ("name", "selector", "tenant", "id")
    show_registry("domain", columns, name=name, as_json=as_json)


@app.command("show", epilog="Example: listkeep domain show news.example.com --as ada")
def show_one(
    domain: DomainName,
    *,
    tenant: TenantName = "",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Print the records to put into the DNS, ready for a zone file."""
    found = find_rows("domain", domain, name=name, tenant=tenant)
    records = [record for row in found for record in dns_records(row)]
    if as_json:
        write_json(records)
        return
    for record in records:
        strings = " ".join(f'"{part}"' for part in record["strings"])
        write(f"{record['name']}. IN TXT ( {strings} )")
    note("receivers believe the mail once these records stand in the DNS")


@app.command(
    "revoke", epilog="Example: listkeep domain revoke news.example.com --as ada"
)
def remove(
    domain: DomainName,
    *,
    tenant: TenantName = "",
    purpose: Purpose = "no mail is from this domain any more",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """End a domain with its keys; another owner approves, or two custodians decide.

    Sends from it end at once, for good, unless it has other keys.
    """
    if len(find_rows("domain", domain, name=name, tenant=tenant)) > 1:
        raise WrongUsage(
            "this domain has several keys", hint="give the id; see `listkeep domain ls`"
        )
    row = find_row("domain", domain, name=name, tenant=tenant)
    ask_for(
        Action.DOMAIN_REVOKE,
        {"id": row["id"]},
        name=name,
        tenant=row["tenant"],
        purpose=purpose,
        as_json=as_json,
    )


def dns_records(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Write what the DNS has to say of each key (RFC 6376, 3.6.1; RFC 8463)."""
    algorithms = tuple(each for each in SigningAlgorithm if row.get(each.value))
    domain = SendingDomain(
        id=row["id"],
        tenant=row["tenant"],
        name=row["name"],
        selector=row["selector"],
        algorithms=algorithms,
        public={},
    )
    records = []
    for each in algorithms:
        value = f"v=DKIM1; k={each}; p={row[each.value]}"
        cuts = range(0, len(value), _STRING)
        records.append(
            {
                "name": f"{domain.selector_of(each)}._domainkey.{domain.name}",
                "type": "TXT",
                "value": value,
                "strings": [value[start : start + _STRING] for start in cuts],
            }
        )
    return records
