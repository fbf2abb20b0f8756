"""A person has up to four passkeys, and is one person with all of them."""

import pytest

from listkeep.core.registry.passkeys import Kind
from tests.keeper.instance import ACME, KEEPER, refusal
from tests.keeper.world import World


@pytest.fixture
def twice(world: World) -> World:
    """Olga owns acme as well, and has two passkeys: the cast's ``olga``, ``olga-2``."""
    olga = world.meet("olga")
    second = world.further(olga)
    subject = {**world.subject("olga", "owner"), "keys": f"{olga.keys} {second.keys}"}
    view = world.ask("ada", "person.add", subject)
    assert world.sign("amir", view, "approve").state == "done"
    return world


def test_each_key_signs_the_person_in(twice: World) -> None:
    for name in ("olga", "olga-2"):
        twice.login(name)
        entry = twice.newest("session.started")
        assert entry["person"] == twice.meet("olga").person
        assert entry["credential"] == twice.meet(name).credential


def test_each_key_proves_itself(world: World) -> None:
    olga = world.meet("olga")
    second = world.further(olga)
    subject = {**world.subject("olga", "owner"), "keys": f"{olga.keys} {second.keys}"}
    first, other = olga.prove(keeper=KEEPER), second.prove(keeper=KEEPER)

    for proofs, code in (
        ((first,), "request-invalid"),
        ((first, first), "signature-invalid"),
        ((other, first), "signature-invalid"),
    ):
        told = refusal(world.draft, "ada", "person.add", subject, proofs=proofs)
        assert told == code
    view = world.draft("ada", "person.add", subject, proofs=(first, other))
    assert view.state == "draft"


def test_the_requester_does_not_approve_with_a_second_key(twice: World) -> None:
    rows = twice.list_with_rows(1)
    view = twice.ask_export("olga", rows, 1)

    assert refusal(twice.sign, "olga-2", view, "approve") == "self-approval"
    assert refusal(twice.run, "olga", view, rows.whole()) == "not-granted"


def test_an_approver_does_not_approve_again_with_a_second_key(twice: World) -> None:
    rows = twice.list_with_rows(1)
    view = twice.ask_export("ben", rows, 1)
    twice.sign("olga", view, "approve")

    assert refusal(twice.sign, "olga-2", view, "approve") == "not-waiting"
    assert twice.facts(view).signed[-1].credential == twice.meet("olga").credential


def test_one_owner_with_two_keys_is_not_two_owners(twice: World) -> None:
    view = twice.ask("olga-2", "person.add", twice.subject("nils", "marketer"))

    assert refusal(twice.sign, "olga", view, "approve") == "self-approval"
    assert view.state == "waiting"


def test_the_counters_of_two_keys_have_nothing_to_do_with_each_other(
    twice: World,
) -> None:
    for _ in range(3):
        twice.login("olga")
    twice.login("olga-2")

    counters = twice.registry.counters
    assert counters[twice.meet("olga").credential] > 3
    assert counters[twice.meet("olga-2").credential] == 2  # after the proof


def test_a_key_somebody_else_has_cannot_be_their_second(twice: World) -> None:
    thief = twice.meet("thief")
    for taken in (twice.meet("olga-2"), twice.meet("ben")):
        subject = {
            **twice.subject("thief", "marketer"),
            "keys": f"{thief.keys} {taken.keys}",
        }
        proofs = (thief.prove(keeper=KEEPER), taken.prove(keeper=KEEPER))
        code = refusal(twice.draft, "ada", "person.add", subject, proofs=proofs)
        assert code == "already-exists"


def test_what_both_keys_signed_is_the_same_after_a_restart(twice: World) -> None:
    view = twice.ask("olga-2", "person.add", twice.subject("nils", "marketer"))
    twice.sign("ada", view, "approve")

    twice.restart()

    assert twice.show("olga", view).state == "done"
    people = [p for p in twice.registry.people.values() if p.tenant == ACME]
    assert {person.name for person in people} >= {"olga", "nils"}


def test_a_synced_passkey_counts_in_the_demo_and_is_shown_as_one(world: World) -> None:
    world.meet("nils").kind = Kind.SYNCED

    assert world.add_person("nils", "owner", by=("ada", "amir")).state == "done"
    assert world.login("nils")
    (key,) = world.registry.people[world.meet("nils").person].credentials
    assert key.kind is Kind.SYNCED


@pytest.mark.parametrize("claimed", list(Kind))
def test_a_key_that_says_another_thing_of_itself_later_does_not_count(
    world: World, claimed: Kind
) -> None:
    """A hardware key's private half cannot have become one that is copied."""
    nils = world.meet("nils")
    nils.kind = claimed
    world.add_person("nils", "marketer", by=("ada", "amir"))
    world.login("nils")

    nils.kind = Kind.HARDWARE if claimed is Kind.SYNCED else Kind.SYNCED

    assert refusal(world.login, "nils") == "signature-invalid"
