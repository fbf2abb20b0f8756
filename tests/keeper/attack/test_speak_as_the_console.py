"""The console is taken over: it says whose page it shows, and is not believed."""

from collections.abc import Callable

import msgspec
import pytest

from listkeep.wire import messages as m
from tests.keeper.edge import post
from tests.keeper.instance import DIRECT, SERVICES
from tests.keeper.world import World

CONSOLE, DOCK = (SERVICES[name][0] for name in ("console", "dock"))

# Whatever the console may send with a session in it.
MESSAGES: dict[str, Callable[[str], msgspec.Struct]] = {
    "who-am-i": lambda session: m.WhoAmI(session=session),
    "requests/show": lambda session: m.ShowRequest(session=session),
    "requests/draft": lambda session: m.DraftRequest(
        session=session, action="person.revoke", purpose="x", subject="{}"
    ),
    "ledger/entries": lambda session: m.ReadLedger(session=session, start=0),
    "registry/show": lambda session: m.ShowRegistry(session=session, kind="people"),
}


@pytest.fixture(autouse=True)
def _clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("gate.endpoint", "project.problems"):
        monkeypatch.setattr(f"listkeep.keeper.{place}.current_time", world.clock)


@pytest.mark.parametrize("path", MESSAGES)
def test_it_claims_a_person_it_has_no_session_for(world: World, path: str) -> None:
    ada = world.meet("ada")
    elsewhere = world.session("ada", "dock")
    before = len(world.entries())
    made_up = (
        *("", ada.person, "ada", ada.credential, f"lks_{ada.person}_x"),
        f"lks_{elsewhere[4:18]}_{'x' * 43}",
    )

    for claimed in made_up:
        answer = post(path, MESSAGES[path](claimed), service="console")
        assert answer.code in ("not-signed-in", "not-permitted"), claimed

    assert len(world.entries()) == before  # nobody known was there


@pytest.mark.parametrize("carrier", ["dock", DIRECT])
def test_it_carries_a_session_that_was_made_for_another(
    world: World, carrier: str
) -> None:
    stolen = world.session("ada", carrier)

    answer = post("who-am-i", m.WhoAmI(session=stolen), service="console")

    assert answer.code == "not-signed-in"
    entry = world.newest("session.refused")
    assert (entry["session"], entry["person"], entry["service"], entry["code"]) == (
        *(stolen[4:18], world.meet("ada").person),
        *(CONSOLE, "not-signed-in"),
    )


def test_its_own_session_is_none_anywhere_else(world: World) -> None:
    stolen = m.WhoAmI(session=world.session("ada", "console"))

    assert post("who-am-i", stolen, service="dock").code == "not-signed-in"
    assert world.newest("session.refused")["service"] == DOCK
    assert post("who-am-i", stolen).code == "not-signed-in"
    assert world.newest("session.refused")["service"] == DIRECT
    assert post("who-am-i", stolen, service="console").code == ""


def test_it_fills_no_ledger_with_sessions_it_holds(world: World) -> None:
    stolen = m.WhoAmI(session=world.session("ada", "dock"))

    for _ in range(15):
        post("who-am-i", stolen, service="console")

    assert world.events().count("session.refused") == 10


def test_it_asks_as_itself_and_signs_for_nobody(world: World) -> None:
    """Not even with a session that is its own: what is signed is signed by a key."""
    rows = world.list_with_rows(1)
    session = world.session("ben", "console")
    view = world.ask_export("ben", rows, 1)
    message = m.SubmitStatement(
        request=view.id,
        assertion=m.Assertion(
            statement=session.encode(),
            authenticator_data=b"",
            client_data=b"",
            signature=b"",
        ),
    )

    answer = post("requests/statement", message, service="console")

    assert answer.code != ""
    assert world.show("ben", view).state == "waiting"
