"""Sweeps: clear up after a dock that died, and drop files nobody came for."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

from listkeep.core.errors import Code, UnavailableError
from listkeep.dock.watch.sweeps import Sweep, Work
from listkeep.wire.messages import keys as k

from .exports import export_path
from .models import ExportRun

_LISTS_AT_ONCE = 200


def recover_exports() -> int:
    """Fail the runs that were under way when the dock stopped; remove their files.

    Only for a start, before anything is served. Gives the number of failed ones.
    """
    for path in (settings.LISTKEEP_HOME / "exports").glob("*.part"):
        path.unlink(missing_ok=True)
    return ExportRun.objects.filter(state=ExportRun.State.RUNNING).update(
        state=ExportRun.State.FAILED,
        code=Code.DOCK_UNAVAILABLE,
        message="the export was interrupted",
        hint="run it again: the grant is still good until it expires",
    )


def forget_shredded(lists: Iterable[str]) -> int:
    """Remove the finished exports of lists that were shredded, with their files.

    What left, for whom and when stands in the ledger. Gives how many.
    """
    gone, removed = list(lists), 0
    for at in range(0, len(gone), _LISTS_AT_ONCE):
        runs = ExportRun.objects.filter(list_id__in=gone[at : at + _LISTS_AT_ONCE])
        for run in runs.exclude(state=ExportRun.State.RUNNING):
            export_path(run.id).unlink(missing_ok=True)  # first: a row finds it again
            run.delete()
            removed += 1
    return removed


def drop_old_files(*, now: datetime) -> int:
    """Remove age files of runs that ended long ago. Gives how many."""
    dropped = 0
    for path in _old_files(now):
        path.unlink(missing_ok=True)
        dropped += 1
    return dropped


def _old_files(now: datetime) -> Iterator[Path]:
    """Find files by their run's end; one that belongs to no run, by its own age."""
    limit = now - timedelta(days=settings.LISTKEEP_CONFIG.export_keep_days)
    runs = dict(ExportRun.objects.values_list("id", "changed_at"))
    for path in (settings.LISTKEEP_HOME / "exports").glob("*.age"):
        own = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if runs.get(path.stem, own) < limit:
            yield path


def _drop(work: Work) -> int:
    done = drop_old_files(now=work.clock())
    with suppress(UnavailableError):  # nobody opens those any more; asked again
        done += forget_shredded(work.keeper.read_keys(k.ReadKeys()).gone)
    return done


def _backlog(now: datetime) -> int:
    return sum(1 for _ in _old_files(now))


SWEEPS = (
    Sweep(
        name="old-exports",
        what="drop the age files of exports that ended `export_keep_days` ago, and all "
        "of lists that were shredded",
        every=timedelta(hours=1),
        run=_drop,
        backlog=_backlog,
    ),
)
