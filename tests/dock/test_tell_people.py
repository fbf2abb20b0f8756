"""Telling contacts: once each, again when it failed, and never twice at a time."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections

from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    RefusedError,
    UnavailableError,
    VerificationError,
)
from listkeep.dock.watch import services
from listkeep.dock.watch.models import Delivery
from listkeep.dock.watch.outcomes import Outcome, SendError
from tests.dock.ways import DESK, Clock, Ways, deliver, follow
from tests.fakes.keeper import FakeKeeper


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ways() -> Ways:
    return Ways()


def only() -> Delivery:
    return Delivery.objects.get()


def test_each_contact_is_told_each_thing_once(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    for number in range(11):
        keeper.add_contact(f"c{number}", f"c{number}@acme.example")
    keeper.tell()
    keeper.tell()
    follow(keeper, clock)

    assert deliver(keeper, ways, clock) == 22
    assert deliver(keeper, ways, clock) == 0

    assert len(set(ways.told)) == len(ways.told) == 22
    assert {row.state for row in Delivery.objects.all()} == {"sent"}


def test_a_failure_is_tried_again_ever_later_and_then_given_up(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    keeper.add_contact("desk", DESK)
    keeper.tell()
    follow(keeper, clock)
    ways.faults[DESK] = SendError(Outcome.REFUSED)

    waits = []
    for _ in range(5):
        deliver(keeper, ways, clock)
        row = only()
        assert (row.state, row.outcome) == ("waiting", "refused")
        waits.append((row.next_at - clock.now).total_seconds() / 60)
        clock.now = row.next_at - timedelta(seconds=1)
        assert deliver(keeper, ways, clock) == 0
        assert only().attempts == row.attempts
        clock.now = row.next_at
    deliver(keeper, ways, clock)

    assert waits == [1, 5, 30, 120, 720]
    assert (only().state, only().attempts, only().outcome) == ("failed", 6, "refused")
    assert [message.notice for message in keeper.opened] == [0] * 6  # asked anew


def test_one_that_recovers_is_told_under_the_same_id(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    keeper.add_contact("desk", DESK)
    keeper.tell()
    follow(keeper, clock)
    ways.faults[DESK] = SendError(Outcome.TIMED_OUT)
    deliver(keeper, ways, clock)
    name = only().id
    ways.faults.clear()
    clock.wait(minutes=1)

    assert deliver(keeper, ways, clock) == 1
    assert ways.told == [(name, DESK)]


def test_alarms_go_first(keeper: FakeKeeper, ways: Ways, clock: Clock) -> None:
    keeper.add_contact("desk", DESK)
    for severity in ("info", "warning", "alarm", "info"):
        keeper.tell(severity=severity)
    follow(keeper, clock)
    deliver(keeper, ways, clock)

    assert [message.notice for message in keeper.opened][:2] == [2, 1]


def test_a_bad_contact_blocks_nobody(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    keeper.add_contact("bad", "bad@acme.example")
    keeper.add_contact("good", DESK)
    for _ in range(30):
        keeper.tell()
    follow(keeper, clock)
    ways.faults["bad@acme.example"] = SendError(Outcome.TIMED_OUT)

    assert deliver(keeper, ways, clock) == 30
    assert {destination for _, destination in ways.told} == {DESK}
    tried = Delivery.objects.filter(contact="d_bad", attempts=1).count()
    assert tried == 1  # one that does not answer costs each run one wait


@pytest.mark.parametrize(
    "step", ["_claim", "_take", "open", "told", "_record", "keep_on"]
)
def test_a_process_that_dies_anywhere_loses_nothing(
    keeper: FakeKeeper,
    ways: Ways,
    clock: Clock,
    step: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keeper.add_contact("desk", DESK)
    keeper.tell()
    follow(keeper, clock)

    def die(*_args: object, **_facts: object) -> Any:
        raise Killed

    with monkeypatch.context() as patched:
        if step == "open":
            keeper.break_at("open_contact", die)
        elif step == "told":
            ways.faults[DESK] = Killed()
        elif step != "keep_on":
            patched.setattr(services, step, die)
        with pytest.raises(Killed):
            services.deliver(
                keeper=keeper,
                channels=ways,
                clock=clock,
                keep_on=die if step == "keep_on" else lambda: True,
            )
    keeper._faults.clear()
    ways.faults.clear()
    clock.wait(minutes=10)
    deliver(keeper, ways, clock)
    deliver(keeper, ways, clock)

    assert only().state == "sent"
    # Only where nobody can know whether it arrived is it repeated, under one id.
    assert len(ways.told) == (2 if step in ("told", "_record") else 1)
    assert len(set(ways.told)) == 1


def test_what_another_worker_is_sending_is_left_to_it(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    keeper.add_contact("desk", DESK)
    keeper.tell()
    follow(keeper, clock)
    assert len(services._claim((), clock())) == 1

    clock.wait(minutes=9)
    assert deliver(keeper, ways, clock) == 0
    clock.wait(minutes=1)
    assert deliver(keeper, ways, clock) == 1


def test_two_workers_at_once_tell_once(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    """Even two that both believe to have the lease."""
    for number in range(6):
        keeper.add_contact(f"c{number}", f"c{number}@acme.example")
    for _ in range(5):
        keeper.tell()
    follow(keeper, clock)
    start, errors = Barrier(2), []

    def work() -> None:
        try:
            start.wait()
            deliver(keeper, ways, clock)
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(ways.told) == len(set(ways.told)) == 30
    assert {row.state for row in Delivery.objects.all()} == {"sent"}


def test_a_keeper_that_is_away_costs_no_try(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    keeper.add_contact("desk", DESK)
    keeper.tell()
    follow(keeper, clock)
    keeper.break_at("open_contact", UnavailableError("gone"))
    for _ in range(20):
        deliver(keeper, ways, clock)
        clock.wait(minutes=1)
    assert (only().attempts, only().outcome) == (0, "keeper-away")
    keeper._faults.clear()

    assert deliver(keeper, ways, clock) == 1


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (RefusedError("no", code=Code.NOT_SIGNED_IN), ("keeper-away", "waiting")),
        (ConflictError("busy"), ("keeper-away", "waiting")),
        (ListkeepError("oh"), ("broken", "waiting")),
        (VerificationError("no"), ("not-told", "failed")),
        (RefusedError("no", code=Code.NOT_FOUND), ("not-told", "failed")),
    ],
)
def test_only_the_keepers_word_about_this_contact_is_final(
    keeper: FakeKeeper,
    ways: Ways,
    clock: Clock,
    error: ListkeepError,
    end: tuple[str, str],
) -> None:
    keeper.add_contact("desk", DESK)
    keeper.tell()
    follow(keeper, clock)
    keeper.break_at("open_contact", error)

    deliver(keeper, ways, clock)

    assert (only().outcome, only().state) == end


def test_a_contact_told_often_enough_today_is_told_tomorrow(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    keeper.add_contact("desk", DESK)
    keeper.tell()
    follow(keeper, clock)
    keeper.opens_left = 0
    deliver(keeper, ways, clock)
    assert (only().state, only().attempts) == ("waiting", 0)
    clock.wait(days=1)
    keeper.opens_left = 1

    assert deliver(keeper, ways, clock) == 1


def test_without_a_mail_host_mail_waits_and_webhooks_do_not(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    keeper.add_contact("desk", DESK)
    keeper.add_contact("hook", "https://hooks.acme.example/x", kind="webhook")
    keeper.tell()
    follow(keeper, clock)
    ways.kinds = ("webhook",)

    assert deliver(keeper, ways, clock) == 1
    row = Delivery.objects.get(contact="d_desk")
    assert (row.state, row.outcome) == ("waiting", "not-configured")
    assert [message.contact for message in keeper.opened] == ["d_hook"]  # nobody asked
    clock.wait(days=3)
    deliver(keeper, ways, clock)
    assert Delivery.objects.get(contact="d_desk").state == "failed"


def test_our_own_fault_is_a_failure_and_not_the_end(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    keeper.add_contact("desk", DESK)
    keeper.tell()
    follow(keeper, clock)
    ways.faults[DESK] = RuntimeError(DESK)

    assert deliver(keeper, ways, clock) == 0
    assert (only().state, only().outcome) == ("waiting", "broken")


def test_ends_are_forgotten_after_a_while(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    keeper.add_contact("desk", DESK)
    keeper.tell()
    follow(keeper, clock)
    deliver(keeper, ways, clock)
    keeper.tell()
    follow(keeper, clock)
    clock.wait(days=91)

    assert services.forget_old(now=clock(), kept=timedelta(days=90)) == 1
    assert only().state == "waiting"
