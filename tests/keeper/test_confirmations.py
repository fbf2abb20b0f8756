"""A tenant's first owners release nothing before their words were heard."""

import pytest

from listkeep.core.registry.words import six_words
from listkeep.keeper.gate.showing.rows import registry_rows
from listkeep.wire import messages as m
from tests.keeper.instance import WAREHOUSE, refusal
from tests.keeper.world import Rows, World

THIRD = "t_thirdthirdth"
PLACE = {"tenant": "third"}


@pytest.fixture
def third(world: World) -> Rows:
    """A tenant nobody has called yet: owners tom and tina, marketer theo, a list."""
    world.add_tenant("third", THIRD, "tom", "tina")
    view = world.ask("tom", "person.add", world.subject("theo", "marketer"))
    world.sign("tina", view, "approve")
    recipient = {
        "id": f"{WAREHOUSE[:-1]}2",
        "name": "warehouse",
        "public_key": str(world.warehouse.to_public()),
    }
    view = world.ask("tom", "recipient.add", recipient)
    assert world.sign("tina", view, "approve").state == "done"
    return world.list_with_rows(2, by="tom")


def states(world: World, name: str) -> set[str]:
    person = world.registry.people[world.meet(name).person]
    return {row["state"] for row in registry_rows(world.registry, person, "person")}


def confirm(world: World, name: str, words: str = "") -> m.RequestView:
    person = world.meet(name)
    subject = {"id": person.person, "words": words or six_words(person.keys)}
    return world.ask("cleo", "person.confirm", subject, **PLACE)


def test_unconfirmed_owners_do_everything_but_release(
    world: World, third: Rows
) -> None:
    assert world.look_up("tom", third.list_id, third.addresses[0])
    assert world.ask("tom", "freeze", {"classes": "export+reveal"}).state == "done"
    for name in ("tom", "tina"):
        assert refusal(world.ask_reveal, name, third, 0) == "not-permitted"
        assert refusal(world.ask_export, name, third, 2) == "not-permitted"


def test_confirm_skipped_then_export_is_refused(world: World, third: Rows) -> None:
    """An impostor's passkey was enrolled as tina's; tom's was confirmed."""
    world.confirm("tom", "third")
    view = world.ask_export("tom", third, 2)

    assert refusal(world.sign, "tina", view, "approve") == "not-permitted"
    assert refusal(world.run, "tom", view, third.whole()) == "not-granted"


def test_people_unconfirmed_owners_bring_in_release_nothing_either(
    world: World, third: Rows
) -> None:
    assert refusal(world.ask_reveal, "theo", third, 0) == "not-permitted"

    world.confirm("tom", "third")
    assert refusal(world.ask_reveal, "theo", third, 0) == "not-permitted"
    world.confirm("tina", "third")
    view, _ = world.ask_reveal("theo", third, 0)
    assert view.state == "granted"


def test_whoever_was_brought_in_can_be_confirmed_without_them(
    world: World, third: Rows
) -> None:
    world.confirm("theo", "third")

    view, _ = world.ask_reveal("theo", third, 0)
    assert view.state == "granted"


def test_confirmed_owners_export(world: World, third: Rows) -> None:
    world.confirm("tom", "third")
    world.confirm("tina", "third")

    view = world.ask_export("tom", third, 2)
    assert world.sign("tina", view, "approve").state == "granted"
    assert world.export("tom", view, third.whole()).count("\n") == 3
    assert world.events(3)[0] == "request.approved"


def test_it_takes_two_custodians(world: World, third: Rows) -> None:
    assert third
    view = confirm(world, "tom")

    assert view.state == "waiting"
    assert refusal(world.sign, "cleo", view, "approve") == "self-approval"
    assert states(world, "tom") == {"not confirmed"}
    assert world.sign("cyrus", view, "approve").state == "done"
    assert world.events(1) == ["person.confirmed"]
    assert states(world, "tom") == {"not confirmed", ""}


def test_other_words_are_not_confirmed(world: World, third: Rows) -> None:
    assert third
    words = six_words(world.meet("tina").keys)

    assert refusal(confirm, world, "tom", words) == "proof-invalid"
    assert refusal(confirm, world, "tom", "lusab babad") == "proof-invalid"


@pytest.mark.parametrize("name", ["tom", "tina", "theo", "sam", "ada"])
def test_nobody_else_confirms(world: World, third: Rows, name: str) -> None:
    assert third
    tom = world.meet("tom")
    subject = {"id": tom.person, "words": six_words(tom.keys)}

    code = refusal(world.draft, name, "person.confirm", subject, **PLACE)
    assert code in ("not-permitted", "not-found")


def test_the_keeper_does_not_tell_custodians_the_words(
    world: World, third: Rows
) -> None:
    """They are to hear them from the owner, not to copy them."""
    assert third
    words = six_words(world.meet("tom").keys)
    person = world.registry.people[world.meet("cleo").person]
    told = str(registry_rows(world.registry, person, "person"))
    told += str(world.add_tenant("fourth", "t_fourthfourth", "tess").facts)

    assert words not in told
    assert six_words(world.meet("tess").keys) not in told


def test_the_custodians_own_people_need_no_call(world: World) -> None:
    code = refusal(
        world.draft,
        "cleo",
        "person.confirm",
        {"id": world.meet("sam").person, "words": six_words(world.meet("sam").keys)},
    )
    assert code == "not-permitted"


def test_who_is_confirmed_is_the_same_after_a_restart(
    world: World, third: Rows
) -> None:
    assert third
    world.confirm("tom", "third")
    before = dict(world.registry.people)

    world.restart()

    assert world.registry.people == before
    tina = world.meet("tina").person
    assert world.registry.people[tina].waits_for == {tina}
