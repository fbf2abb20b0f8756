"""Signing on a command line can be switched off; the keeper's page stays."""

import hashlib

import msgspec
import pytest
from django.conf import settings

from listkeep.core.grants import SignIn, Statement
from listkeep.keeper.gate.sign_in import sessions
from listkeep.wire import messages as m
from tests.keeper.edge import post, set_clock
from tests.keeper.forgery import client_data, forge
from tests.keeper.instance import DIRECT, KEEPER, refusal
from tests.keeper.world import World


@pytest.fixture
def _off(monkeypatch: pytest.MonkeyPatch) -> None:
    config = msgspec.structs.replace(settings.CONFIG, cli_signing=False)
    monkeypatch.setattr(settings, "CONFIG", config)


def page_origin(world: World) -> str:
    [origin] = [o for o in world.registry.party.origins if o.startswith("http")]
    return origin


def statement(world: World, name: str, view: m.RequestView) -> Statement:
    person = world.meet(name)
    return Statement(
        keeper=KEEPER,
        person=person.person,
        credential=person.credential,
        decision="approve",
        request=hashlib.sha256(view.terms).hexdigest(),
    )


def test_an_approval_on_the_command_line_is_refused_and_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = world.ask_export("ben", world.list_with_rows(1), 1)
    world.session("ben")
    config = msgspec.structs.replace(settings.CONFIG, cli_signing=False)
    monkeypatch.setattr(settings, "CONFIG", config)

    assert refusal(world.sign, "ada", view, "approve") == "not-permitted"

    entry = world.newest("statement.refused")
    assert (entry["request"], entry["code"]) == (view.id, "not-permitted")
    assert world.show("ben", view).state == "waiting"
    world.restart()  # what was signed on one before still counts
    assert world.show("ben", view).signed_by == ("ben (request)",)


def test_an_approval_on_the_keepers_page_counts_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = world.ask_export("ben", world.list_with_rows(1), 1)
    config = msgspec.structs.replace(settings.CONFIG, cli_signing=False)
    monkeypatch.setattr(settings, "CONFIG", config)
    signed = statement(world, "ada", view)
    client = client_data(signed, origin=page_origin(world))

    answer = world.submit(view, forge(world.meet("ada"), signed, client=client))

    assert answer.state == "granted"


@pytest.mark.usefixtures("_off")
def test_a_sign_in_on_the_command_line_is_refused_and_recorded(world: World) -> None:
    assert refusal(world.login, "ben") == "not-permitted"
    assert world.newest("sign-in.refused")["code"] == "not-permitted"


@pytest.mark.usefixtures("_off")
def test_a_sign_in_on_the_keepers_page_counts_all_the_same(world: World) -> None:
    ben = world.meet("ben")
    nonce = sessions.begin_sign_in(world.gate, now=world.now).nonce
    signed = SignIn(keeper=KEEPER, service=DIRECT, nonce=nonce, binding="")
    client = client_data(signed, origin=page_origin(world))
    message = m.FinishSignIn(
        credential=ben.credential, assertion=forge(ben, signed, client=client)
    )

    assert sessions.finish_sign_in(world.gate, message, now=world.now).name == "ben"


def test_people_are_told_their_own_passkeys_and_services_nobodys(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, world.clock)
    direct = m.WhoAmI(session=world.session("ben"))
    through = m.WhoAmI(session=world.session("ben", "dock"))

    mine = post("who-am-i", direct).read(m.Principal)
    theirs = post("who-am-i", through, service="dock").read(m.Principal)

    assert mine.credentials == (world.meet("ben").credential,)
    assert theirs.credentials == ()
