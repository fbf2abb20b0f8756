"""Taking a list back: who may, how much, and under whose signature."""

import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.grants import format_time
from listkeep.keeper.release.opening import Opener
from tests.keeper import restoring
from tests.keeper.instance import refusal
from tests.keeper.world import Rows, World


@pytest.fixture
def rows(world: World) -> Rows:
    return world.list_with_rows(40)


def test_earlier_rows_are_sealed_anew_and_the_ledger_says_so(
    world: World, rows: Rows
) -> None:
    moment = format_time(world.now)
    world.wait(hours=1)
    ticket = restoring.start(world, "ben", rows, moment=moment, rows=3)
    sealed = restoring.reseal(world, ticket, rows.batch(0, 1))
    restoring.finish(world, ticket)

    again = world.rows_of(rows.list_id, rows.addresses[:2], sealed)
    opener = Opener(world.gate.store, world.registry.lists[rows.list_id])
    assert [opener.open(row).address for row in again.sealed] == rows.addresses[:2]
    assert sealed.batch_id != rows.sealed[0].batch_id
    assert world.events(2) == ["restore.started", "list.restored"]
    entry = world.newest("list.restored")
    assert entry["list"] == rows.list_id
    told = ("principal", "moment", "rows", "added", "removed")
    assert [entry[name] for name in told] == [
        world.meet("ben").person,
        moment,
        *("3", "1", "2"),
    ]


def test_a_days_restores_and_suppressions_share_one_budget(
    world: World, rows: Rows
) -> None:
    world.suppress("ben", rows, *range(4))
    restoring.start(world, "ben", rows, rows=5)

    assert refusal(restoring.start, world, "ben", rows, rows=2) == "budget-spent"
    world.restart()
    assert refusal(restoring.start, world, "ben", rows, rows=2) == "budget-spent"
    restoring.start(world, "ben", rows, rows=1)
    assert refusal(world.suppress, "ben", rows, 5) == "budget-spent"
    world.wait(hours=24)
    restoring.start(world, "ben", rows, rows=10)


def test_more_takes_an_owners_signature_for_list_time_and_rows(
    world: World, rows: Rows
) -> None:
    more = world.list_with_rows(1, "more")
    moment = format_time(world.now)
    view = restoring.ask_restore(world, "ada", cap=30, moment=moment)
    world.wait(hours=1)
    under = {"moment": moment, "request": view.id}

    code = refusal(restoring.start, world, "ben", rows, rows=31, **under)
    assert code == "cap-exceeded"
    other = {**under, "moment": format_time(world.now)}
    code = refusal(restoring.start, world, "ben", rows, rows=30, **other)
    assert code == "not-granted"
    assert refusal(restoring.start, world, "ben", more, rows=1, **under) == (
        "not-granted"
    )
    ticket = restoring.start(world, "ben", rows, rows=30, **under)
    assert len(restoring.reseal(world, ticket, rows.batch(*range(30))).sealed) == 30
    restoring.finish(world, ticket)
    assert refusal(restoring.start, world, "ben", rows, rows=1, **under) == "replayed"


def test_a_restore_that_died_is_repeated_under_the_same_signature_and_not_for_ever(
    world: World, rows: Rows
) -> None:
    view = restoring.ask_restore(world, "ada", cap=20)
    for _ in range(3):
        ticket = restoring.start(world, "ben", rows, rows=20, request=view.id)
        restoring.finish(world, ticket, committed=False)
    assert world.events(1) == ["restore.abandoned"]
    code = refusal(restoring.start, world, "ben", rows, rows=20, request=view.id)
    assert code == "cap-exceeded"


def test_a_marketers_large_restore_needs_an_owner(world: World, rows: Rows) -> None:
    view = restoring.ask_restore(world, "ben", cap=20)

    code = refusal(restoring.start, world, "ben", rows, rows=20, request=view.id)
    assert code == "not-granted"
    world.sign("ada", view, "approve")
    restoring.start(world, "ben", rows, rows=20, request=view.id)


@pytest.mark.parametrize("subject", [None, {}, {"moment": "now"}, {"rows": "1"}])
def test_a_restore_is_signed_for_by_its_time(
    world: World, rows: Rows, subject: dict[str, str] | None
) -> None:
    assert rows
    with pytest.raises(MalformedError):
        world.ask("ada", "list.restore", subject, list="news", cap=20)


def test_a_list_is_not_taken_to_a_time_that_has_not_come(
    world: World, rows: Rows
) -> None:
    later = "2026-01-05T12:00:01Z"

    code = refusal(restoring.start, world, "ben", rows, rows=1, moment=later)
    assert code == "message-invalid"


def test_a_restore_ends_after_twelve_hours_and_with_who_began_it(
    world: World, rows: Rows
) -> None:
    first = restoring.start(world, "ben", rows, rows=2)
    world.wait(hours=11, minutes=59)
    restoring.reseal(world, first, rows.batch(0))
    second = restoring.start(world, "ben", rows, rows=2)
    world.wait(minutes=1)
    assert refusal(restoring.reseal, world, first, rows.batch(0)) == "not-found"
    world.ask("ada", "person.revoke", {"id": world.meet("ben").person})
    assert refusal(restoring.reseal, world, second, rows.batch(0)) == "not-permitted"


def test_what_does_not_open_has_an_empty_seal(world: World, rows: Rows) -> None:
    ticket = restoring.start(world, "ben", rows, rows=2)
    batch = rows.batch(0, 1)
    batch.facets[1] = '["vip"]'

    sealed = restoring.reseal(world, ticket, batch)

    assert [bool(seal) for seal in sealed.sealed] == [True, False]
