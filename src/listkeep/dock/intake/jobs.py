"""Sweeps: clear up after a dock that died, and after people who went away."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from listkeep.core.errors import Code, UnavailableError
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.watch.sweeps import Sweep, Work

from .endings import fail_import, report_end
from .models import Import
from .receiving import Clock

_LONGEST_WAIT = timedelta(days=1)


def recover_imports(*, keeper: Keeper, clock: Clock) -> int:
    """Fail what was running when the dock stopped, and report ends unreported.

    Only for a start, before anything is served. Gives the number of failed ones.
    """
    for path in (settings.LISTKEEP_HOME / "staging").glob("*.sqlite3*"):
        path.unlink(missing_ok=True)
    running = Import.objects.filter(state__in=Import.RUNNING)
    failed = _fail(running, clock=clock)
    return failed + close_abandoned(keeper=keeper, clock=clock)


def close_abandoned(*, keeper: Keeper, clock: Clock) -> int:
    """Fail imports whose file never came, and report ends unreported.

    Harmless beside a dock that serves. Gives the number of failed ones.
    """
    failed = _fail(_abandoned(clock()), clock=clock)
    for source in _unreported():
        report_end(source, keeper=keeper)
    return failed


def _fail(stale: QuerySet[Import], *, clock: Clock) -> int:
    failed = list(stale)
    for source in failed:
        error = UnavailableError(
            "the import was interrupted",
            code=Code.DOCK_UNAVAILABLE,
            hint="nothing was changed: import the file again",
        )
        fail_import(source, error, clock=clock)
    return len(failed)


def _abandoned(now: datetime) -> QuerySet[Import]:
    return Import.objects.filter(
        state=Import.State.WAITING, created_at__lt=now - _LONGEST_WAIT
    )


def _unreported() -> QuerySet[Import]:
    ended = Q(state=Import.State.DONE) | Q(state=Import.State.FAILED)
    return Import.objects.filter(ended, is_reported=False)


def _close(work: Work) -> int:
    return close_abandoned(keeper=work.keeper, clock=work.clock)


def _backlog(now: datetime) -> int:
    return _abandoned(now).count() + _unreported().count()


SWEEPS = (
    Sweep(
        name="abandoned-imports",
        what="end imports whose file never came, and tell the keeper of all ends",
        every=timedelta(minutes=10),
        run=_close,
        backlog=_backlog,
    ),
)
