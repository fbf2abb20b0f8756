"""Somebody has the code of another's sign-in, or the table it waits in."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.forms.models import model_to_dict

from listkeep.core.errors import ListkeepError
from listkeep.keeper.gate.models import SignInCode
from listkeep.keeper.gate.turns import Gate
from listkeep.wire.flows import begin_flow
from tests.keeper.flows import DOCK, DROP, Program, finish
from tests.keeper.instance import SERVICES, refusal
from tests.keeper.world import World

CONSOLE = SERVICES["console"][0]


def saved(code: str) -> SignInCode:
    return SignInCode.objects.get(id=code[4:18])


def test_a_code_is_not_redeemed_twice(world: World) -> None:
    dock = Program.of_dock(world)
    code = dock.code("ben")
    dock.redeem(code)

    assert refusal(dock.redeem, code) == "replayed"
    entry = world.newest("sign-in.refused")
    assert (entry["person"], entry["code"]) == (world.meet("ben").person, "replayed")
    world.restart()
    assert refusal(dock.redeem, code) == "replayed"


def test_a_code_in_the_hands_of_another_service_is_burned(world: World) -> None:
    dock = Program.of_dock(world)
    code = dock.code("ben")

    for client, carrier in ((DOCK, CONSOLE), (CONSOLE, CONSOLE), (DOCK, "keeper")):
        refused = refusal(dock.redeem, code, client=client, carrier=carrier)
        assert refused in ("not-permitted", "replayed")
    assert refusal(dock.redeem, code) == "replayed"
    entries = [e for e in world.entries() if e["event"] == "sign-in.refused"]
    assert [entry["code"] for entry in entries][:2] == ["not-permitted", "replayed"]


def test_a_code_of_the_command_line_is_not_for_a_service(world: World) -> None:
    cli = Program.of_cli(world)

    assert refusal(cli.redeem, cli.code("ben"), carrier=DOCK) == "not-permitted"


def test_a_code_without_its_verifier_is_burned(world: World) -> None:
    dock = Program.of_dock(world)
    code = dock.code("ben")

    assert refusal(dock.redeem, code, verifier="w" * 43) == "not-permitted"
    assert refusal(dock.redeem, code) == "replayed"
    assert world.newest("sign-in.refused")["service"] == DOCK


def test_the_challenge_is_no_verifier(world: World) -> None:
    dock = Program.of_dock(world)
    code = dock.code("ben")
    challenge = saved(code).challenge

    assert refusal(dock.redeem, code, verifier=challenge) == "not-permitted"


def test_a_burned_code_is_not_brought_back_with_its_row(world: World) -> None:
    dock = Program.of_dock(world)
    code = dock.code("ben")
    row = saved(code)
    refusal(dock.redeem, code, verifier="w" * 43)
    SignInCode.objects.all().delete()
    row.save(force_insert=True)

    assert refusal(dock.redeem, code) == "replayed"
    world.restart()
    assert refusal(dock.redeem, code) == "replayed"


@pytest.mark.parametrize(
    "what",
    ["person", "credential", "client", "service", "challenge", "nonce", "counter"],
)
def test_an_edited_code_signs_nobody_in(world: World, what: str) -> None:
    dock, ada = Program.of_dock(world), world.meet("ada")
    code = dock.code("ben")
    values: dict[str, object] = {
        "person": ada.person,
        "credential": ada.credential,
        "client": CONSOLE,
        "service": CONSOLE,
        "challenge": "c" * 43,
        "nonce": dock.open_page().statement.nonce,
        "counter": 99_999,
    }
    SignInCode.objects.update(**{what: values[what]})

    assert refusal(dock.redeem, code) == "not-found"


def test_a_code_made_younger_by_hand_signs_nobody_in(world: World) -> None:
    dock = Program.of_dock(world)
    code = dock.code("ben")
    SignInCode.objects.update(expires_at=world.now + timedelta(hours=1))

    assert refusal(dock.redeem, code) == "not-found"


def test_a_planted_code_signs_nobody_in(world: World) -> None:
    dock, ada = Program.of_dock(world), world.meet("ada")
    row = saved(dock.code("ben"))
    facts = {**model_to_dict(row), "id": "o_plantedplant", "verifier": bytes(32)}
    facts |= {"person": ada.person, "credential": ada.credential}
    SignInCode.objects.create(**facts)

    assert refusal(dock.redeem, "lkc_o_plantedplant_") == "not-found"


def test_the_table_of_codes_does_not_say_the_code(world: World) -> None:
    dock = Program.of_dock(world)
    code = dock.code("ben")
    row = saved(code)

    for guess in (f"lkc_{row.id}_", f"lkc_{row.id}_{row.nonce}", code[:-1], "", "lkc_"):
        assert refusal(dock.redeem, guess) == "not-found"
    secret = code.split("_", 3)[3]
    assert secret not in str(model_to_dict(row))


def test_a_flow_that_was_begun_elsewhere_is_not_finished_here(world: World) -> None:
    """Mallory begins, Ben signs, Mallory has no code; Ben's browser no verifier."""
    mallory = begin_flow(DOCK, redirect=DROP)
    bens = Program.of_dock(world)
    code = Program(world, mallory, DOCK).code("ben")

    assert refusal(bens.redeem, code) == "not-permitted"


def test_of_two_who_redeem_at_once_one_wins(world: World) -> None:
    dock = Program.of_dock(world)
    code = dock.code("ben")
    ready, answers = Barrier(4), []

    def redeem() -> None:
        """Redeem in a keeper process of its own, as far as it can tell."""
        gate = Gate(world.gate.store)
        message = dock.message(code)
        ready.wait()
        try:
            answers.append(dock.redeem_at(gate, message).name)
        except ListkeepError as error:
            answers.append(error.code.value)
        finally:
            connection.close()

    threads = [Thread(target=redeem) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["ben", "replayed", "replayed", "replayed"]
    assert finish(world, dock.open_page(), "ben")
