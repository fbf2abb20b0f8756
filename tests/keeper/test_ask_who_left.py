"""Who left is asked by mail only if somebody signed up, and by that message alone."""

import pytest

from listkeep.keeper.gate.custody.readmissions import readmit
from listkeep.wire.messages import suppressions as s
from tests.keeper.instance import refusal
from tests.keeper.mailing import (
    codes,
    open_rows,
    send_of,
    standing_send,
    with_sending,
)
from tests.keeper.world import Rows, World

TRIGGERS = "sign-up welcome"


@pytest.fixture
def rows(world: World) -> Rows:
    return with_sending(world, 12)


def sign_up(world: World, rows: Rows, position: int = 0) -> str:
    return sign_up_with_proof(world, rows, position).ticket


def sign_up_with_proof(world: World, rows: Rows, position: int = 0) -> s.Readmit:
    ticket = world.start_import("intake", rows.list_id).ticket
    proof = world.seal(ticket, [rows.addresses[position]]).proof
    return s.Readmit(ticket=ticket, token=rows.tokens(position), proof=proof)


def asked(world: World, request: str, rows: Rows, trigger: str = "sign-up") -> str:
    [code] = codes(open_rows(world, request, rows.batch(0), [trigger]))
    return code


@pytest.mark.parametrize("reason", ["unsubscribed", "bounced"])
def test_who_left_is_asked_while_a_sign_up_is_open(
    world: World, rows: Rows, reason: str
) -> None:
    request = standing_send(world, rows, triggers=TRIGGERS)
    world.suppress("ada", rows, 0, 1, reason=reason)
    assert asked(world, request, rows) == "suppressed"
    made = sign_up_with_proof(world, rows)

    assert asked(world, request, rows) == ""
    assert asked(world, request, rows, "welcome") == "suppressed", "nothing but that"

    readmit(
        world.gate,
        made,
        carrier=world.service("dock"),
        now=world.now,
    )
    world.restart()  # what a running one knows of suppressions lags by seconds
    assert asked(world, request, rows, "welcome") == "", "and they are back"
    opened = open_rows(world, request, rows.batch(1), ["sign-up"])
    assert codes(opened) == ["suppressed"], "that sign-up has been used"


@pytest.mark.parametrize("reason", ["complained"])
def test_who_complained_is_not_asked(world: World, rows: Rows, reason: str) -> None:
    request = standing_send(world, rows, triggers=TRIGGERS)
    world.suppress("ada", rows, 0, reason=reason)
    sign_up(world, rows)

    assert asked(world, request, rows) == "suppressed"


def test_a_sign_up_that_is_over_or_no_sign_up_lets_nobody_be_asked(
    world: World, rows: Rows
) -> None:
    request = standing_send(world, rows, triggers=TRIGGERS)
    world.suppress("ada", rows, 0)
    closed = sign_up(world, rows)
    world.finish(closed, committed=False)
    by_a_person = world.start_import("ben", rows.list_id).ticket
    world.seal(by_a_person, [rows.addresses[0]])
    world.start_import("intake", rows.list_id)  # nothing was sealed
    other = world.list_with_rows(2, "other")
    world.seal(world.start_import("intake", other.list_id).ticket, [rows.addresses[0]])

    assert asked(world, request, rows) == "suppressed"
    sign_up(world, rows)
    assert asked(world, request, rows) == ""
    world.wait(days=8, minutes=1)
    assert asked(world, request, rows) == "suppressed"


def test_a_campaign_asks_nobody(world: World, rows: Rows) -> None:
    request = send_of(world, rows)
    world.suppress("ada", rows, 0)
    sign_up(world, rows)

    assert asked(world, request, rows, "") == "suppressed"
    assert asked(world, request, rows) == "not-permitted"


def test_a_service_that_was_revoked_signs_nobody_up(world: World, rows: Rows) -> None:
    request = standing_send(world, rows, triggers=TRIGGERS)
    world.suppress("ada", rows, 0)
    ticket = sign_up(world, rows)
    world.ask("ada", "service.revoke", {"id": "s_intakeintake"})

    assert asked(world, request, rows) == "suppressed"
    assert (
        refusal(
            readmit,
            world.gate,
            s.Readmit(ticket=ticket, token=rows.tokens(0)),
            carrier=world.service("dock"),
            now=world.now,
        )
        == "not-permitted"
    )
