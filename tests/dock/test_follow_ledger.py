"""Following the ledger: what is new is noted once, wherever the process dies."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from listkeep.core.errors import Code, UnavailableError, VerificationError
from listkeep.dock.watch import services
from listkeep.dock.watch.models import DAYS, NOTICES, Cursor, Delivery, Notice
from listkeep.wire.messages import notices as n
from tests.fakes.keeper import FakeKeeper

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Killed(BaseException):
    """The process ends here."""


def follow(keeper: FakeKeeper) -> int:
    return services.follow_notices(keeper=keeper, now=NOON)


def plan(keeper: FakeKeeper, now: datetime = NOON) -> int:
    return services.plan_digests(keeper=keeper, now=now)


def told() -> list[tuple[str, str]]:
    return sorted(Delivery.objects.values_list("contact", "about"))


def test_everybody_who_is_to_be_told_is_noted_once(keeper: FakeKeeper) -> None:
    keeper.add_contact("desk", "desk@acme.example")
    keeper.add_contact("hook", "https://hooks.acme.example", kind="webhook")
    keeper.add_contact("elsewhere", "desk@other.example", tenant="other")
    keeper.be_quiet(5)
    index = str(keeper.tell())

    assert follow(keeper) == 1
    assert follow(keeper) == 0

    assert told() == [("d_desk", index), ("d_hook", index)]
    assert list(Notice.objects.values_list("index", "event")) == [(5, "request.made")]


def test_many_pages_are_read_to_the_end(
    keeper: FakeKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_PAGE", 3)
    keeper.add_contact("desk", "desk@acme.example")
    for _ in range(7):
        keeper.tell()
        keeper.be_quiet()

    assert follow(keeper) == 7
    assert len(told()) == 7
    assert Cursor.objects.get(name=NOTICES).position == keeper.ledger_size


@pytest.mark.parametrize("step", ["_plan", "_note", "delivery_id"])
def test_a_process_that_dies_anywhere_repeats_the_reading_only(
    keeper: FakeKeeper, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    keeper.add_contact("desk", "desk@acme.example")
    keeper.tell()
    follow(keeper)
    keeper.tell()

    def die(*_args: object, **_facts: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(services, step, die)
        with pytest.raises(Killed):
            follow(keeper)
    assert len(told()) == 1

    assert follow(keeper) == 1
    assert told() == [("d_desk", "0"), ("d_desk", "1")]


def test_two_that_read_at_once_note_once(
    keeper: FakeKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.add_contact("desk", "desk@acme.example")
    keeper.tell()
    note: Callable[..., None] = services._note

    def other_first(*args: object, **facts: object) -> None:
        note(*args, **facts)
        note(*args, **facts)

    monkeypatch.setattr(services, "_note", other_first)

    assert follow(keeper) == 1
    assert len(told()) == 1


def test_a_ledger_that_was_put_back_is_noticed(keeper: FakeKeeper) -> None:
    keeper.be_quiet(9)
    follow(keeper)
    keeper.ledger_size = 8

    with pytest.raises(VerificationError) as caught:
        follow(keeper)
    assert caught.value.code is Code.LEDGER_INVALID


@pytest.mark.parametrize("grown", [0, 9], ids=["shorter", "longer again"])
def test_after_a_loss_what_has_the_old_places_is_told_as_well(
    keeper: FakeKeeper, grown: int
) -> None:
    keeper.add_contact("desk", "desk@acme.example")
    for _ in range(4):
        keeper.tell()
    follow(keeper)
    keeper.lose(2)
    keeper.be_quiet(grown)
    keeper.tell("releases.frozen")

    assert follow(keeper) == 2
    assert follow(keeper) == 0

    new = ["1:2", f"1:{3 + grown}"]
    assert told() == sorted(("d_desk", each) for each in ("0", "1", *new, "2", "3"))
    assert list(Notice.objects.order_by("index").values_list("event", flat=True)) == [
        *("request.made", "request.made", "ledger.recovered", "releases.frozen")
    ]


def test_what_waits_to_be_told_of_lost_entries_is_not_told_of_new_ones(
    keeper: FakeKeeper,
) -> None:
    keeper.add_contact("desk", "desk@acme.example")
    for _ in range(4):
        keeper.tell()
    follow(keeper)
    keeper.lose(2)
    follow(keeper)

    waiting = Delivery.objects.filter(state=Delivery.State.WAITING)
    assert sorted(waiting.values_list("about", flat=True)) == ["0", "1", "1:2"]
    new = waiting.get(about="1:2")
    assert services._question(new) == n.OpenContact(contact="d_desk", notice=2)
    assert new.id != services.delivery_id("d_desk", "2")


def test_a_second_loss_is_followed_as_well(keeper: FakeKeeper) -> None:
    keeper.add_contact("desk", "desk@acme.example")
    keeper.tell()
    follow(keeper)
    for _ in range(2):
        keeper.lose(1)
        follow(keeper)

    assert ("d_desk", "2:0") in told()


def test_a_day_is_planned_once_when_it_is_over(keeper: FakeKeeper) -> None:
    keeper.add_contact("desk", "desk@acme.example")

    assert plan(keeper) == 1
    assert plan(keeper) == 0
    assert plan(keeper, NOON + timedelta(hours=11)) == 0
    assert plan(keeper, NOON + timedelta(hours=12)) == 1

    assert told() == [("d_desk", "2026-01-04"), ("d_desk", "2026-01-05")]


def test_days_that_were_slept_through_are_caught_up_as_far_as_the_keeper_tells(
    keeper: FakeKeeper,
) -> None:
    keeper.add_contact("desk", "desk@acme.example")
    plan(keeper)

    assert plan(keeper, NOON + timedelta(days=9)) == 3
    assert [about for _, about in told()][1:] == [
        "2026-01-11",
        "2026-01-12",
        "2026-01-13",
    ]


def test_a_day_whose_planning_broke_off_is_planned_again(keeper: FakeKeeper) -> None:
    keeper.add_contact("desk", "desk@acme.example")
    keeper.break_at("read_digest_contacts", UnavailableError("gone"))
    with pytest.raises(UnavailableError):
        plan(keeper)

    keeper._faults.clear()

    assert plan(keeper) == 1
    assert Cursor.objects.get(name=DAYS).position == NOON.date().toordinal() - 1


def test_no_row_has_room_for_a_destination(keeper: FakeKeeper) -> None:
    keeper.add_contact("desk", "desk@acme.example")
    keeper.tell()
    follow(keeper)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM delivery")
        rows = repr(cursor.fetchall())

    assert "d_desk" in rows
    assert "@" not in rows
