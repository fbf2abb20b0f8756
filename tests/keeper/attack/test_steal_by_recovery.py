"""Somebody wants to become somebody else by a lost passkey that was not lost."""

import pytest

from listkeep.core.registry.words import six_words
from tests.keeper.enrolling import invite
from tests.keeper.instance import refusal
from tests.keeper.test_recovery import choose, lose, three
from tests.keeper.world import World

__all__ = ["three"]  # the fixture
PAIRS = [("cleo", "cyrus"), ("sam", "cleo"), ("ben", "ivan"), ("eve", "amir")]


@pytest.mark.parametrize("tenant", ["", "acme"])
@pytest.mark.parametrize("name", ["ada", "ben"])
def test_two_custodians_cannot_replace_the_keys_of_a_tenants_people(
    world: World, name: str, tenant: str
) -> None:
    loss = lose(world, name)
    for custodian in ("cleo", "cyrus"):
        code = refusal(
            world.draft, custodian, "passkey.replace", loss.subject, tenant=tenant
        )
        assert code == "not-permitted"


def test_they_cannot_approve_what_an_owner_began_either(world: World) -> None:
    view = lose(world, "ada").ask("amir")

    for custodian in ("cleo", "cyrus"):
        for decision in ("request", "approve", "deny"):
            code = refusal(world.sign, custodian, view, decision)
            assert code == "not-permitted"


@pytest.mark.parametrize("name", ["ada", "ben", "cleo", "sam"])
def test_the_help_desk_neither_asks_nor_approves(world: World, name: str) -> None:
    loss = lose(world, name)
    for tenant in ("", "acme"):
        code = refusal(
            world.draft, "sam", "passkey.replace", loss.subject, tenant=tenant
        )
        assert code == "not-permitted"
    if name in ("ben", "sam"):
        view = loss.ask("ada" if name == "ben" else "cleo")
        assert refusal(world.sign, "sam", view, "approve") == "not-permitted"


def test_the_help_desk_invites_nobody_to_new_passkeys(world: World) -> None:
    for name, role in (("ada", "owner"), ("ben", "marketer"), ("cleo", "custodian")):
        for tenant in ("", "acme"):
            code = refusal(invite, world, "sam", name, role, tenant=tenant)
            assert code == "not-permitted"


def test_custodians_invite_no_owner_to_new_passkeys(world: World) -> None:
    for tenant in ("", "acme"):
        code = refusal(invite, world, "cleo", "ada", "owner", tenant=tenant)
        assert code == "not-permitted"


def test_one_owner_does_not_replace_the_other_and_wait(world: World) -> None:
    view = lose(world, "amir").ask("ada")

    assert refusal(world.sign, "ada", view, "approve") == "self-approval"
    world.wait(days=6, hours=23)
    assert world.show("ada", view).state == "waiting"


def test_one_helper_with_two_passkeys_is_one_helper(three: World) -> None:
    fresh = three.further(three.meet("ada"))
    own = three.ask("ada", "passkey.add", {"id": fresh.person, "keys": fresh.keys})
    three.sign("amir", own, "approve")
    view = lose(three, "olga").ask("ada")

    assert refusal(three.sign, "ada-2", view, "approve") == "self-approval"
    three.wait(days=6)
    assert three.show("ada", view).state == "waiting"


def test_the_lost_person_does_not_help_themselves(three: World) -> None:
    loss = lose(three, "olga")
    code = refusal(three.draft, "olga", "passkey.replace", loss.subject)
    assert code == "not-permitted"

    view = loss.ask("ada")
    assert refusal(three.sign, "olga", view, "approve") == "not-permitted"


def test_the_old_key_cancels(three: World) -> None:
    view = lose(three, "olga").recover(("ada", "amir"))
    three.wait(hours=23, minutes=59)

    assert three.sign("olga", view, "deny").state == "denied"

    three.wait(hours=1)
    assert three.show("ada", view).state == "denied"
    assert three.login("olga")
    assert refusal(three.login, "olga-2") == "credential-unknown"


@pytest.mark.parametrize("name", ["olga", "ada", "amir"])
def test_every_co_owner_cancels(three: World, name: str) -> None:
    view = lose(three, "ben").recover(("ada", "amir"))
    three.wait(hours=23)

    assert three.sign(name, view, "deny").state == "denied"


