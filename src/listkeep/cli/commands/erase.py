"""``listkeep erase``: take one person out of every list, for good.

The address is read from standard input or asked for, never taken as an argument.
"""

from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, WrongUsage, hint, note, plural, show
from listkeep.cli.request_ids import require_request_id
from listkeep.cli.sessions import As, StoredSession, load_session
from listkeep.cli.signing import (
    choose_passkey,
    read_terms,
    say_what_is_next,
    show_terms,
    sign,
)
from listkeep.cli.unseen import read_unseen
from listkeep.core.canonical import encode
from listkeep.core.grants import Action, Decision
from listkeep.wire import messages as m
from listkeep.wire.answers import DockErased

if TYPE_CHECKING:
    from listkeep.wire.dock import DockClient


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(
        epilog="Example: listkeep erase --purpose 'asked on 5 January' < address.txt"
    )(erase)


def erase(  # noqa: PLR0913 - each is an option
    *,
    token: Annotated[
        str,
        typer.Option(
            metavar="TOKEN",
            help="Whom; otherwise an address is read, which counts as a look-up.",
            show_default=False,
        ),
    ] = "",
    keep: Annotated[
        bool,
        typer.Option(
            "--keep-suppression/--forget",
            help="Whether a mark stays, so that no import brings the person in again.",
        ),
    ] = True,
    purpose: Annotated[
        str, typer.Option(help="Why; it is signed and recorded.", show_default=False)
    ] = "",
    sign_at_once: Annotated[
        bool, typer.Option("--sign", help="Sign the terms at once, as shown.")
    ] = False,
    request: Annotated[
        str, typer.Option(metavar="ID", help="Carry out a request that is granted.")
    ] = "",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Erase one person from every list of the tenant, with everything before.

    An owner signs for it; without --request it is asked for, and carried out at once
    if that was enough. It cannot be taken back.
    """
    if bool(purpose) == bool(request):
        raise WrongUsage("say why with --purpose, or name a granted --request")
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        token = token or _find_token(dock)
        if not request:
            terms = _terms(token, keep=keep, purpose=purpose)
            view = _ask(instance, session, terms, sign_at_once=sign_at_once)
            if view.state != "granted":
                say_what_is_next(view)
                show({"request": view.id, "token": token}, as_json=as_json)
                return
            request = view.id
        _show_end(dock.erase(require_request_id(request), token), as_json=as_json)


def _show_end(done: DockErased, *, as_json: bool) -> None:
    facts = {"lists": done.lists, "past": done.past, "kept": done.kept}
    show(facts, as_json=as_json)
    note(f"erased from {plural(done.lists, 'list')}; it is recorded")
    hint("copies of the database hold it until the lists' keys are renewed")


def _find_token(dock: "DockClient") -> str:
    """Find the token of an address: the same in every list of a tenant."""
    lists = dock.show_lists()
    if not lists:
        raise WrongUsage("there is no list anybody could be erased from")
    return dock.look_up(lists[0].id, read_unseen("address")).token


def _terms(token: str, *, keep: bool, purpose: str) -> m.DraftRequest:
    return m.DraftRequest(
        session="",
        action=Action.ENTRY_ERASE.value,
        purpose=purpose,
        selection=token,
        subject=encode({"keep": "yes" if keep else "no"}).decode(),
        valid_seconds=7 * 86_400,
    )


def _ask(
    instance: Instance,
    session: StoredSession,
    terms: m.DraftRequest,
    *,
    sign_at_once: bool,
) -> m.RequestView:
    with instance.keeper() as keeper:
        view = keeper.draft_request(replace(terms, session=session.keeper))
        show_terms(view, read_terms(instance, view))
        if not sign_at_once:
            return view
        passkey = choose_passkey(instance, session)
        return sign(instance, keeper, view, passkey=passkey, decision=Decision.REQUEST)
