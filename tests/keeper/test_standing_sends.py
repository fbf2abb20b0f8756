"""Mail that leaves when something happens: once a trigger, never above its pace."""

import pytest

from listkeep.keeper.release.tallies import hold_tally
from tests.keeper.mailing import (
    codes,
    leased,
    open_rows,
    power_cut,
    send_of,
    spool,
    standing_send,
    with_sending,
)
from tests.keeper.world import World


def test_a_person_counts_once_for_each_trigger(world: World) -> None:
    rows = with_sending(world, 3)
    request = standing_send(world, rows, 3)

    first = open_rows(world, request, rows.batch(0, 0), ["welcome", "basket"])
    again = open_rows(world, request, rows.batch(0, 0), ["welcome", "basket"])
    rest = open_rows(world, request, rows.batch(1, 2), ["welcome", "welcome"])

    assert codes(first) == codes(again) == ["", ""]
    assert codes(rest) == ["", "cap-exceeded"]


def test_a_trigger_that_was_not_signed_for_opens_nothing(world: World) -> None:
    rows = with_sending(world, 1)
    standing, campaign = standing_send(world, rows), send_of(world, rows)

    for request, trigger in ((standing, ""), (standing, "gift"), (campaign, "welcome")):
        opened = open_rows(world, request, rows.batch(0), [trigger])
        assert codes(opened) == ["not-permitted"]


def test_no_hour_has_more_than_the_pace(world: World) -> None:
    rows = with_sending(world, 60)
    request = standing_send(world, rows, 60, pace=24)

    def try_all() -> int:
        opened = open_rows(world, request, rows.whole(), ["welcome"] * 60)
        assert {row.code for row in opened} <= {"", "over-pace"}
        return sum(not row.code for row in opened)

    assert try_all() == 24
    world.wait(minutes=59)
    assert try_all() == 24, "the same once more"
    world.wait(minutes=6)
    assert try_all() == 48
    assert try_all() == 48


def test_a_lost_count_makes_no_hour_longer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = with_sending(world, 60)
    request = standing_send(world, rows, 60, pace=24)
    first = open_rows(world, request, rows.batch(*range(24)), ["welcome"] * 24)
    assert codes(first) == [""] * 24

    power_cut(monkeypatch)
    world.restart()
    world.wait(minutes=59)

    later = open_rows(world, request, rows.batch(*range(24, 60)), ["welcome"] * 36)
    assert codes(later) == ["over-pace"] * 36


def test_an_old_lease_that_was_used_lately_makes_no_hour_longer_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = with_sending(world, 60)
    request = standing_send(world, rows, 60, pace=120)
    open_rows(world, request, rows.batch(0), ["welcome"])
    assert leased(world, request) == 10
    world.wait(hours=3)
    late = open_rows(world, request, rows.batch(*range(1, 10)), ["welcome"] * 9)
    assert codes(late) == [""] * 9, "of the lease from before"

    power_cut(monkeypatch)
    world.restart()

    with hold_tally(
        spool(world) / f"{request}.send",
        world.registry.sends[request],
        seal=world.gate.store.get("state"),
        pace=120,
        now=world.now,
    ) as tally:
        assert tally.left_of_pace(120, now=world.now) == 110
