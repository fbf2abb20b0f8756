"""``listkeep person``: who may sign, and as what."""

from typing import Annotated

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, hint, note, write, write_json
from listkeep.cli.sessions import As, load_session, require_name
from listkeep.cli.signing import load_passkey
from listkeep.core.grants import Action, Role
from listkeep.wire import messages as m

from .enrolment import meet_new_person
from .registry import (
    Name,
    Purpose,
    TenantName,
    ask_for,
    find_row,
    revoke,
    show_registry,
)

app = typer.Typer(
    no_args_is_help=True,
    help="Who may sign: a tenant's two owners, or two custodians for the operator.",
)


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="person")


@app.command(epilog="Example: listkeep person add ben --role marketer --as ada")
def add(  # noqa: PLR0913 - each is an option
    person: Name,
    *,
    role: Annotated[Role, typer.Option(help="What the person is there.")],
    team: Annotated[
        str, typer.Option(help="People of one team do not approve each other.")
    ] = "",
    tenant: TenantName = "",
    purpose: Purpose = "a new colleague",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Add a person; another owner (or custodian) approves.

    In the demo profile the person gets a software passkey if there is none.
    """
    enrolled = meet_new_person(person)
    ask_for(
        Action.PERSON_ADD,
        enrolled.subject(role=role.value, team=team),
        prove=[enrolled],
        name=name,
        tenant=tenant,
        purpose=purpose,
        as_json=as_json,
    )


@app.command(epilog="Example: listkeep person invite nora --role marketer --as ada")
def invite(  # noqa: PLR0913 - each is an option
    person: Name,
    *,
    role: Annotated[Role, typer.Option(help="What the person is there.")],
    team: Annotated[
        str, typer.Option(help="People of one team do not approve each other.")
    ] = "",
    tenant: Annotated[
        str,
        typer.Option(
            help="A new tenant, whose first owner this is.", show_default=False
        ),
    ] = "",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Print a link over which somebody makes passkeys in a browser.

    Once it is used and the six words were compared, ask for the place on the keeper's
    pages, under Invitations. For somebody who is here already it is for another
    passkey (your own) or for new ones after a loss (a colleague's).
    """
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.keeper() as keeper:
        made = keeper.invite(
            m.Invite(
                session=session.keeper,
                role=role.value,
                name=person,
                tenant=tenant,
                team=team,
            )
        )
    note("the link is told once, valid for seven days and used once:")
    if as_json:
        write_json({"id": made.id, "link": made.link, "expires at": made.expires_at})
    else:
        write(made.link)
    hint(f"pass it on to {person}, then see Invitations on the keeper's pages")


@app.command(
    epilog="Example: listkeep person confirm ada --tenant acme --words '…' --as cleo"
)
def confirm(  # noqa: PLR0913 - each is an option
    person: Name,
    *,
    words: Annotated[
        str,
        typer.Option(
            help="The six words of the passkeys, as the person told them to you over "
            "the channel the contract names."
        ),
    ],
    tenant: TenantName,
    purpose: Purpose = "the words were compared by telephone",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Confirm a first owner's passkeys; another custodian does the same.

    Until then the owner does everything but reveal and export.
    """
    row = find_row("person", person, name=name, tenant=tenant)
    ask_for(
        Action.PERSON_CONFIRM,
        {"id": row["id"], "words": words},
        name=name,
        tenant=row["tenant"],
        purpose=purpose,
        as_json=as_json,
    )


@app.command("words", epilog="Example: listkeep person words ada")
def tell_words(person: Name) -> None:
    """Tell the six words of your software passkey, to be read aloud to a custodian."""
    instance = Instance.open()
    require_name(person)
    write(load_passkey(instance, person).words)


@app.command("ls", epilog="Example: listkeep person ls --as ada --json")
def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the people you may know."""
    columns = ("name", "role", "tenant", "passkey", "id", "state")
    show_registry("person", columns, name=name, as_json=as_json)


@app.command("revoke", epilog="Example: listkeep person revoke ben --as ada")
def remove(
    person: Name,
    *,
    tenant: TenantName = "",
    purpose: Purpose = "the person leaves",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Revoke a person at once: passkey, sessions and signatures stop counting."""
    revoke("person", person, name=name, tenant=tenant, purpose=purpose, as_json=as_json)
