"""``listkeep policy``: read the policy, try a text out, set it, and ask why."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import (
    AsJson,
    WrongUsage,
    hint,
    note,
    plural,
    write,
    write_json,
)
from listkeep.cli.request_ids import RequestId, require_request_id
from listkeep.cli.sessions import As, load_session
from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants import Action, Policy, Role
from listkeep.core.grants.lockout import ANY_TENANT, require_changeable
from listkeep.core.grants.matrix import compare
from listkeep.core.grants.reading import MAX_BYTES
from listkeep.wire import messages as m
from listkeep.wire.messages import policies as p

from .registry import Purpose, TenantName, ask_for

app = typer.Typer(
    no_args_is_help=True,
    help="Who may ask for what, and who has to agree: the policy in force.",
)
PolicyFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="Cedar text.", show_default=False)
]
_SET_BY = {"owner": "its owners", "custodian": "the operator's custodians"}


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="policy")


@app.command(epilog="Example: listkeep policy explain r_abcdefghijkl --as ben")
def explain(request: RequestId, *, name: As = "", as_json: AsJson = False) -> None:
    """Say which statements permit or forbid a request, and what is still missing."""
    instance = Instance.open()
    session = load_session(instance, name)
    message = p.ExplainRequest(
        session=session.keeper, request=require_request_id(request)
    )
    with instance.keeper() as keeper:
        told = keeper.explain_request(message)
    if as_json:
        write_json(
            {
                "request": request,
                "permits": list(told.permits),
                "forbids": list(told.forbids),
                "missing": list(told.missing),
                "then": list(told.then),
                "lines": list(told.lines),
            }
        )
        return
    for line in told.lines:
        write(line)


@app.command("show", epilog="Example: listkeep policy show > policy.cedar")
def show_text(
    *,
    tenant: TenantName = "",
    bounds: Annotated[
        bool, typer.Option("--bounds", help="Show what no policy can give away.")
    ] = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Print the operator's policy, or what tightens it for a tenant."""
    found = _in_force(Instance.open(), tenant, name)[0]
    if as_json:
        write_json({"texts": found.texts, "digest": found.digest})
        return
    if bounds or not tenant:
        write(found.texts["bounds" if bounds else "floor"].rstrip("\n"))
        return
    own = {side: text for side, text in found.texts.items() if side in _SET_BY}
    for side, text in own.items():
        write(f"// set by {_SET_BY[side]}\n{text.rstrip()}")
    if not own:
        note("nothing is stricter there than the operator's policy")


@app.command(epilog="Example: listkeep policy check policy.cedar --as cleo")
def check(
    file: PolicyFile,
    *,
    tenant: TenantName = "",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Read a text as the keeper would, and print every decision it would change.

    Owners, and custodians who name a tenant, try out what tightens that tenant.
    """
    found, side = _in_force(Instance.open(), tenant, name)
    text = _read(file)
    home = ANY_TENANT if side else ""
    stricter = [
        (ANY_TENANT, Role(who), old)
        for who, old in found.texts.items()
        if who in _SET_BY
    ]
    old = Policy(found.texts["floor"], tuple(stricter))
    new = old.with_text(text, tenant=home, side=side or Role.CUSTODIAN)
    require_changeable(new, tenant=home, people=())
    lines = compare(old, new)
    if as_json:
        write_json({"valid": True, "changes": lines})
        return
    for line in lines:
        write(line)
    count = sum(line.startswith("    +") for line in lines)
    note(f"the text is valid; {plural(count, 'answer')} would be another")
    hint(f"`listkeep policy set {file.name}` asks for it")


@app.command(
    "set", epilog="Example: listkeep policy set policy.cedar --purpose 'fewer rows'"
)
def set_text(
    file: PolicyFile,
    *,
    tenant: TenantName = "",
    purpose: Purpose = "another policy",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Ask for a policy: custodians for the operator's, owners for a stricter one.

    Custodians who name a tenant tighten that tenant. Its owners and they each have a
    text of their own there, which only forbids.
    """
    text = _read(file)
    ask_for(
        Action.POLICY_SET,
        {"sha256": hashlib.sha256(text.encode()).hexdigest()},
        name=name,
        tenant=tenant,
        purpose=purpose,
        as_json=as_json,
        policy=text,
    )


def _in_force(
    instance: Instance, tenant: str, name: str
) -> tuple[p.PolicyTexts, Role | None]:
    """Read what is in force, and whose text the caller could replace there."""
    session = load_session(instance, name)
    with instance.keeper() as keeper:
        found = keeper.show_policy(p.ShowPolicy(session=session.keeper, tenant=tenant))
        at_tenant = keeper.who_am_i(m.WhoAmI(session=session.keeper)).tenant
    if at_tenant:
        return found, Role.OWNER
    return found, Role.CUSTODIAN if tenant else None


def _read(file: Path) -> str:
    try:
        with file.open("rb") as source:
            data = source.read(MAX_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise WrongUsage("there is no such file") from error
    if len(data) > MAX_BYTES:
        raise MalformedError(
            "a policy text is longer than 32 KiB", code=Code.POLICY_INVALID
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(
            "a policy text is not UTF-8", code=Code.POLICY_INVALID
        ) from error
