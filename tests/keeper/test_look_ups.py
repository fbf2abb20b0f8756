import msgspec
import pytest

from listkeep.core.errors import ListkeepError, MalformedError
from listkeep.keeper.release import look_ups
from listkeep.wire import messages as m
from listkeep.wire.base import encode
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


@pytest.mark.parametrize("name", ["eve", "cleo", "sam", "app", "dock"])
def test_strangers_do_not_hear_what_is_an_address(world: World, name: str) -> None:
    rows = world.list_with_rows(1)

    heard = {
        refusal(world.look_up, name, rows.list_id, address)
        for address in (rows.addresses[0], "no address")
    }
    assert len(heard) == 1
    assert "address-invalid" not in heard


def test_a_list_is_looked_up_in_by_its_name_and_told_if_asked(world: World) -> None:
    rows = world.list_with_rows(2)
    name = world.registry.lists[rows.list_id].name

    told = _ask(world, "ben", name, rows.addresses[1], with_list=True)
    untold = _ask(world, "ben", rows.list_id, rows.addresses[1])

    assert told.token == untold.token == rows.sealed[1].token
    assert told.list
    assert told.list.id == rows.list_id
    assert untold.list is None


def test_one_of_an_earlier_version_hears_what_it_always_heard(world: World) -> None:
    rows = world.list_with_rows(1)

    answer = _ask(world, "ben", rows.list_id, rows.addresses[0])

    assert msgspec.msgpack.decode(encode(answer)).keys() == {"token"}


def test_a_list_named_like_the_id_of_another_is_not_looked_up_in(world: World) -> None:
    rows = world.list_with_rows(1)
    world.create_list(rows.list_id)  # as a name

    found = _ask(world, "ada", rows.list_id, rows.addresses[0], with_list=True)

    assert found.list
    assert found.list.id == rows.list_id


def test_support_without_consent_is_recorded_where_it_knocked(world: World) -> None:
    rows = world.list_with_rows(1)

    with pytest.raises(ListkeepError):
        world.look_up("sam", rows.list_id, rows.addresses[0])

    entry = world.newest("release.refused")
    assert (entry["what"], entry["list"]) == ("support", rows.list_id)
    assert entry["person"] == world.meet("sam").person


def _ask(
    world: World, name: str, list_name: str, address: str, *, with_list: bool = False
) -> m.FoundToken:
    message = m.LookUp(
        caller=world.caller(name),
        list=list_name,
        address=address,
        with_list=with_list,
    )
    return look_ups.look_up(
        world.gate, message, carrier=world.service("dock"), now=world.now
    )
