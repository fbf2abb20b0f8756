"""The sweep of this room: have what came back count."""

from datetime import datetime, timedelta

from listkeep.dock.watch.sweeps import Sweep, Work

from .settling import count_waiting, settle_returned


def _settle(work: Work) -> int:
    return settle_returned(keeper=work.keeper, clock=work.clock, keep_on=work.keep_on)


def _waiting(_now: datetime) -> int:
    return count_waiting()


SWEEPS = (
    Sweep(
        name="settle-returned",
        what="suppress who bounced, complained or left, at the keeper and in the list",
        every=timedelta(seconds=2),
        run=_settle,
        backlog=_waiting,
    ),
)
