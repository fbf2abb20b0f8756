from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from django.conf import settings

from listkeep.core.grants import SignIn
from listkeep.keeper.gate.models import SignInCode
from listkeep.keeper.gate.sign_in import codes, sessions
from listkeep.wire import messages as m
from listkeep.wire.flows import challenge_of
from tests.keeper.flows import DOCK, DROP, LOOPBACK, Program, finish
from tests.keeper.instance import DIRECT, SERVICES, refusal
from tests.keeper.world import World

CONSOLE = SERVICES["console"][0]
STATE = "s" * 43
CHALLENGE = challenge_of("v" * 43)


def who(world: World, token: str, service: str) -> str:
    with world.gate.view(world.now) as registry:
        return sessions.resolve_session(
            world.gate, registry, token, service=service, now=world.now
        ).name


def begin(world: World, **changes: str) -> codes.Flow:
    facts = {"client": DOCK, "redirect": DROP, "state": STATE, "challenge": CHALLENGE}
    return codes.begin_flow(world.gate, **{**facts, **changes}, now=world.now)


@pytest.fixture
def app_origin(monkeypatch: pytest.MonkeyPatch) -> str:
    origin = "http://app.localhost:8490"
    config = msgspec.structs.replace(settings.CONFIG, app_origin=origin)
    monkeypatch.setattr(settings, "CONFIG", config)
    return origin


def test_the_dock_gets_a_session_that_only_it_can_carry(world: World) -> None:
    dock = Program.of_dock(world)

    answer = dock.redeem(dock.code("ben"))

    assert (answer.name, who(world, answer.session, DOCK)) == ("ben", "ben")
    assert refusal(who, world, answer.session, DIRECT) == "not-signed-in"
    assert world.newest("session.started")["service"] == DOCK


def test_the_browser_comes_back_with_the_code_and_the_state_it_left_with(
    world: World,
) -> None:
    dock = Program.of_dock(world)

    address = urlsplit(dock.sign("ben"))

    assert f"{address.scheme}://{address.netloc}{address.path}" == DROP
    assert parse_qs(address.query)["state"] == [dock.begun.state]


def test_the_command_line_gets_one_session_for_itself_and_one_for_the_dock(
    world: World,
) -> None:
    direct, through = Program.of_cli(world), Program.of_cli(world, f"cli.{DOCK}")

    mine = direct.redeem(direct.code("ben")).session
    theirs = through.redeem(through.code("ben")).session

    assert (who(world, mine, DIRECT), who(world, theirs, DOCK)) == ("ben", "ben")


def test_the_console_signs_people_in_once_it_has_an_origin(
    world: World, app_origin: str
) -> None:
    flow = begin(world, client=CONSOLE, redirect=f"{app_origin}/signed-in")

    assert flow.service == CONSOLE
    assert codes.describe_flow(world.gate, flow, now=world.now) == codes.FlowFacts(
        service="console",
        kind="console",
        title="sign in to console",
        returns_to=app_origin,
    )


def test_a_person_is_told_in_the_keepers_words_what_it_is_for(world: World) -> None:
    dock = codes.describe_flow(world.gate, begin(world), now=world.now)
    flow = begin(world, client="cli", redirect=LOOPBACK)
    cli = codes.describe_flow(world.gate, flow, now=world.now)

    assert (dock.title, dock.kind) == ("sign in to dock", "dock")
    assert dock.returns_to == "http://drop.localhost:8480"
    assert cli.title == "sign in to keeper from the command line of this computer"
    assert (cli.kind, cli.returns_to) == ("cli", "http://127.0.0.1:50123")


@pytest.mark.parametrize(
    ("client", "redirect"),
    [
        (DOCK, "http://drop.localhost:8480/signed-in/"),
        (DOCK, "http://drop.localhost:8480/signed-in?next=x"),
        (DOCK, "http://drop.localhost:8480.evil.example/signed-in"),
        (DOCK, "https://drop.localhost:8480/signed-in"),
        (DOCK, "http://drop.localhost/signed-in"),
        (DOCK, LOOPBACK),
        (DOCK, ""),
        (CONSOLE, "/signed-in"),  # it has no origin yet
        (CONSOLE, DROP),
        (SERVICES["app"][0], DROP),
        (SERVICES["intake"][0], LOOPBACK),
        ("s_nobodynobody", DROP),
        ("", DROP),
        ("cli", DROP),
        ("cli", "http://localhost:50123/"),
        ("cli", "http://127.0.0.1/"),
        ("cli", "http://127.0.0.1:0/"),
        ("cli", "http://127.0.0.1:65536/"),
        ("cli", "http://127.0.0.1:50123"),
        ("cli", "http://127.0.0.1:50123/x"),
        ("cli", "http://127.0.0.1:50123/\n"),
        ("cli", "http://127.0.0.1:50123@evil.example/"),
        ("cli.", LOOPBACK),
        ("cli.s_nobodynobody", LOOPBACK),
        (f"cli.{CONSOLE}", LOOPBACK),
        (f"cli.{SERVICES['app'][0]}", LOOPBACK),
        (f"cli.{DOCK}", DROP),
        ("clip", LOOPBACK),
    ],
)
def test_nobody_is_sent_to_a_place_that_is_not_the_clients_own(
    world: World, client: str, redirect: str
) -> None:
    code = refusal(begin, world, client=client, redirect=redirect)

    assert code == "not-permitted"


