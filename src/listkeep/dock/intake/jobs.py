"""Sweeps: clear up after a dock that died, after people who went away, after years.

What an import or a restore left behind is ended and told to the keeper; what a list was
before is dropped when it is older than is kept.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Q, QuerySet

from listkeep.core.errors import Code, UnavailableError
from listkeep.dock.lists.history import drop_predecessors
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.models import Change
from listkeep.dock.watch.sweeps import Sweep, Work
from listkeep.wire.messages import keys as k

from .endings import fail_import, report_end
from .models import Import, RejectedLine, Restore
from .receiving import Clock
from .restores import fail_restore, report_restore

_LONGEST_WAIT = timedelta(days=1)
_LISTS_AT_ONCE = 200


def recover_imports(*, keeper: Keeper, clock: Clock) -> int:
    """Fail what was running when the dock stopped, and report ends unreported.

    Only for a start, before anything is served. Gives the number of failed ones.
    """
    for path in (settings.LISTKEEP_HOME / "staging").glob("*.sqlite3*"):
        path.unlink(missing_ok=True)
    running = Import.objects.filter(state__in=Import.RUNNING)
    failed = _fail(running, clock=clock)
    failed += _fail_restores(
        Restore.objects.filter(state=Restore.State.RUNNING), clock=clock
    )
    return failed + close_abandoned(keeper=keeper, clock=clock)


def close_abandoned(*, keeper: Keeper, clock: Clock) -> int:
    """Fail imports whose file never came, and report ends unreported.

    Harmless beside a dock that serves. Gives the number of failed ones.
    """
    failed = _fail(_abandoned(clock()), clock=clock)
    failed += _fail_restores(_abandoned_restores(clock()), clock=clock)
    for source in _unreported():
        report_end(source, keeper=keeper)
    for restore in _unreported_restores():
        report_restore(restore, keeper=keeper)
    return failed


def forget_shredded(lists: Iterable[str]) -> int:
    """Remove the imports and restores of lists that were shredded. Gives how many.

    What came in, from whom and when stands in the ledger. One that still runs is left:
    it ends by itself, for the keeper seals nothing more of such a list.
    """
    gone, removed = list(lists), 0
    for at in range(0, len(gone), _LISTS_AT_ONCE):
        some = gone[at : at + _LISTS_AT_ONCE]
        mine = Import.objects.filter(list_id__in=some, is_reported=True)
        RejectedLine.objects.filter(source__in=mine).delete()
        removed += mine.delete()[0]
        told = Restore.objects.filter(list_id__in=some, is_reported=True)
        removed += told.delete()[0]
    return removed


def drop_history(*, now: datetime, keep_on: Callable[[], bool]) -> int:
    """Drop what entries were before changes of long ago. Gives how many rows.

    The changes themselves stay, so that people see who did what.
    """
    dropped = 0
    for list_id, number in _old_history(now):
        dropped += drop_predecessors(list_id, until=number, keep_on=keep_on)
        if not keep_on():
            break
    return dropped


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


def _fail_restores(stale: QuerySet[Restore], *, clock: Clock) -> int:
    failed = list(stale)
    for restore in failed:
        error = UnavailableError(
            "the restore was interrupted",
            code=Code.DOCK_UNAVAILABLE,
            hint="nothing was changed: take the list back again",
        )
        fail_restore(restore, error, clock=clock)
    return len(failed)


def _abandoned_restores(now: datetime) -> QuerySet[Restore]:
    return Restore.objects.filter(
        state=Restore.State.WAITING, created_at__lt=now - _LONGEST_WAIT
    )


def _unreported_restores() -> QuerySet[Restore]:
    ends = (Restore.State.DONE, Restore.State.FAILED)
    return Restore.objects.filter(state__in=ends, is_reported=False)


def _old_history(now: datetime) -> list[tuple[str, int]]:
    """Find the newest change of each list whose predecessors are to be dropped."""
    limit = now - timedelta(days=settings.LISTKEEP_CONFIG.history_keep_days)
    old = Change.objects.filter(is_dropped=False, at__lt=int(limit.timestamp()))
    return list(
        old.values("list_id")
        .annotate(newest=Max("number"))
        .values_list("list_id", "newest")
    )


def _abandoned(now: datetime) -> QuerySet[Import]:
    return Import.objects.filter(
        state=Import.State.WAITING, created_at__lt=now - _LONGEST_WAIT
    )


def _unreported() -> QuerySet[Import]:
    ended = Q(state=Import.State.DONE) | Q(state=Import.State.FAILED)
    return Import.objects.filter(ended, is_reported=False)


def _close(work: Work) -> int:
    closed = close_abandoned(keeper=work.keeper, clock=work.clock)
    return closed + forget_shredded(work.keeper.read_keys(k.ReadKeys()).gone)


def _backlog(now: datetime) -> int:
    imports = _abandoned(now).count() + _unreported().count()
    return imports + _abandoned_restores(now).count() + _unreported_restores().count()


def _drop_history(work: Work) -> int:
    return drop_history(now=work.clock(), keep_on=work.keep_on)


def _old_changes(now: datetime) -> int:
    return len(_old_history(now))


SWEEPS = (
    Sweep(
        name="abandoned-imports",
        what="end imports and restores nobody went on with, tell the keeper, and "
        "forget those of lists that were shredded",
        every=timedelta(minutes=10),
        run=_close,
        backlog=_backlog,
    ),
    Sweep(
        name="old-history",
        what="drop what entries were more than `history_keep_days` ago",
        every=timedelta(hours=6),
        run=_drop_history,
        backlog=_old_changes,
    ),
)
