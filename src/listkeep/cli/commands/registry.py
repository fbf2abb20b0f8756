"""What tenants, people, services and recipients have in common: add, ls, revoke.

Each change is a request: drafted, signed by whoever asks, and done when the people
the policy names have signed as well.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import WrongUsage, show_rows, write, write_json
from listkeep.cli.sessions import As, load_session, require_name
from listkeep.cli.signing import (
    choose_passkey,
    describe_view,
    read_terms,
    say_what_is_next,
    show_terms,
    sign,
)
from listkeep.core.canonical import encode
from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import Action, Decision
from listkeep.wire import messages as m

if TYPE_CHECKING:
    from listkeep.drill.people import SoftwarePerson

Purpose = Annotated[
    str, typer.Option("--purpose", help="Why; it is signed and recorded.")
]
TenantName = Annotated[
    str,
    typer.Option(
        "--tenant", metavar="TENANT", help="Which tenant; your own if left out."
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]

__all__ = [
    "As",
    "Name",
    "Purpose",
    "TenantName",
    "ask_for",
    "find_row",
    "find_rows",
    "read_rows",
    "revoke",
    "show_registry",
]


def ask_for(  # noqa: PLR0913 - what a request is made of
    action: Action,
    subject: Mapping[str, str],
    *,
    name: str,
    tenant: str = "",
    purpose: str,
    as_json: bool,
    secret: str = "",
    prove: Sequence["SoftwarePerson"] = (),
    destination: str = "",
    policy: str = "",
) -> None:
    """Draft a change of authority, sign it as the person asking, say what is missing.

    With ``secret``, that is the data: a service's key is printed alone, once. The
    passkeys of ``prove``, in the subject's order, prove that they can sign. A
    ``destination`` is sealed by the keeper and not part of what is shown.
    """
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.keeper() as keeper:
        view = keeper.draft_request(
            m.DraftRequest(
                session=session.keeper,
                action=action.value,
                purpose=purpose,
                tenant=tenant,
                subject=encode(dict(subject)).decode(),
                proofs=tuple(
                    each.prove(keeper=instance.config.keeper) for each in prove
                ),
                destination=destination,
                policy=policy,
            )
        )
        terms = read_terms(instance, view)
        show_terms(view, terms)
        passkey = choose_passkey(instance, session)
        view = sign(instance, keeper, view, passkey=passkey, decision=Decision.REQUEST)
    say_what_is_next(view)
    if as_json:
        key = {"key": secret} if secret else {}
        write_json({**describe_view(view, terms), **key})
    else:
        write(secret or view.id)


def show_registry(
    kind: str, columns: Sequence[str], *, name: str, as_json: bool
) -> None:
    """Show the rows of one kind."""
    instance = Instance.open()
    show_rows(_rows(instance, kind, name), columns, as_json=as_json)


def revoke(  # noqa: PLR0913 - what a request is made of
    kind: str,
    target: str,
    *,
    name: str,
    tenant: str = "",
    purpose: str,
    as_json: bool,
) -> None:
    """Ask for the revocation of a row, found by its name or id."""
    row = find_row(kind, target, name=name, tenant=tenant)
    at_operator = kind == "tenant" or row["tenant"].startswith("(")
    ask_for(
        Action(f"{kind}.revoke"),
        {"id": row["id"]},
        name=name,
        tenant="" if at_operator else row["tenant"],
        purpose=purpose,
        as_json=as_json,
    )


def find_row(kind: str, target: str, *, name: str, tenant: str) -> dict[str, Any]:
    """Find a row of the registry by its name or id.

    Raises:
        RefusedError: There is none.
        WrongUsage: There are several.
    """
    return _find(_rows(Instance.open(), kind, name), kind, target, tenant)


def find_rows(
    kind: str, target: str, *, name: str, tenant: str
) -> list[dict[str, Any]]:
    """Find every row of this name or id.

    Raises:
        RefusedError: There is none.
    """
    return _matching(_rows(Instance.open(), kind, name), kind, target, tenant)


def read_rows(kind: str, *, name: str) -> list[dict[str, str]]:
    """Read every row of a kind that this person may know."""
    return _rows(Instance.open(), kind, name)


def _rows(instance: Instance, kind: str, name: str) -> list[dict[str, str]]:
    session = load_session(instance, name)
    with instance.keeper() as keeper:
        answer = keeper.show_registry(m.ShowRegistry(session=session.keeper, kind=kind))
    return list(answer.rows)


def _find(
    rows: list[dict[str, str]], kind: str, target: str, tenant: str
) -> dict[str, Any]:
    found = _matching(rows, kind, target, tenant)
    if len(found) > 1:
        raise WrongUsage(
            f"several tenants have a {kind} of this name", hint="add --tenant"
        )
    return found[0]


def _matching(
    rows: list[dict[str, str]], kind: str, target: str, tenant: str
) -> list[dict[str, Any]]:
    if kind != "domain":  # a domain's name is longer than others may be
        require_name(target)
    found = [
        row
        for row in rows
        if target in (row["id"], row["name"])
        and (not tenant or kind == "tenant" or row["tenant"] == tenant)
    ]
    if not found:
        raise RefusedError(
            f"there is no such {kind}",
            code=Code.NOT_FOUND,
            hint=f"see `listkeep {kind} ls`",
        )
    return found
