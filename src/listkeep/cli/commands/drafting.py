"""Have the keeper write terms, show them, and sign them at once if that was asked."""

from typing import Annotated

import typer
from msgspec.structs import replace

from listkeep.cli.home import Instance
from listkeep.cli.output import write, write_json
from listkeep.cli.sessions import load_session
from listkeep.cli.signing import (
    choose_passkey,
    describe_view,
    read_terms,
    say_what_is_next,
    show_terms,
    sign,
)
from listkeep.core.grants import Decision, Terms
from listkeep.wire import messages as m

Why = Annotated[str, typer.Option("--purpose", help="Why; it is signed and recorded.")]
SignAtOnce = Annotated[
    bool, typer.Option("--sign", help="Sign the terms at once, as shown.")
]


def draft(message: m.DraftRequest, *, name: str) -> tuple[Instance, m.RequestView]:
    """Have the keeper write the terms, for the person who asks."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.keeper() as keeper:
        return instance, keeper.draft_request(replace(message, session=session.keeper))


def show_or_sign(
    instance: Instance,
    view: m.RequestView,
    *,
    name: str,
    sign_at_once: bool,
    as_json: bool,
) -> None:
    """Show what was written, and what comes next."""
    terms: Terms = read_terms(instance, view)
    show_terms(view, terms)
    if sign_at_once:
        passkey = choose_passkey(instance, load_session(instance, name))
        with instance.keeper() as keeper:
            view = sign(
                instance, keeper, view, passkey=passkey, decision=Decision.REQUEST
            )
    say_what_is_next(view)
    if as_json:
        write_json(describe_view(view, terms))
    else:
        write(view.id)
