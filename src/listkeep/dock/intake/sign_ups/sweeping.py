"""The sweeps of this room: ask by mail, put on the list, forget."""

from datetime import datetime, timedelta

from listkeep.dock.watch.sweeps import Sweep, Work

from .mailing import Courier, NoCourier, count_unasked, mail_sign_ups
from .settling import count_confirmed, count_old, forget_old, settle_sign_ups

_couriers: list[Courier] = []


def use_courier(courier: Courier) -> None:
    """Have messages of sign-ups carried from now on."""
    _couriers[:] = [courier]


def _ask(work: Work) -> int:
    courier = _couriers[0] if _couriers else NoCourier()
    return mail_sign_ups(
        courier, keeper=work.keeper, clock=work.clock, keep_on=work.keep_on
    )


def _unasked(_now: datetime) -> int:
    return count_unasked()


def _settle(work: Work) -> int:
    return settle_sign_ups(keeper=work.keeper, clock=work.clock, keep_on=work.keep_on)


def _confirmed(_now: datetime) -> int:
    return count_confirmed()


def _forget(work: Work) -> int:
    return forget_old(keeper=work.keeper, now=work.clock())


SWEEPS = (
    Sweep(
        name="mail-sign-ups",
        what="ask by mail whether sign-ups are meant",
        every=timedelta(seconds=5),
        run=_ask,
        backlog=_unasked,
    ),
    Sweep(
        name="settle-sign-ups",
        what="put on their lists who confirmed",
        every=timedelta(seconds=5),
        run=_settle,
        backlog=_confirmed,
    ),
    Sweep(
        name="forget-sign-ups",
        what="forget who did not confirm within a week",
        every=timedelta(hours=1),
        run=_forget,
        backlog=count_old,
    ),
)
