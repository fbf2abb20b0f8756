"""Somebody uses undo against the people in the list, or against its owner."""

import pytest

from tests.keeper import restoring
from tests.keeper.instance import refusal
from tests.keeper.world import Rows, World


@pytest.fixture
def rows(world: World) -> Rows:
    return world.list_with_rows(40)


def test_a_marketer_revives_nobody_who_unsubscribed(world: World, rows: Rows) -> None:
    """He takes the list to yesterday, when they all were subscribed."""
    world.suppress("app", rows, 1)
    ticket = restoring.start(world, "ben", rows, rows=3)
    sealed = restoring.reseal(world, ticket, rows.batch(0, 1, 2))
    restoring.finish(world, ticket)

    fresh = world.rows_of(rows.list_id, rows.addresses[:3], sealed)
    text = world.export("ben", world.granted_export(rows), fresh.whole())

    assert [address in text for address in fresh.addresses] == [True, False, True]


def test_a_dock_that_says_less_than_it_does_gets_no_row_more_sealed(
    world: World, rows: Rows
) -> None:
    ticket = restoring.start(world, "ben", rows, rows=2)
    restoring.reseal(world, ticket, rows.batch(0))

    for positions in ((1, 2), tuple(range(3, 20))):
        code = refusal(restoring.reseal, world, ticket, rows.batch(*positions))
        assert code == "cap-exceeded"
    assert restoring.reseal(world, ticket, rows.batch(1)).sealed
    assert refusal(restoring.reseal, world, ticket, rows.batch(2)) == "cap-exceeded"


def test_an_applications_key_takes_nothing_back(world: World, rows: Rows) -> None:
    for name in ("app", "intake"):
        code = refusal(restoring.start, world, name, rows, rows=1)
        assert code == "not-permitted"


@pytest.mark.parametrize("name", ["eve", "sam", "cleo"])
def test_strangers_do_not_learn_that_there_is_a_list(
    world: World, rows: Rows, name: str
) -> None:
    assert refusal(restoring.start, world, name, rows, rows=1) == "not-found"
    view = restoring.ask_erasure(world, rows, 0)
    code = refusal(
        restoring.erase, world, view, rows.sealed[0].token, rows.list_id, by=name
    )
    assert code == "not-found"


def test_eve_erases_nobody_from_a_list_that_is_not_hers(
    world: World, rows: Rows
) -> None:
    theirs = world.list_with_rows(1, "eves", by="eve")
    view = restoring.ask_erasure(world, theirs, 0, by="eve")

    code = refusal(
        restoring.erase,
        world,
        view,
        theirs.sealed[0].token,
        *(theirs.list_id, rows.list_id),
        by="eve",
    )
    assert code == "not-found"
    assert "entry.erased" not in world.events()


def test_a_ticket_of_one_kind_is_none_of_the_other(world: World, rows: Rows) -> None:
    """Else a restore would seal rows nobody counted, and an import old ones."""
    restore = restoring.start(world, "ben", rows, rows=5)
    bring = world.start_import("ben", rows.list_id).ticket

    assert refusal(world.seal, restore, ["guess@example.com"]) == "not-found"
    assert refusal(world.finish, restore) == "not-found"
    assert refusal(restoring.reseal, world, bring, rows.batch(0)) == "not-found"
    assert refusal(restoring.finish, world, bring) == "not-found"


def test_rows_of_another_list_do_not_come_back_into_this_one(
    world: World, rows: Rows
) -> None:
    theirs = world.list_with_rows(1, "eves", by="eve")
    ticket = restoring.start(world, "ben", rows, rows=1)

    assert restoring.reseal(world, ticket, theirs.batch(0)).sealed == [b""]


@pytest.mark.parametrize("keep", ["yes", "no"])
def test_nobody_who_was_erased_comes_back_from_an_old_copy(
    world: World, rows: Rows, keep: str
) -> None:
    """The dock offers the row it should have forgotten, out of a backup."""
    view = restoring.ask_erasure(world, rows, 1, keep=keep)
    restoring.erase(world, view, rows.sealed[1].token, rows.list_id, removed=True)
    world.wait(hours=1)
    world.restart()
    ticket = restoring.start(world, "ben", rows, rows=3)

    sealed = restoring.reseal(world, ticket, rows.batch(0, 1, 2))

    assert [bool(seal) for seal in sealed.sealed] == [True, False, True]
    assert sealed.tokens[16:32] == bytes(16)


def test_who_was_erased_without_a_mark_may_come_anew_and_that_row_can_be_restored(
    world: World, rows: Rows
) -> None:
    view = restoring.ask_erasure(world, rows, 1, keep="no")
    restoring.erase(world, view, rows.sealed[1].token, rows.list_id, removed=True)
    world.wait(hours=1)
    bring = world.start_import("ben", rows.list_id).ticket
    address = [rows.addresses[1]]
    anew = world.rows_of(rows.list_id, address, world.seal(bring, address))
    world.finish(bring)
    ticket = restoring.start(world, "ben", rows, rows=2)

    sealed = restoring.reseal(world, ticket, anew.whole())

    assert sealed.sealed[0]
    assert restoring.reseal(world, ticket, rows.batch(1)).sealed == [b""]
    text = world.export("ben", world.granted_export(rows), anew.whole())
    assert address[0] in text


def test_a_used_erasure_erases_who_came_back_since_and_nobody_records_it(
    world: World, rows: Rows
) -> None:
    view = restoring.ask_erasure(world, rows, 1, keep="no")
    token = rows.sealed[1].token
    restoring.erase(world, view, token, rows.list_id, removed=True)
    restoring.erase(world, view, token, rows.list_id, removed=True)
    bring = world.start_import("ben", rows.list_id).ticket
    world.seal(bring, [rows.addresses[1]])
    world.finish(bring, added=1)

    code = refusal(restoring.erase, world, view, token, rows.list_id, removed=True)
    assert code == "replayed"
    world.restart()
    code = refusal(restoring.erase, world, view, token, rows.list_id, removed=True)
    assert code == "replayed"
    assert world.events().count("entry.erased") == 1


def test_a_used_erasure_reaches_a_list_it_did_not_name(
    world: World, rows: Rows
) -> None:
    more = world.create_list("more")
    view = restoring.ask_erasure(world, rows, 1)
    token = rows.sealed[1].token
    restoring.erase(world, view, token, rows.list_id)

    assert refusal(restoring.erase, world, view, token, more.id) == "replayed"


def test_a_keeper_that_restores_or_erases_without_a_signature_is_found_out(
    world: World, rows: Rows
) -> None:
    """Planted by whoever has the keeper's host; the replay decides again."""
    view = restoring.ask_restore(world, "ben", cap=20)
    erase = restoring.ask_erasure(world, rows, 1, by="ben")
    terms = world.facts(erase).terms

    for event, fields in (
        ("restore.started", {"request": view.id, "rows": "20"}),
        ("entry.erased", {"request": erase.id, "item": terms.selection}),
        ("entry.erased", {"request": erase.id, "item": "0" * 24}),
    ):
        assert restoring.planted(world, event, rows.list_id, fields) == (
            "ledger-invalid"
        )
