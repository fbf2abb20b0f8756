"""How imports end: said in their rows, told to the keeper, whatever else broke.

An import that the database could not be told of is remembered in this process and
marked as soon as somebody wants to import into that list again; the next start marks
all that were running.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from listkeep.core.errors import Code, ListkeepError
from listkeep.dock.lists.bulk import describe_fault
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire import messages as m

from .models import Import
from .receiving import Clock, Upload

log = structlog.get_logger("listkeep.dock.intake")
_DRAINED_BYTES: Final = 8 * 1024 * 1024
_SAVED: Final = (
    *("state", "received_bytes", "rows", "rejected", "added", "updated", "sha256"),
    *("family", "code", "message", "hint", "changed_at"),
)
_unmarked: dict[str, ListkeepError] = {}


def report_end(source: Import, *, keeper: Keeper) -> None:
    """Tell the keeper what came of an import, and remember having told it.

    A keeper that is away is told at the next start.
    """
    is_done = source.state == Import.State.DONE
    try:
        keeper.finish_import(
            m.FinishImport(
                ticket=source.ticket,
                committed=is_done,
                rows=source.rows if is_done else 0,
                added=source.added,
                updated=source.updated,
                sha256=source.sha256 if is_done else "",
            )
        )
    except ListkeepError as error:
        log.warning("import.not-reported", id=source.id, code=error.code)
        if error.status >= 500:
            return
    source.is_reported = True
    source.save(update_fields=["is_reported"])


def fail_import(source: Import, error: ListkeepError, *, clock: Clock) -> None:
    """Mark an import as failed, with what its owner should know and do.

    One that is done stays done: the commit may have happened although the connection
    was lost before the answer came.
    """
    source.state = Import.State.FAILED
    source.added = source.updated = 0
    source.family, source.code = error.family, error.code
    source.message = error.message[:300]
    source.hint = error.hint[:300]
    source.changed_at = clock()
    values = {name: getattr(source, name) for name in _SAVED}
    others = Import.objects.filter(pk=source.pk).exclude(state=Import.State.DONE)
    if others.update(**values):
        log.warning("import.failed", id=source.id, code=error.code)
        return
    source.refresh_from_db()
    log.warning("import.done-after-all", id=source.id, code=error.code)


def mark_late(list_id: str, *, keeper: Keeper, clock: Clock) -> None:
    """Mark imports into a list that failed while the database did not answer."""
    running = Import.objects.filter(list_id=list_id, state__in=Import.RUNNING)
    for source in running.filter(pk__in=list(_unmarked)) if _unmarked else ():
        fail_import(source, _unmarked.pop(source.id), clock=clock)
        report_end(source, keeper=keeper)


@contextmanager
def failing(
    source: Import, *, upload: Upload, keeper: Keeper, clock: Clock
) -> Iterator[None]:
    """Whatever ends an import early, even the process: say so in its row."""
    try:
        yield
    except BaseException as error:
        _end(source, _ours(error), keeper=keeper, clock=clock)
        if source.state == Import.State.DONE and isinstance(error, Exception):
            return
        if isinstance(error, Exception):
            upload.drain(_DRAINED_BYTES)
        raise


def _end(source: Import, error: ListkeepError, *, keeper: Keeper, clock: Clock) -> None:
    try:
        connection.close_if_unusable_or_obsolete()
        fail_import(source, error, clock=clock)
        report_end(source, keeper=keeper)
    except (DatabaseError, InterfaceError):
        _unmarked[source.id] = error
        log.warning("import.not-marked", id=source.id)


def _ours(error: BaseException) -> ListkeepError:
    if isinstance(error, ListkeepError):
        return error
    if isinstance(error, OperationalError | InterfaceError):
        return describe_fault(error)
    return ListkeepError(
        "the import was interrupted",
        code=Code.INTERNAL,
        hint="nothing was changed; the dock's log says more",
    )
