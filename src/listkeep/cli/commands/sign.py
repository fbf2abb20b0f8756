"""``listkeep sign``, ``approve`` and ``deny``: a person's word on exact terms."""

from typing import Annotated

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, write_json
from listkeep.cli.request_ids import RequestId
from listkeep.cli.sessions import As, load_session
from listkeep.cli.signing import (
    KeyKind,
    choose_passkey,
    confirm,
    describe_view,
    read_terms,
    say_what_is_next,
    show_terms,
)
from listkeep.cli.signing import sign as sign_view
from listkeep.core.grants import Decision

from .request import find_request

Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask: the terms were read before.")
]


Key = Annotated[
    KeyKind | None,
    typer.Option(
        "--key",
        help="Which passkey signs; otherwise the software one, if there is one here.",
        show_default=False,
    ),
]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.command(epilog="Example: listkeep sign r_abcdefghijkl --as ben")(sign)
    program.command(
        epilog="Example: listkeep approve r_abcdefghijkl --rows 1000 --as ada"
    )(approve)
    program.command(epilog="Example: listkeep deny r_abcdefghijkl --as ada")(deny)


def sign(
    request: RequestId,
    *,
    yes: Yes = False,
    key: Key = None,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Sign a request of your own, after reading its terms."""
    _decide(request, Decision.REQUEST, yes=yes, key=key, name=name, as_json=as_json)


def approve(  # noqa: PLR0913 - each is an option
    request: RequestId,
    *,
    yes: Yes = False,
    rows: Annotated[
        int | None,
        typer.Option(
            help="The number of rows of an export, as you read it in the terms; "
            "it is asked for otherwise.",
            show_default=False,
        ),
    ] = None,
    key: Key = None,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Approve somebody else's request, after reading its terms."""
    _decide(
        request,
        Decision.APPROVE,
        yes=yes,
        rows=rows,
        key=key,
        name=name,
        as_json=as_json,
    )


def deny(
    request: RequestId,
    *,
    yes: Yes = False,
    key: Key = None,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Deny a request; it ends there."""
    _decide(request, Decision.DENY, yes=yes, key=key, name=name, as_json=as_json)


def _decide(  # noqa: PLR0913 - each is an option
    request: str,
    decision: Decision,
    *,
    yes: bool,
    rows: int | None = None,
    key: KeyKind | None,
    name: str,
    as_json: bool,
) -> None:
    instance = Instance.open()
    session = load_session(instance, name)
    view = find_request(instance, request, name=name)
    terms = read_terms(instance, view)
    show_terms(view, terms)
    confirm(terms, decision, yes=yes, rows=rows)
    passkey = choose_passkey(instance, session, key)
    with instance.keeper() as keeper:
        view = sign_view(instance, keeper, view, passkey=passkey, decision=decision)
    say_what_is_next(view)
    if as_json:
        write_json(describe_view(view, terms))
