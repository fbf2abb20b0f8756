"""Sweeps over all lists: what keeps them as they should be, seen or not."""

from datetime import datetime, timedelta

from django.conf import settings

from listkeep.dock.lists.paces import count_quiet, forget_quiet
from listkeep.dock.lists.removal import remove_lists
from listkeep.dock.lists.renewals import Renewing, count_left
from listkeep.wire.messages import keys as k

from .sweeps import Sweep, Work


def _renew(work: Work) -> int:
    every = timedelta(days=settings.LISTKEEP_CONFIG.key_renew_days)
    return Renewing(
        work.keeper, clock=work.clock, keep_on=work.keep_on, every=every
    ).run()


def _remove(work: Work) -> int:
    return remove_lists(work.keeper.read_keys(k.ReadKeys()).gone, keep_on=work.keep_on)


def _nothing(_now: datetime) -> int:
    """Count nothing: which lists are gone, only the keeper knows."""
    return 0


def _forget_quiet(work: Work) -> int:
    return forget_quiet(work.clock())


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
    Sweep(
        name="remove-shredded",
        what="remove the rows of lists whose keys were destroyed",
        every=timedelta(minutes=1),
        run=_remove,
        backlog=_nothing,
    ),
    Sweep(
        name="quiet-networks",
        what="forget how often networks came, when they were quiet for some minutes",
        every=timedelta(minutes=5),
        run=_forget_quiet,
        backlog=count_quiet,
    ),
)
