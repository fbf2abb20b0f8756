"""Only the person comes back: by a sign-up of their own, counted one by one."""

import pytest

from listkeep.keeper.gate.custody.readmissions import readmit
from listkeep.keeper.gate.custody.suppressions import suppressed_tokens
from listkeep.wire import messages as m
from listkeep.wire.messages import suppressions as s
from tests.keeper.instance import refusal
from tests.keeper.world import Rows, World


@pytest.fixture
def rows(world: World) -> Rows:
    return world.list_with_rows(30)


def sign_up(world: World, rows: Rows, position: int) -> str:
    """Sign somebody up who is in the list already; gives the ticket."""
    ticket = world.start_import("intake", rows.list_id).ticket
    sealed = world.seal(ticket, [rows.addresses[position]])
    assert sealed.tokens == rows.tokens(position)
    return ticket


def come_back(world: World, ticket: str, token: bytes) -> m.Suppressed:
    return readmit(
        world.gate,
        s.Readmit(ticket=ticket, token=token),
        carrier=world.service("dock"),
        now=world.now,
    )


def suppressed(world: World, rows: Rows) -> set[bytes]:
    with world.gate.turn(world.now) as turn:
        return set(suppressed_tokens(turn, rows.list_id))


@pytest.mark.parametrize("reason", ["unsubscribed", "bounced"])
def test_who_left_or_bounced_comes_back_and_the_ledger_says_so(
    world: World, rows: Rows, reason: str
) -> None:
    world.suppress("ada", rows, 0, 1, reason=reason)
    ticket = sign_up(world, rows, 0)

    assert come_back(world, ticket, rows.tokens(0)).changed == 1

    assert suppressed(world, rows) == {rows.tokens(1)}
    entry = world.newest("entry.readmitted")
    assert (entry["ticket"], entry["total"]) == (ticket, "1")
    assert entry["principal"] == "s_intakeintake"
    world.restart()
    assert suppressed(world, rows) == {rows.tokens(1)}
    world.suppress("ada", rows, 0, reason=reason)
    assert suppressed(world, rows) == {rows.tokens(0), rows.tokens(1)}


@pytest.mark.parametrize("reason", ["complained"])
def test_who_complained_does_not(world: World, rows: Rows, reason: str) -> None:
    world.suppress("ada", rows, 0, reason=reason)
    ticket = sign_up(world, rows, 0)
    entries = len(world.entries())

    assert refusal(come_back, world, ticket, rows.tokens(0)) == "not-permitted"

    assert suppressed(world, rows) == {rows.tokens(0)}
    assert len(world.entries()) == entries


def test_who_was_never_away_changes_nothing(world: World, rows: Rows) -> None:
    ticket = sign_up(world, rows, 0)
    entries = len(world.entries())

    assert come_back(world, ticket, rows.tokens(0)).changed == 0
    assert len(world.entries()) == entries


def test_one_sign_up_brings_one_person_back(world: World, rows: Rows) -> None:
    """A dock that was taken over says of everybody that they signed up anew."""
    world.suppress("ada", rows, 0, 1, 2)
    ticket = sign_up(world, rows, 0)
    come_back(world, ticket, rows.tokens(0))

    assert refusal(come_back, world, ticket, rows.tokens(1)) == "expired"
    world.restart()
    assert refusal(come_back, world, ticket, rows.tokens(1)) == "expired"
    empty = world.start_import("intake", rows.list_id).ticket
    assert refusal(come_back, world, empty, rows.tokens(1)) == "expired"
    assert suppressed(world, rows) == {rows.tokens(1), rows.tokens(2)}


def test_not_more_in_a_day_than_a_service_may_change(world: World, rows: Rows) -> None:
    world.suppress("ada", rows, *range(10))
    world.wait(days=1, minutes=10)
    world.suppress("ada", rows, *range(10, 20))
    for position in range(10):
        come_back(world, sign_up(world, rows, position), rows.tokens(position))

    ticket = sign_up(world, rows, 10)
    assert refusal(come_back, world, ticket, rows.tokens(10)) == "budget-spent"


def test_an_import_of_a_person_brings_nobody_back(world: World, rows: Rows) -> None:
    world.suppress("ada", rows, 0)
    ticket = world.start_import("ben", rows.list_id).ticket
    world.seal(ticket, [rows.addresses[0]])

    assert refusal(come_back, world, ticket, rows.tokens(0)) == "not-permitted"


def test_a_sign_up_ends_when_it_is_closed_old_or_its_service_is_gone(
    world: World, rows: Rows
) -> None:
    world.suppress("ada", rows, 0)
    token = rows.tokens(0)
    closed, old, gone = (sign_up(world, rows, 0) for _ in range(3))
    world.finish(closed, committed=False)

    assert refusal(come_back, world, closed, token) == "not-found"
    assert refusal(come_back, world, "i_nothing", token) == "not-found"
    world.wait(days=8)
    assert refusal(come_back, world, old, token) == "expired"
    world.ask("ada", "service.revoke", {"id": "s_intakeintake"})
    assert refusal(come_back, world, gone, token) == "not-permitted"
    assert suppressed(world, rows) == {token}


def test_rows_of_another_list_stay_as_they_are(world: World, rows: Rows) -> None:
    other = world.list_with_rows(3, "other")
    world.suppress("ada", other, 0)
    ticket = sign_up(world, rows, 0)

    assert come_back(world, ticket, other.tokens(0)).changed == 0
    assert suppressed(world, other) == {other.tokens(0)}