@pytest.mark.parametrize("state", ["", "s" * 21, "s" * 87, "&code=x" + STATE, "ä" * 30])
def test_a_state_that_could_be_guessed_or_read_as_more_is_refused(
    world: World, state: str
) -> None:
    assert refusal(begin, world, state=state) == "not-permitted"


@pytest.mark.parametrize("challenge", ["", "v" * 42, "v" * 44, CHALLENGE[:-1] + "="])
def test_a_flow_without_a_proper_challenge_is_refused(
    world: World, challenge: str
) -> None:
    assert refusal(begin, world, challenge=challenge) == "not-permitted"


@pytest.mark.parametrize("what", ["state", "challenge"])
def test_a_signature_for_one_flow_finishes_no_other(world: World, what: str) -> None:
    flow = begin(world)
    other = begin(world, **{what: "z" * 43})
    ben = world.meet("ben")
    assertion = ben.sign(flow.statement)

    code = refusal(
        codes.finish_flow, world.gate, other, ben.credential, assertion, now=world.now
    )

    assert code == "not-permitted"
    assert world.newest("sign-in.refused")["person"] == ben.person
    assert not SignInCode.objects.exists()


def test_a_signature_for_another_service_finishes_no_flow(world: World) -> None:
    flow = begin(world)
    ben = world.meet("ben")
    statement = SignIn(
        keeper=flow.statement.keeper,
        service=DIRECT,
        nonce=flow.statement.nonce,
        binding=flow.statement.binding,
    )

    code = refusal(
        codes.finish_flow,
        world.gate,
        flow,
        ben.credential,
        ben.sign(statement),
        now=world.now,
    )

    assert code == "not-permitted"


def test_a_page_may_make_the_flow_anew_while_the_person_signs(world: World) -> None:
    flow, again = begin(world), begin(world)
    ben = world.meet("ben")

    address = codes.finish_flow(
        world.gate, again, ben.credential, ben.sign(flow.statement), now=world.now
    )

    assert address.startswith(f"{DROP}?code=lkc_")


def test_a_signature_for_a_flow_is_no_direct_sign_in(world: World) -> None:
    flow = begin(world, client="cli", redirect=LOOPBACK)
    ben = world.meet("ben")
    message = m.FinishSignIn(
        credential=ben.credential, assertion=ben.sign(flow.statement)
    )

    code = refusal(sessions.finish_sign_in, world.gate, message, now=world.now)

    assert code == "not-permitted"


def test_a_stranger_gets_no_code(world: World) -> None:
    world.meet("mallory")
    before = len(world.entries())

    assert refusal(finish, world, begin(world), "mallory") == "credential-unknown"
    assert len(world.entries()) == before


def test_a_code_that_is_never_redeemed_signs_nobody_in(world: World) -> None:
    before = len(world.entries())

    Program.of_dock(world).sign("ben")

    assert len(world.entries()) == before


def test_a_code_lives_a_minute(world: World) -> None:
    early, late = Program.of_dock(world), Program.of_dock(world)
    in_time, too_late = early.code("ben"), late.code("ada")

    world.wait(seconds=59)
    assert early.redeem(in_time).name == "ben"
    world.wait(seconds=1)
    assert refusal(late.redeem, too_late) == "expired"


def test_codes_whose_time_is_over_are_cleared_away(world: World) -> None:
    Program.of_dock(world).sign("ben")
    world.wait(minutes=3)

    Program.of_dock(world).sign("ben")

    assert SignInCode.objects.count() == 1


def test_a_person_who_left_meanwhile_is_not_signed_in(world: World) -> None:
    dock = Program.of_dock(world)
    code = dock.code("ben")
    world.ask("ada", "person.revoke", {"id": world.meet("ben").person})

    assert refusal(dock.redeem, code) == "credential-unknown"


def test_a_dock_that_was_revoked_meanwhile_gets_no_session(world: World) -> None:
    cli = Program.of_cli(world, f"cli.{DOCK}")
    code = cli.code("ben")
    view = world.ask("cleo", "service.revoke", {"id": DOCK})
    world.sign("cyrus", view, "approve")

    assert refusal(cli.redeem, code) == "not-found"


def test_two_signatures_of_one_count_sign_in_once(world: World) -> None:
    """A copied passkey signs beside the real one before either is redeemed."""
    first, second = Program.of_dock(world), Program.of_dock(world)
    code = first.code("ben")
    counts = world.home / "people" / "ben.count"
    counts.write_text(str(int(counts.read_text()) - 1))
    copied = second.code("ben")

    first.redeem(code)

    assert refusal(second.redeem, copied) == "signature-invalid"
