"""``listkeep login``, ``logout`` and ``whoami``."""

from typing import Any

import typer

from listkeep.core.errors import Code, RefusedError
from listkeep.wire import messages as m

from .home import Instance
from .output import AsJson, note, show
from .sessions import (
    As,
    StoredSession,
    choose_person,
    forget_session,
    load_session,
    store_session,
)
from .signing import load_passkey

_DIRECT = "keeper"  # the audience of people who speak to the keeper themselves


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.command(epilog="Example: listkeep login --as ada")(login)
    program.command(epilog="Example: listkeep logout --as ada")(logout)
    program.command(epilog="Example: listkeep whoami --json")(whoami)


def login(*, name: As = "") -> None:
    """Sign in with your passkey: once for the keeper, once for the dock.

    A session ends after 8 hours, or 15 minutes without use. It lets you look and
    prepare; what needs a signature will ask for one.
    """
    instance = Instance.open()
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
    direct, through_dock = sessions
    store_session(
        instance,
        StoredSession(
            name=chosen,
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
    with instance.keeper() as keeper:
        for each in (session.keeper, session.dock):
            try:
                keeper.end_session(m.EndSession(session=each))
            except RefusedError as error:  # it ended by itself
                if error.code is not Code.NOT_SIGNED_IN:
                    raise
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
