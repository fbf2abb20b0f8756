"""The sweep runner: one worker at a time, back-off, and what `job ls` tells."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from listkeep.core.errors import Code, ListkeepError, UnavailableError
from listkeep.dock.intake.models import Import
from listkeep.dock.outlet.exports import export_path
from listkeep.dock.outlet.models import ExportRun
from listkeep.dock.project import worker as entry
from listkeep.dock.project.sweeps import SWEEPS
from listkeep.dock.watch.models import SweepState
from listkeep.dock.watch.runner import (
    LEASE,
    Worker,
    ask_for,
    pause,
    show_jobs,
    take_lease,
)
from listkeep.dock.watch.sweeps import Sweep, Work
from tests.dock.conftest import Api
from tests.fakes.keeper import FakeKeeper

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@dataclass
class Shift:
    """Workers, sweeps and a clock of their own."""

    now: datetime = NOON
    ran: list[str] = field(default_factory=list)
    fault: BaseException | None = None
    keeper: FakeKeeper = field(default_factory=FakeKeeper)

    def sweep(self, name: str, seconds: int = 60) -> Sweep:
        def run(work: Work) -> int:
            self.ran.append(name)
            if self.fault:
                raise self.fault
            return 3 if work.keep_on() else 0

        return Sweep(
            name=name,
            what=f"do {name}",
            every=timedelta(seconds=seconds),
            run=run,
            backlog=lambda _now: 7,
        )

    def worker(self, holder: str, *sweeps: Sweep) -> Worker:
        return Worker(
            sweeps or (self.sweep("a"), self.sweep("b", 3600)),
            keeper=lambda: self.keeper,
            clock=lambda: self.now,
            holder=holder,
        )

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def shift() -> Shift:
    return Shift()


def test_what_is_due_is_run_and_then_not_until_it_is_due_again(shift: Shift) -> None:
    worker = shift.worker("one")

    assert worker.tick() == ["a", "b"]
    assert worker.tick() == []
    shift.wait(seconds=60)
    assert worker.tick() == ["a"]


def test_one_works_and_another_takes_over_when_the_lease_lapses(shift: Shift) -> None:
    first, second = shift.worker("one"), shift.worker("two")
    assert first.tick()
    shift.wait(seconds=59)
    assert second.tick() == []
    assert first.tick() == []  # nothing due, and the lease kept
    shift.wait(seconds=59)
    assert second.tick() == []

    shift.wait(seconds=1)
    assert second.tick() == ["a"]
    assert first.tick() == []
    assert not first.keep_on()


def test_a_worker_that_stops_lets_the_other_work_at_once(shift: Shift) -> None:
    first, second = shift.worker("one"), shift.worker("two")
    first.tick()
    shift.wait(seconds=60 - 1)
    first.keep_on()
    first.stop()
    shift.wait(seconds=1)

    assert second.tick() == ["a"]
    assert first.tick() == []


def test_a_worker_that_stops_does_not_take_anothers_lease_away(shift: Shift) -> None:
    first, second = shift.worker("one"), shift.worker("two")
    first.tick()
    second.stop()

    assert not take_lease("two", now=shift.now)


def test_two_that_want_the_lease_at_once_do_not_both_have_it(shift: Shift) -> None:
    assert take_lease("one", now=NOON)
    assert not take_lease("two", now=NOON)
    assert take_lease("one", now=NOON + LEASE / 2)
    assert not take_lease("two", now=NOON + LEASE)
    assert take_lease("two", now=NOON + 2 * LEASE)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (UnavailableError("gone", code=Code.KEEPER_UNAVAILABLE), "keeper-unavailable"),
        (RuntimeError("canary@example.com"), "internal"),
    ],
)
def test_a_sweep_that_fails_waits_ever_longer_and_holds_nobody_up(
    shift: Shift,
    fault: Exception,
    outcome: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    shift.fault = fault
    worker = shift.worker("one", shift.sweep("a", 2), shift.sweep("b", 2))
    waits = []
    for _ in range(3):
        assert worker.tick() == ["a", "b"]
        state = SweepState.objects.get(name="a")
        assert state.outcome == outcome
        waits.append((state.next_at - shift.now).total_seconds())
        shift.now = state.next_at
    shift.fault = None
    worker.tick()

    assert waits == [4, 8, 16]
    state = SweepState.objects.get(name="a")
    assert (state.outcome, state.failures, state.done) == ("ok", 0, 3)
    assert (state.next_at - shift.now).total_seconds() == 2
    assert "canary" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("every", "failures", "wait"),
    [(2, 0, 2), (0, 1, 2), (2, 30, 900), (3600, 3, 3600)],
)
def test_a_pause_has_its_bounds(every: int, failures: int, wait: int) -> None:
    assert pause(timedelta(seconds=every), failures) == timedelta(seconds=wait)


def test_a_sweep_that_loses_the_lease_is_told_to_stop(shift: Shift) -> None:
    asked: list[bool] = []

    def run(work: Work) -> int:
        asked.append(work.keep_on())
        shift.wait(seconds=61)
        take_lease("two", now=shift.now)
        asked.append(work.keep_on())
        return 0

    sweep = Sweep(
        name="long",
        what="",
        every=timedelta(seconds=1),
        run=run,
        backlog=lambda _now: 0,
    )
    worker = shift.worker("one", sweep, shift.sweep("later"))

    assert worker.tick() == ["long"]
    assert asked == [True, False]
    assert shift.ran == []


def test_the_list_says_how_each_is(shift: Shift) -> None:
    sweeps = (shift.sweep("a"), shift.sweep("b"))
    worker = shift.worker("one", sweeps[0])
    worker.tick()

    first, second = show_jobs(sweeps, now=shift.now)

    assert (first.outcome, first.done, first.backlog) == ("ok", 3, 7)
    assert first.last_at == NOON
    assert first.next_at == NOON + timedelta(seconds=60)
    assert (second.outcome, second.last_at, second.next_at) == ("", None, None)


def test_one_that_is_asked_for_is_due(shift: Shift) -> None:
    sweeps = (shift.sweep("a"),)
    worker = shift.worker("one", *sweeps)
    worker.tick()
    assert worker.tick() == []

    ask_for(sweeps, "a", now=shift.now)

    assert worker.tick() == ["a"]
    with pytest.raises(ListkeepError) as caught:
        ask_for(sweeps, "z", now=shift.now)
    assert caught.value.code is Code.NOT_FOUND


# --- the real ones ------------------------------------------------------------


def test_every_sweep_may_be_run_again_at_any_time(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    keeper.add_contact("desk", "desk@acme.example")
    keeper.tell()
    worker = Worker(
        SWEEPS, keeper=lambda: keeper, clock=lambda: datetime.now(UTC), holder="one"
    )

    for sweep in (*SWEEPS, *SWEEPS):
        assert worker.run(sweep) == "ok", sweep.name
    assert len({sweep.name for sweep in SWEEPS}) == len(SWEEPS)
    assert all(view.what for view in show_jobs(SWEEPS, now=NOON))


def test_files_of_old_exports_are_dropped_and_their_runs_stay(
    keeper: FakeKeeper, ada: Api, news: str, home: Path
) -> None:
    request = keeper.grant_export(news, selection="all", cap=10)
    run = ada.post("/exports", {"request": request}).json["id"]
    day = timedelta(days=settings.LISTKEEP_CONFIG.export_keep_days)
    ended = ExportRun.objects.get(pk=run).changed_at

    sweep(keeper, "old-exports", ended + day)
    assert export_path(run).exists()
    assert backlog("old-exports", ended + day + timedelta(seconds=1)) == 1
    sweep(keeper, "old-exports", ended + day + timedelta(seconds=1))
    assert not export_path(run).exists()
    stray = home / "exports" / "of-no-run.age"
    stray.write_bytes(b"age")
    sweep(keeper, "old-exports", ended)
    assert stray.exists()
    old = (ended - 2 * day).timestamp()
    os.utime(stray, (old, old))
    sweep(keeper, "old-exports", ended)
    assert not stray.exists()

    answer = ada.get(f"/exports/{run}/file")
    assert (answer.status, answer.json["code"]) == (403, "expired")
    assert ada.get(f"/exports/{run}").json["state"] == "done"


def test_imports_whose_file_never_came_are_ended_beside_a_dock_that_serves(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    waiting, receiving = ada.begin_import(news), ada.begin_import(news)
    Import.objects.filter(pk=receiving).update(state=Import.State.RECEIVING)
    later = datetime.now(UTC) + timedelta(days=1, minutes=1)
    assert backlog("abandoned-imports", later) == 1

    sweep(keeper, "abandoned-imports", later)

    assert Import.objects.get(pk=waiting).state == "failed"
    assert Import.objects.get(pk=receiving).state == "receiving"
    assert backlog("abandoned-imports", later) == 0


def sweep(keeper: FakeKeeper, name: str, now: datetime) -> None:
    found = next(sweep for sweep in SWEEPS if sweep.name == name)
    worker = Worker(SWEEPS, keeper=lambda: keeper, clock=lambda: now, holder="one")
    assert worker.run(found) == "ok"


def backlog(name: str, now: datetime) -> int:
    return next(sweep for sweep in SWEEPS if sweep.name == name).backlog(now)


# --- the process --------------------------------------------------------------


def test_the_loop_ends_when_it_is_told_and_lets_go(shift: Shift) -> None:
    worker = shift.worker("one", shift.sweep("a", 0))
    pauses: list[float] = []

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) == 3

    entry.work(worker, pause=wait)

    assert shift.ran == ["a"] * 3
    assert take_lease("two", now=shift.now)
