"""``listkeep keys ls`` and ``keys renew``: which keys there are, and since when."""

from typing import Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, WrongUsage, note, show_rows
from listkeep.cli.sessions import As, load_session
from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import Action
from listkeep.wire.messages import keys as k

from .registry import Name, Purpose, TenantName, ask_for, find_row

_COLUMNS = (
    *("kind", "name", "tenant", "key", "since", "older_keys", "older_rows"),
    *("older_until", "overdue", "index_keys", "destroyed_at", "copies_until"),
)
ListName = Annotated[str, typer.Argument(metavar="LIST", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("ls", epilog="Example: listkeep keys ls --as ada --json")(show_all)
    app.command(epilog="Example: listkeep keys renew news --as ada")(renew)
    app.command(epilog="Example: listkeep keys renew-tokens acme --as ada")(
        renew_tokens
    )


def show_all(*, name: As = "", as_json: AsJson = False) -> None:
    """Show the keys of lists and domains: since when, what is left of older ones.

    ``older_until`` is when older keys go at the earliest, ``older_rows`` how many rows
    are still under them, as the dock said last; ``overdue`` are renewals that should
    have ended a week ago. ``copies_until`` is when the last copy of the key store
    expires that has a destroyed key. A list that was shredded has no key.
    ``index_keys`` are the tenant's, for tokens: the last one is for who is new. Of a
    domain ``key`` has the names in the DNS; `listkeep domain show` prints the records.
    """
    answer = _ask(name)
    rows = [_describe(row) for row in answer.rows]
    rows += [_describe_domain(domain) for domain in answer.domains]
    show_rows(rows, _COLUMNS, as_json=as_json)


def renew(
    list_name: ListName,
    *,
    tenant: TenantName = "",
    purpose: Purpose = "ahead of its time",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Have a list's key replaced now: an owner's or a custodian's signature."""
    row = find_keys(list_name, name=name, tenant=tenant)
    ask_for(
        Action.KEYS_RENEW,
        {"id": row.keys.list},
        name=name,
        tenant=row.tenant,
        purpose=purpose,
        as_json=as_json,
    )


def renew_tokens(
    tenant: Name,
    *,
    purpose: Purpose = "the index key may be known",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Have new entries get tokens under a new index key of your tenant.

    Whoever has an entry keeps its token, so applications notice nothing; the older
    index keys stay until the tenant is closed. Another owner approves it, or a day
    passes in which none denies it. While an import is running it has to wait.
    """
    row = find_row("tenant", tenant, name=name, tenant="")
    ask_for(
        Action.INDEX_KEY_RENEW,
        {"id": row["id"]},
        name=name,
        purpose=purpose,
        as_json=as_json,
    )


def find_keys(list_name: str, *, name: str, tenant: str = "") -> k.KeyRow:
    """Find one list's keys, by its id or name, and say until when copies are kept.

    Raises:
        RefusedError: There is no such list.
        WrongUsage: Several tenants have one of this name.
    """
    answer = _ask(name)
    found = [
        row
        for row in answer.rows
        if list_name in (row.keys.list, row.name)
        and not row.is_shredded
        and tenant in ("", row.tenant)
    ]
    if not found:
        raise RefusedError(
            "there is no such list", code=Code.NOT_FOUND, hint="see `listkeep keys ls`"
        )
    if len(found) > 1:
        raise WrongUsage(
            "several tenants have a list of this name", hint="add --tenant"
        )
    _tell(answer)
    return found[0]


def tell_copies(*, name: str) -> None:
    """Say until when copies of the keys could still open what is destroyed now."""
    _tell(_ask(name))


def _tell(answer: k.KeyRows) -> None:
    if answer.copies_until:
        note(f"copies of the keys are kept until {answer.copies_until}")
    else:
        note("no copy of the keys was made with listkeep")


def _ask(name: str) -> k.KeyRows:
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.keeper() as keeper:
        return keeper.show_keys(k.ShowKeys(session=session.keeper))


def _describe(row: k.KeyRow) -> dict[str, Any]:
    newest = row.keys.keys[-1]
    return {
        "kind": "list",
        "name": row.name,
        "id": row.keys.list,
        "tenant": row.tenant,
        "key": None if row.is_shredded else newest.number,
        "since": None if row.is_shredded else newest.since,
        "older_keys": [key.number for key in row.keys.keys[:-1]],
        "index_keys": [key.number for key in row.keys.index_keys],
        "older_rows": row.older_rows,
        "older_until": row.keys.ready_at or None,
        "overdue": row.is_overdue,
        "entries": row.entries,
        "destroyed_at": row.destroyed_at or None,
        "copies_until": row.copies_until or None,
    }


def _describe_domain(domain: k.DomainKeys) -> dict[str, Any]:
    return dict.fromkeys(_COLUMNS) | {
        "kind": "domain",
        "name": domain.name,
        "id": domain.id,
        "tenant": domain.tenant,
        "key": list(domain.selectors),
        "since": domain.since,
    }
