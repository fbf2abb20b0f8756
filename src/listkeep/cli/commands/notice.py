"""``listkeep notice``: what people outside were told, and how telling them went."""

from typing import Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, show_rows, write
from listkeep.cli.sessions import As, load_session, require_name
from listkeep.wire.answers import DockNotice
from listkeep.wire.messages import notices as n

app = typer.Typer(
    no_args_is_help=True,
    help="What contacts outside are told, and whether it reached them.",
)
_COLUMNS = ("index", "at", "severity", "tenant", "sentence", "told")


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="notice")


@app.command("ls", epilog="Example: listkeep notice ls --as ada --json")
def show_all(
    *,
    since: Annotated[
        int, typer.Option(min=0, help="Only from this ledger entry on.")
    ] = 0,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Show the notices you may read: owners of their tenant, custodians all."""
    instance = Instance.open()
    session = load_session(instance, name)
    found: list[DockNotice] = []
    with instance.dock(session.dock) as dock:
        start = since
        while True:
            page = dock.read_notices(start)
            found += page.notices
            if page.next <= start:
                break
            start = page.next
    rows = [_describe(each) for each in found]
    if not as_json:
        rows = [{**row, "told": _told(row["deliveries"])} for row in rows]
    show_rows(rows, _COLUMNS, as_json=as_json)


@app.command(epilog="Example: listkeep notice secret pager --as ada")
def secret(
    contact: Annotated[str, typer.Argument(metavar="CONTACT", show_default=False)],
    *,
    name: As = "",
) -> None:
    """Print the secret by which a webhook's receiver knows that we are calling."""
    require_name(contact)
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.keeper() as keeper:
        message = n.ShowContactSecret(session=session.keeper, contact=contact)
        write(keeper.show_contact_secret(message).secret)


def _describe(notice: DockNotice) -> dict[str, Any]:
    return {
        "index": notice.index,
        "at": notice.at,
        "severity": notice.severity,
        "event": notice.event,
        "tenant": notice.tenant,
        "sentence": notice.sentence,
        "request": notice.request,
        "state": notice.state,
        "missing": list(notice.missing),
        "deliveries": [
            {
                "id": each.id,
                "contact": each.contact,
                "kind": each.kind,
                "state": each.state,
                "attempts": each.attempts,
                "outcome": each.outcome,
                "next_at": each.next_at,
            }
            for each in notice.deliveries
        ],
    }


def _told(deliveries: list[dict[str, Any]]) -> list[str]:
    """Say of each contact how it went, with the reason where it did not."""
    return [f"{each['contact']} {each['state']}{_why(each)}" for each in deliveries]


def _why(delivery: dict[str, Any]) -> str:
    is_sent = delivery["state"] == "sent"
    return "" if is_sent or not delivery["outcome"] else f" ({delivery['outcome']})"
