import pytest

from listkeep.core.errors import MalformedError
from tests.keeper.instance import refusal
from tests.keeper.world import World


def test_a_look_up_tells_the_token_the_import_made(world: World) -> None:
    rows = world.list_with_rows(2)

    found = world.look_up("ben", rows.list_id, rows.addresses[1].upper())

    assert found == rows.sealed[1].token


def test_a_look_up_is_recorded_also_when_nobody_has_that_address(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    token = world.look_up("ben", rows.list_id, "nobody@example.com")

    entry = world.newest("address.looked-up")
    assert entry["person"] == world.meet("ben").person
    assert entry["list"] == rows.list_id
    assert token.hex() not in str(entry)


def test_fifty_different_addresses_a_day(world: World) -> None:
    rows = world.list_with_rows(1)
    for number in range(50):
        world.wait(minutes=2.5)
        world.look_up("ben", rows.list_id, f"guess{number}@example.com")
        world.look_up("ben", rows.list_id, f"GUESS{number}@example.com")

    last = (world.look_up, "ben", rows.list_id, "guess50@example.com")
    assert refusal(*last) == "budget-spent"
    assert len(world.look_up("ben", rows.list_id, "guess7@example.com")) == 16
    world.restart()
    assert refusal(*last) == "budget-spent"
    assert len(world.look_up("ivan", rows.list_id, "guess50@example.com")) == 16
    world.wait(hours=24)
    assert len(world.look_up("ben", rows.list_id, "guess50@example.com")) == 16


def test_a_refused_look_up_spends_nothing(world: World) -> None:
    rows = world.list_with_rows(1)
    before = len(world.entries())

    with pytest.raises(MalformedError) as caught:
        world.look_up("ada", rows.list_id, "planted canary@example.com")

    assert "canary" not in f"{caught.value.message} {caught.value.hint}"
    assert world.events()[before:] == []


@pytest.mark.parametrize("name", ["app", "intake", "dock"])
def test_services_look_nothing_up(world: World, name: str) -> None:
    rows = world.list_with_rows(1)

    code = refusal(world.look_up, name, rows.list_id, rows.addresses[0])
    assert code in ("not-permitted", "not-found")


@pytest.mark.parametrize("name", ["eve", "cleo", "sam"])
def test_strangers_look_nothing_up(world: World, name: str) -> None:
    rows = world.list_with_rows(1)

    code = refusal(world.look_up, name, rows.list_id, rows.addresses[0])
    assert code == "not-found"
    assert "address.looked-up" not in world.events()