def test_a_co_custodian_cancels(world: World) -> None:
    world.add_person("cora", "custodian", by=("cleo", "cyrus"))
    view = lose(world, "sam").recover(("cleo", "cyrus"))

    assert world.sign("cora", view, "deny").state == "denied"


def test_who_was_recovered_lately_helps_nobody(three: World) -> None:
    """Else one stolen recovery would lead to the next."""
    three.add_person("otto", "owner", by=("ada", "amir"))
    lose(three, "olga").complete(("ada", "amir"))
    three.wait(hours=73)
    loss = lose(three, "otto")

    code = refusal(three.draft, "olga-2", "passkey.replace", loss.subject)
    assert code == "not-permitted"
    view = loss.ask("ada")
    assert refusal(three.sign, "olga-2", view, "approve") == "not-permitted"
    three.wait(days=27)
    late = loss.ask("ada")
    assert three.sign("olga-2", late, "approve").state == "waiting"
    three.wait(hours=24)
    assert three.show("ada", late).state == "done"


def test_an_approval_given_before_the_own_recovery_is_none_after_it(
    three: World,
) -> None:
    three.add_person("otto", "owner", by=("ada", "amir"))
    first, second = lose(three, "otto"), lose(three, "olga")
    view = first.ask("ada")
    three.sign("olga", view, "approve")
    replaced = second.recover(("ada", "amir"))
    three.wait(hours=24)
    three.show("ben", replaced)

    registry = three.registry
    asked = registry.requests[view.id]
    if not asked.done:  # whichever became due first
        assert not registry.decide(asked, now=three.now).granted


def test_other_words_than_those_of_the_key_are_refused(three: World) -> None:
    """The key is exchanged between the telephone call and the request."""
    loss = lose(three, "olga")
    mallory = three.meet("mallory")
    swapped = {**loss.subject, "keys": mallory.keys}

    assert refusal(three.draft, "ada", "passkey.replace", swapped) == "proof-invalid"


def test_a_key_that_is_somebody_elses_is_refused(three: World) -> None:
    loss = lose(three, "olga")
    for other in ("ben", "olga", "cleo"):
        keys = three.meet(other).keys
        subject = {**loss.subject, "keys": keys, "words": six_words(keys)}
        proofs = (three.meet(other).prove(keeper="k_demo"),)
        code = refusal(three.draft, "ada", "passkey.replace", subject, proofs=proofs)
        assert code == "already-exists"


def test_a_key_that_cannot_sign_is_refused(three: World) -> None:
    loss = lose(three, "olga")
    proof = three.meet("mallory").prove(keeper="k_demo")

    for proofs in ((), (proof,), (proof, proof)):
        code = refusal(
            three.draft, "ada", "passkey.replace", loss.subject, proofs=proofs
        )
        assert code in ("request-invalid", "signature-invalid")


def test_helpers_chosen_by_a_thief_come_too_late(three: World) -> None:
    """A recovered thief wants accomplices to guard what was stolen."""
    lose(three, "olga").complete(("ada", "amir"))

    recovery = f"{three.meet('ben').person} {three.meet('ivan').person}"
    subject = {"id": three.meet("olga").person, "recovery": recovery}
    code = refusal(three.draft, "olga-2", "recovery.choose", subject)
    assert code == "not-permitted"


def test_team_mates_are_no_two_helpers(world: World) -> None:
    for name in ("tia", "tom"):
        mate = world.subject(name, "marketer", team="blue")
        world.sign("amir", world.ask("ada", "person.add", mate), "approve")
    choose(world, "ada", "tia", "tom")
    view = lose(world, "ada").recover(("tia", "tom"))

    world.wait(days=2)
    assert world.show("amir", view).state == "waiting"


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_no_other_pair_takes_an_owners_place(
    world: World, pair: tuple[str, str]
) -> None:
    loss = lose(world, "ada")
    told = []
    for first, second in (pair, pair[::-1]):
        try:
            view = loss.ask(first)
        except Exception as error:  # noqa: BLE001 - whatever it is told
            told.append(type(error).__name__)
            continue
        told.append(refusal(world.sign, second, view, "approve"))

    assert "it was not refused" not in told
    world.wait(days=3)
    assert world.login("ada")
    assert refusal(world.login, "ada-2") == "credential-unknown"
