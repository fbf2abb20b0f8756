"""Only the person comes back: by a sign-up of their own, counted one by one."""

from typing import NamedTuple

import pytest

from listkeep.core.errors import VerificationError
from listkeep.keeper.gate.custody.readmissions import readmit
from listkeep.keeper.gate.custody.suppressions import suppressed_tokens
from listkeep.wire import messages as m
from listkeep.wire.messages import suppressions as s
from tests.keeper.instance import refusal
from tests.keeper.world import Rows, World


@pytest.fixture
def rows(world: World) -> Rows:
    return world.list_with_rows(30)


class SignUp(NamedTuple):
    """What the dock has of it."""

    ticket: str
    proof: bytes = b""


def sign_up(world: World, rows: Rows, position: int) -> SignUp:
    """Sign somebody up who is in the list already."""
    ticket = world.start_import("intake", rows.list_id).ticket
    sealed = world.seal(ticket, [rows.addresses[position]])
    assert sealed.tokens == rows.tokens(position)
    return SignUp(ticket, sealed.proof)


def come_back(world: World, made: SignUp, token: bytes) -> m.Suppressed:
    return readmit(
        world.gate,
        s.Readmit(ticket=made.ticket, token=token, proof=made.proof),
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
    made = sign_up(world, rows, 0)

    assert come_back(world, made, rows.tokens(0)).changed == 1

    assert suppressed(world, rows) == {rows.tokens(1)}
    entry = world.newest("entry.readmitted")
    assert (entry["ticket"], entry["total"]) == (made.ticket, "1")
    assert entry["principal"] == "s_intakeintake"
    world.restart()
    assert suppressed(world, rows) == {rows.tokens(1)}
    world.suppress("ada", rows, 0, reason=reason)
    assert suppressed(world, rows) == {rows.tokens(0), rows.tokens(1)}


@pytest.mark.parametrize("reason", ["complained"])
def test_who_complained_does_not(world: World, rows: Rows, reason: str) -> None:
    world.suppress("ada", rows, 0, reason=reason)
    made = sign_up(world, rows, 0)
    entries = len(world.entries())

    assert refusal(come_back, world, made, rows.tokens(0)) == "not-permitted"

    assert suppressed(world, rows) == {rows.tokens(0)}
    assert len(world.entries()) == entries


def test_who_was_never_away_changes_nothing(world: World, rows: Rows) -> None:
    made = sign_up(world, rows, 0)
    entries = len(world.entries())

    assert come_back(world, made, rows.tokens(0)).changed == 0
    assert len(world.entries()) == entries


def test_one_sign_up_brings_one_person_back(world: World, rows: Rows) -> None:
    """A dock that was taken over says of everybody that they signed up anew."""
    world.suppress("ada", rows, 0, 1, 2)
    made = sign_up(world, rows, 0)
    come_back(world, made, rows.tokens(0))

    assert refusal(come_back, world, made, rows.tokens(1)) == "expired"
    world.restart()
    assert refusal(come_back, world, made, rows.tokens(1)) == "expired"
    empty = SignUp(world.start_import("intake", rows.list_id).ticket, made.proof)
    assert refusal(come_back, world, empty, rows.tokens(1)) == "expired"
    assert suppressed(world, rows) == {rows.tokens(1), rows.tokens(2)}


def test_not_more_in_a_day_than_a_service_may_change(world: World, rows: Rows) -> None:
    world.suppress("ada", rows, *range(10))
    world.wait(days=1, minutes=10)
    world.suppress("ada", rows, *range(10, 20))
    for position in range(10):
        come_back(world, sign_up(world, rows, position), rows.tokens(position))

    made = sign_up(world, rows, 10)
    assert refusal(come_back, world, made, rows.tokens(10)) == "budget-spent"


def test_an_import_of_a_person_brings_nobody_back(world: World, rows: Rows) -> None:
    world.suppress("ada", rows, 0)
    ticket = world.start_import("ben", rows.list_id).ticket
    sealed = world.seal(ticket, [rows.addresses[0]])
    made = SignUp(ticket, sealed.proof)

    assert sealed.proof == b""
    assert refusal(come_back, world, made, rows.tokens(0)) == "not-permitted"


def test_a_sign_up_ends_when_it_is_closed_old_or_its_service_is_gone(
    world: World, rows: Rows
) -> None:
    world.suppress("ada", rows, 0)
    token = rows.tokens(0)
    closed, old, gone = (sign_up(world, rows, 0) for _ in range(3))
    world.finish(closed.ticket, committed=False)

    assert refusal(come_back, world, closed, token) == "not-found"
    assert refusal(come_back, world, SignUp("i_nothing"), token) == "not-found"
    world.wait(days=8)
    assert refusal(come_back, world, old, token) == "expired"
    world.ask("ada", "service.revoke", {"id": "s_intakeintake"})
    assert refusal(come_back, world, gone, token) == "not-permitted"
    assert suppressed(world, rows) == {token}


def test_rows_of_another_list_stay_as_they_are(world: World, rows: Rows) -> None:
    other = world.list_with_rows(3, "other")
    world.suppress("ada", other, 0)
    made = sign_up(world, rows, 0)

    assert come_back(world, made, other.tokens(0)).changed == 0
    assert suppressed(world, other) == {other.tokens(0)}


@pytest.mark.parametrize("what", ["another's", "none", "of another sign-up", "bent"])
def test_a_sign_up_of_one_brings_nobody_else_back(
    world: World, rows: Rows, what: str
) -> None:
    """A dock that was taken over signs itself up, and names who left instead."""
    world.suppress("ada", rows, 0, 1)
    mine, other = sign_up(world, rows, 0), sign_up(world, rows, 1)
    made = {
        "another's": SignUp(mine.ticket, mine.proof),
        "none": SignUp(other.ticket, b""),
        "of another sign-up": SignUp(mine.ticket, other.proof),
        "bent": SignUp(other.ticket, other.proof[:-1] + bytes([other.proof[-1] ^ 1])),
    }[what]
    entries = len(world.entries())

    with pytest.raises(VerificationError):
        come_back(world, made, rows.tokens(1))

    assert suppressed(world, rows) == {rows.tokens(0), rows.tokens(1)}
    assert len(world.entries()) == entries
    assert come_back(world, other, rows.tokens(1)).changed == 1


def test_rows_that_come_together_let_nobody_back(world: World, rows: Rows) -> None:
    """A sign-up is one row; a file of an intake service is none."""
    world.suppress("ada", rows, 0)
    ticket = world.start_import("intake", rows.list_id).ticket
    sealed = world.seal(ticket, rows.addresses[:2])

    assert sealed.proof == b""
    with pytest.raises(VerificationError):
        come_back(world, SignUp(ticket, sealed.proof), rows.tokens(0))
