"""Run sweeps when they are due, in one worker of however many there are.

The lease row says which one. A worker that dies lets it lapse, and another takes
over. What a sweep has done stands in the rows it works on, so that it can be cut off
and repeated anywhere; here is only when it runs next.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import Q

from listkeep.core.errors import Code, ListkeepError, RefusedError
from listkeep.dock.lists.keeper import Keeper

from .models import Lease, SweepState
from .sweeps import Sweep, Work

log = structlog.get_logger("listkeep.dock.watch")

LEASE = timedelta(seconds=60)
OK = "ok"
_LONGEST_PAUSE = timedelta(minutes=15)
_SHORTEST_PAUSE = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class JobView:
    """A sweep and how it is."""

    name: str
    what: str
    every: timedelta
    last_at: datetime | None
    outcome: str
    done: int
    next_at: datetime | None
    backlog: int


class Worker:
    """One of the processes that sweep."""

    def __init__(
        self,
        sweeps: Sequence[Sweep],
        *,
        keeper: Callable[[], Keeper],
        clock: Callable[[], datetime],
        holder: str,
    ) -> None:
        """Prepare; the keeper is asked for when there is something to do."""
        self._sweeps = sweeps
        self._keeper = keeper
        self._clock = clock
        self.holder = holder
        self.is_stopping = False

    def tick(self) -> list[str]:
        """Run what is due, if this worker has the lease. Gives what was run."""
        if not self.keep_on():
            return []
        ran = []
        for sweep in self._sweeps:
            if self._is_due(sweep) and self.keep_on():
                self.run(sweep)
                ran.append(sweep.name)
        return ran

    def keep_on(self) -> bool:
        """Take the lease or keep it; say whether this worker is to go on."""
        return not self.is_stopping and take_lease(self.holder, now=self._clock())

    def run(self, sweep: Sweep) -> str:
        """Run one sweep now. Gives its outcome: ``ok``, or the code of an error."""
        done, outcome = 0, OK
        work = Work(keeper=self._keeper(), clock=self._clock, keep_on=self.keep_on)
        try:
            done = sweep.run(work)
        except ListkeepError as error:
            outcome = error.code.value
            log.warning("sweep.failed", sweep=sweep.name, code=outcome)
        except Exception:
            outcome = Code.INTERNAL.value
            log.exception("sweep.broken", sweep=sweep.name)
        self._note(sweep, outcome, done)
        return outcome

    def stop(self) -> None:
        """Let go of the lease, so that another worker takes over at once."""
        self.is_stopping = True
        Lease.objects.filter(holder=self.holder).update(until=self._clock())

    def _is_due(self, sweep: Sweep) -> bool:
        now = self._clock()
        state, _ = SweepState.objects.get_or_create(
            name=sweep.name, defaults={"next_at": now}
        )
        return state.next_at <= now

    def _note(self, sweep: Sweep, outcome: str, done: int) -> None:
        now = self._clock()
        state, _ = SweepState.objects.get_or_create(
            name=sweep.name, defaults={"next_at": now}
        )
        state.failures = 0 if outcome == OK else state.failures + 1
        state.last_at, state.outcome, state.done = now, outcome, done
        state.next_at = now + pause(sweep.every, state.failures)
        state.save()


def pause(every: timedelta, failures: int) -> timedelta:
    """Say how long to wait: after failures ever longer, up to 15 minutes."""
    if not failures:
        return every
    longest = max(every, _LONGEST_PAUSE)
    doubled: timedelta = max(every, _SHORTEST_PAUSE) * 2 ** min(failures, 20)
    return min(longest, doubled)


def take_lease(holder: str, *, now: datetime) -> bool:
    """Take the lease if it is free or one's own; otherwise somebody else works."""
    Lease.objects.get_or_create(
        name=Lease.SINGLE, defaults={"holder": "", "until": now}
    )
    mine_or_free = Q(holder=holder) | Q(until__lte=now)
    return (
        Lease.objects.filter(mine_or_free, name=Lease.SINGLE).update(
            holder=holder, until=now + LEASE
        )
        == 1
    )


def show_jobs(sweeps: Sequence[Sweep], *, now: datetime) -> list[JobView]:
    """Say of every sweep when it ran, how that went, and what waits."""
    known = {state.name: state for state in SweepState.objects.all()}
    return [_view(sweep, known.get(sweep.name), now) for sweep in sweeps]


def ask_for(sweeps: Sequence[Sweep], name: str, *, now: datetime) -> Sweep:
    """Make one sweep due now, for whichever worker there is.

    Raises:
        RefusedError: There is no such sweep.
    """
    sweep = next((sweep for sweep in sweeps if sweep.name == name), None)
    if sweep is None:
        raise RefusedError(
            "there is no such job", code=Code.NOT_FOUND, hint="see `listkeep job ls`"
        )
    SweepState.objects.update_or_create(name=name, defaults={"next_at": now})
    return sweep


def _view(sweep: Sweep, state: SweepState | None, now: datetime) -> JobView:
    return JobView(
        name=sweep.name,
        what=sweep.what,
        every=sweep.every,
        last_at=state.last_at if state else None,
        outcome=state.outcome if state else "",
        done=state.done if state else 0,
        next_at=state.next_at if state else None,
        backlog=sweep.backlog(now),
    )
