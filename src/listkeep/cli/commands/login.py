"""``listkeep login``, ``logout`` and ``whoami``."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, is_interactive, note, show
from listkeep.cli.sessions import (
    As,
    StoredSession,
    choose_person,
    forget_session,
    load_session,
    require_name,
    store_session,
)
from listkeep.cli.signing import load_passkey
from listkeep.core.errors import Code, RefusedError
from listkeep.wire import messages as m

_DIRECT = "keeper"  # the audience of people who speak to the keeper themselves


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.command(epilog="Example: listkeep login --as ada")(login)
    program.command(epilog="Example: listkeep logout --as ada")(logout)
    program.command(epilog="Example: listkeep whoami --json")(whoami)


def login(
    *,
    name: As = "",
    browser: Annotated[
        bool | None,
        typer.Option(
            "--browser/--no-browser",
            help="Open the keeper's page, or only print the link to it; otherwise "
            "only who has no software passkey here is sent there.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Sign in with your passkey: once for the keeper, once for the dock.

    With a software passkey this happens here, with any other on the keeper's page in
    a browser of this computer. A session ends after 8 hours, or 15 minutes without
    use. It lets you look and prepare; what needs a signature will ask for one.
    """
    instance = Instance.open()
    if _wants_browser(instance, name, browser):
        _login_by_browser(instance, name, opens=browser is not False)
        return
    chosen = choose_person(instance, name)
    passkey = load_passkey(instance, chosen)
    with instance.keeper() as keeper:
        sessions = []
        for service in (_DIRECT, instance.config.dock_service):
            nonce = keeper.begin_sign_in().nonce
            assertion = passkey.sign_in(
                keeper=instance.config.keeper, service=service, nonce=nonce
            )
            message = m.FinishSignIn(credential=passkey.credential, assertion=assertion)
            sessions.append(keeper.finish_sign_in(message))
    _store(instance, chosen, sessions)


def _wants_browser(instance: Instance, name: str, browser: bool | None) -> bool:  # noqa: FBT001 - an option
    """Choose the browser for who asks for it, or has a person but no passkey here."""
    if browser is not None:
        return True
    if not is_interactive():  # nobody is there to use one
        return False
    try:
        chosen = choose_person(instance, name)
    except RefusedError:  # nobody is named, and nobody was here before
        return True
    return not (instance.people / f"{chosen}.json").exists()


def _login_by_browser(instance: Instance, name: str, *, opens: bool) -> None:
    """Take whoever signs on the keeper's page, if that is who was meant."""
    # An HTTP server costs more time than most commands take.
    from listkeep.cli.browser import open_link, print_link, sign_in  # noqa: PLC0415

    if name:
        require_name(name)
    sessions = sign_in(
        instance,
        [instance.config.dock_service],
        show_link=open_link if opens else print_link,
    )
    people = {(each.person, each.name) for each in sessions}
    meant = {(sessions[0].person, name or sessions[0].name)}
    if people != meant:
        _end(instance, [each.session for each in sessions])
        raise RefusedError(
            f"the passkey is not {name}'s" if name else "two people signed in",
            hint="sign in with one person's passkey, or leave --as out",
        )
    _store(instance, sessions[0].name, sessions)


def _store(instance: Instance, name: str, sessions: Sequence[m.Session]) -> None:
    direct, through_dock = sessions
    store_session(
        instance,
        StoredSession(
            name=name,
            person=direct.person,
            keeper=direct.session,
            dock=through_dock.session,
            expires_at=direct.expires_at,
        ),
    )
    note(f"{direct.name} is signed in until {direct.expires_at} at the latest")


def logout(*, name: As = "") -> None:
    """Sign out: both sessions end at once and are forgotten here."""
    instance = Instance.open()
    session = load_session(instance, name)
    _end(instance, [session.keeper, session.dock])
    forget_session(instance, session.name)
    note(f"{session.name} is signed out")


def whoami(*, name: As = "", as_json: AsJson = False) -> None:
    """Show who you are and what you may do."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.keeper() as keeper:
        principal = keeper.who_am_i(m.WhoAmI(session=session.keeper))
    found: dict[str, Any] = {
        "name": principal.name,
        "id": principal.id,
        "tenant": principal.tenant or "(operator)",
        "rights": list(principal.rights),
        "expires_at": session.expires_at,
    }
    show(found, as_json=as_json)


def _end(instance: Instance, sessions: Sequence[str]) -> None:
    with instance.keeper() as keeper:
        for each in sessions:
            try:
                keeper.end_session(m.EndSession(session=each))
            except RefusedError as error:  # it ended by itself
                if error.code is not Code.NOT_SIGNED_IN:
                    raise
