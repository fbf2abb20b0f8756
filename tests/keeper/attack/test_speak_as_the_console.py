"""The console is taken over: it says whose page it shows, and is not believed."""

from collections.abc import Callable

import msgspec
import pytest

from listkeep.core.canonical import encode
from listkeep.core.grants import Action, Right, Terms
from listkeep.core.registry.sending import parse_send
from listkeep.keeper.gate.decisions.drafts import PREPARABLE
from listkeep.wire import messages as m
from listkeep.wire.messages import restores as r
from tests.keeper.agreements import give_consent
from tests.keeper.edge import post, set_clock
from tests.keeper.instance import DIRECT, SERVICES, service_key
from tests.keeper.sending import send_subject, with_sending
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
    set_clock(monkeypatch, world.clock)


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


# --- by way of the dock, with its own key beside the session ---

TOUCHING: dict[str, Callable[[m.Caller, str], msgspec.Struct]] = {
    "lists/create": lambda caller, _: m.CreateList(caller=caller, name="mine"),
    "lists/extend": lambda caller, name: m.ExtendList(
        caller=caller, list=name, fields=("x",)
    ),
    "imports/start": lambda caller, name: m.StartImport(caller=caller, list=name),
    "restores/start": lambda caller, name: r.StartRestore(
        caller=caller, list=name, moment="2026-01-01T00:00:00Z", rows=1
    ),
    "suppress": lambda caller, name: m.Suppress(
        caller=caller, list=name, tokens=bytes(16), reason="unsubscribed"
    ),
    "look-up": lambda caller, name: m.LookUp(
        caller=caller, list=name, address="planted@example.com"
    ),
}


def through_the_dock(world: World, name: str) -> m.Caller:
    return m.Caller(
        session=world.session(name, "console"), service_key=service_key("console")
    )


@pytest.mark.parametrize("path", TOUCHING)
def test_its_sessions_touch_nothing_at_the_dock(world: World, path: str) -> None:
    rows = world.list_with_rows(1)
    before = world.events()

    answer = post(
        path,
        TOUCHING[path](through_the_dock(world, "ada"), rows.list_id),
        service="dock",
    )

    assert answer.code == "not-permitted"
    assert set(world.events()[len(before) :]) <= {"release.refused"}


def test_its_sessions_run_no_export_that_was_granted(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    session = world.session("ben", "console")

    answer = post(
        "exports/run", m.RunExport(session=session, request=view.id, format="csv")
    )

    assert answer.code != ""
    assert "export.intended" not in world.events()


@pytest.mark.parametrize("right", sorted(Right))
def test_its_sessions_look_and_no_more(world: World, right: str) -> None:
    rows = world.list_with_rows(1)

    answer = post(
        "authorize",
        m.Authorize(
            caller=through_the_dock(world, "ada"), right=right, list=rows.list_id
        ),
        service="dock",
    )

    assert answer.code == ("" if right == Right.VIEW else "not-permitted")


@pytest.mark.parametrize("right", [Right.LOOK_UP, Right.TOUCH])
def test_support_that_is_let_in_looks_nobody_up_through_it(
    world: World, right: str
) -> None:
    rows = world.list_with_rows(1)
    give_consent(world)
    here = m.Caller(session=world.session("sam", "dock"))

    asked = m.Authorize(caller=here, right=Right.LOOK_UP, list=rows.list_id)
    assert post("authorize", asked, service="dock").code == ""
    asked = m.Authorize(
        caller=through_the_dock(world, "sam"), right=right, list=rows.list_id
    )
    assert post("authorize", asked, service="dock").code == "not-permitted"


def test_a_session_of_it_without_its_key_is_nobodys_at_the_dock(world: World) -> None:
    stolen = world.session("ada", "console")
    keys = ("", service_key("app"), service_key("dock"), f"{service_key('console')}x")

    for key in keys:
        caller = m.Caller(session=stolen, service_key=key)
        answer = post("lists/show", m.ShowLists(caller=caller), service="dock")
        assert answer.code == "not-signed-in", key


def test_its_key_beside_a_session_of_the_dock_is_nobody(world: World) -> None:
    caller = m.Caller(
        session=world.session("ada", "dock"), service_key=service_key("console")
    )

    answer = post("lists/show", m.ShowLists(caller=caller), service="dock")

    assert answer.code == "not-signed-in"


def test_other_people_read_only_their_own_through_it(world: World) -> None:
    rows = world.list_with_rows(1)
    asked = m.ShowLists(caller=through_the_dock(world, "eve"), list=rows.list_id)

    assert post("lists/show", asked, service="dock").code == "not-found"


# --- what it prepares ---


@pytest.mark.parametrize("action", sorted(set(Action) - PREPARABLE))
def test_it_prepares_nobodys_key_and_nothing_with_an_address(
    world: World, action: str
) -> None:
    message = m.DraftRequest(
        session=world.session("ada", "console"),
        action=action,
        purpose="as asked by phone",
        subject="{}",
    )

    answer = post("requests/draft", message, service="console")

    assert answer.code == "not-permitted"


def test_what_it_prepares_waits_for_the_signature_of_who_asked(world: World) -> None:
    message = m.DraftRequest(
        session=world.session("ada", "console"),
        action="freeze",
        purpose="something is wrong",
        subject='{"classes":"export+reveal"}',
    )
    before = len(world.entries())

    view = post("requests/draft", message, service="console").read(m.RequestView)

    assert (view.state, len(world.entries())) == ("draft", before)
    assert not world.registry.freezes


def test_a_send_it_prepares_is_a_draft_that_shows_its_sender_and_links(
    world: World,
) -> None:
    """It chose everything; who is asked to sign reads what it chose."""
    rows = with_sending(world)
    subject = send_subject(links="evil.example")
    message = m.DraftRequest(
        session=world.session("ada", "console"),
        action="send",
        purpose="as always",
        list=rows.list_id,
        cap=1,
        recipient="relay",
        subject=encode(subject).decode(),
    )
    before = len(world.entries())

    view = post("requests/draft", message, service="console").read(m.RequestView)

    assert (view.state, len(world.entries())) == ("draft", before)
    assert not world.registry.sends
    assert "new link domain: evil.example" in view.facts["new"]
    said = parse_send(Terms.parse(view.terms))
    assert (said.sender, said.links) == (subject["from"], ("evil.example",))


def test_the_dock_prepares_nothing(world: World) -> None:
    message = m.DraftRequest(
        session=world.session("ada", "dock"), action="freeze", purpose="x"
    )

    assert post("requests/draft", message, service="dock").code == "not-permitted"
    read = m.ReadLedger(session=world.session("ada", "dock"), start=0)
    assert post("ledger/entries", read, service="dock").code == "not-permitted"
