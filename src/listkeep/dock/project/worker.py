"""The worker: all sweeps of the dock, when they are due."""

import os
import secrets
from collections.abc import Callable

from django.conf import settings
from django.utils import timezone

from listkeep.dock.intake.sign_ups.sweeping import use_courier
from listkeep.dock.lists.keeper import get_keeper, read_service_key
from listkeep.dock.watch.channels import open_channels
from listkeep.dock.watch.runner import OK, JobView, Worker, ask_for, show_jobs

from .sign_up_mail import MailCourier
from .start import verify_engine, verify_version
from .sweeps import SWEEPS

_TICK_SECONDS = 1.0


def make_worker() -> Worker:
    """Check all a worker needs, and make one.

    Raises:
        ConflictError: The database is newer or older than this code.
        MalformedError: The engine, the service key or the mail host will not do.
    """
    verify_engine()
    read_service_key(settings.LISTKEEP_SERVICE_KEY_FILE)
    verify_version()
    open_channels()
    use_courier(MailCourier())
    return Worker(
        SWEEPS,
        keeper=get_keeper,
        clock=timezone.now,
        holder=f"{os.getpid()}-{secrets.token_hex(4)}",
    )


def work(worker: Worker, *, pause: Callable[[float], bool]) -> None:
    """Sweep until told to stop; ``pause`` waits, and says when that is."""
    try:
        while not worker.is_stopping:
            worker.tick()
            if pause(_TICK_SECONDS):
                break
    finally:
        worker.stop()


def list_jobs() -> list[JobView]:
    """Say of every sweep when it ran, how that went, and what waits."""
    verify_version()
    return show_jobs(SWEEPS, now=timezone.now())


def run_job(name: str) -> str | None:
    """Run one sweep now. Gives its outcome; none if the worker that runs does it.

    Raises:
        RefusedError: There is no such sweep.
    """
    verify_version()
    sweep = ask_for(SWEEPS, name, now=timezone.now())
    worker = make_worker()
    if not worker.keep_on():
        return None
    try:
        return worker.run(sweep)
    finally:
        worker.stop()


def is_fine(outcome: str) -> bool:
    """Tell whether a sweep ended without an error."""
    return outcome == OK
