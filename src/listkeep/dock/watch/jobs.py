"""Sweeps of this room: follow the ledger, tell people, look rows over, forget."""

from datetime import datetime, timedelta

from django.conf import settings

from . import queries, services
from .channels import open_channels
from .models import Delivery
from .scrubbing import EVERY, Scrubber, count_passes
from .sweeps import Sweep, Work

_KEPT = timedelta(days=90)
_ENDS = (Delivery.State.SENT, Delivery.State.FAILED)


def _follow(work: Work) -> int:
    return services.follow_notices(keeper=work.keeper, now=work.clock())


def _deliver(work: Work) -> int:
    return services.deliver(
        keeper=work.keeper,
        channels=open_channels(),
        clock=work.clock,
        keep_on=work.keep_on,
    )


def _digest(work: Work) -> int:
    return services.plan_digests(keeper=work.keeper, now=work.clock())


def _scrub(work: Work) -> int:
    return Scrubber(
        keeper=work.keeper,
        clock=work.clock,
        keep_on=work.keep_on,
        period=timedelta(days=settings.LISTKEEP_CONFIG.scrub_days),
    ).tick()


def _forget(work: Work) -> int:
    return services.forget_old(now=work.clock(), kept=_KEPT)


def _old(now: datetime) -> int:
    return Delivery.objects.filter(state__in=_ENDS, changed_at__lt=now - _KEPT).count()


def _nothing(_now: datetime) -> int:
    """Count nothing: how far the ledger has gone on, only the keeper knows."""
    return 0


SWEEPS = (
    Sweep(
        name="follow-ledger",
        what="read what is new in the ledger, and note whom to tell",
        every=timedelta(seconds=2),
        run=_follow,
        backlog=_nothing,
    ),
    Sweep(
        name="daily-digest",
        what="sum yesterday up for every contact",
        every=timedelta(minutes=10),
        run=_digest,
        backlog=queries.count_days_due,
    ),
    Sweep(
        name="deliver",
        what="send what people are to be told, and try again what failed",
        every=timedelta(seconds=2),
        run=_deliver,
        backlog=queries.count_due,
    ),
    Sweep(
        name="scrub",
        what="have the keeper look over rows of lists, and count them",
        every=EVERY,
        run=_scrub,
        backlog=count_passes,
    ),
    Sweep(
        name="forget-deliveries",
        what="forget deliveries that ended 90 days ago",
        every=timedelta(hours=6),
        run=_forget,
        backlog=_old,
    ),
)
