"""The sweeps of this room: have what came back count, and tell webhooks."""

from datetime import datetime, timedelta

from listkeep.dock.watch.channels import open_channels
from listkeep.dock.watch.sweeps import Sweep, Work

from .feeds import count_untold, tell_feeds
from .settling import count_waiting, settle_returned


def _settle(work: Work) -> int:
    return settle_returned(keeper=work.keeper, clock=work.clock, keep_on=work.keep_on)


def _waiting(_now: datetime) -> int:
    return count_waiting()


def _tell(work: Work) -> int:
    return tell_feeds(
        keeper=work.keeper,
        post=open_channels().webhooks,
        clock=work.clock,
        keep_on=work.keep_on,
    )


SWEEPS = (
    Sweep(
        name="settle-returned",
        what="suppress who bounced, complained or left, at the keeper and in the list",
        every=timedelta(seconds=2),
        run=_settle,
        backlog=_waiting,
    ),
    Sweep(
        name="tell-returned",
        what="tell webhooks of applications what came back",
        every=timedelta(seconds=2),
        run=_tell,
        backlog=count_untold,
    ),
)
