"""Sweeps over all lists: what keeps them as they should be, seen or not."""

from datetime import datetime, timedelta

from django.conf import settings

from listkeep.dock.lists.renewals import Renewing, count_left

from .sweeps import Sweep, Work


def _renew(work: Work) -> int:
    every = timedelta(days=settings.LISTKEEP_CONFIG.key_renew_days)
    return Renewing(
        work.keeper, clock=work.clock, keep_on=work.keep_on, every=every
    ).run()


def _left(_now: datetime) -> int:
    return count_left()


SWEEPS = (
    Sweep(
        name="renew-keys",
        what="seal rows under a new key every `key_renew_days`, and have the old one "
        "destroyed",
        every=timedelta(minutes=1),
        run=_renew,
        backlog=_left,
    ),
)
