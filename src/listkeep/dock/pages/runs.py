"""Run exports and restores while their person looks on, or at something else.

A run takes as long as the keeper opens or seals rows. It goes on in a thread of this
process; its row in the database says how far it has come, also when the dock stops.
"""

from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from django.db import connections
from django.utils import timezone

from listkeep.core.errors import ListkeepError
from listkeep.core.grants import Terms
from listkeep.dock.intake.models import Restore
from listkeep.dock.intake.restores import run_restore
from listkeep.dock.lists.access import Visit
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.outlet.exports import carry_out_run
from listkeep.dock.outlet.models import ExportRun

log = structlog.get_logger("listkeep.dock.pages")
_AT_ONCE = 2
_pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="run")


def start_run(
    run: ExportRun, *, visit: Visit, terms: Terms, keeper: Keeper
) -> Future[None]:
    """Begin to carry out a run that was noted; two go on at once, others wait."""
    return _pool.submit(_carry_out, run, visit, terms, keeper)


def start_restore(restore: Restore, *, visit: Visit, keeper: Keeper) -> Future[None]:
    """Begin to run a restore that was noted; it waits for its turn as exports do."""
    return _pool.submit(_take_back, restore, visit, keeper)


def _take_back(restore: Restore, visit: Visit, keeper: Keeper) -> None:
    try:
        run_restore(restore, visit=visit, keeper=keeper, clock=timezone.now)
    except ListkeepError:
        return  # its row has the reason, and so has the log
    except Exception:
        log.exception("restore.broken", id=restore.id)
    finally:
        connections.close_all()


def _carry_out(run: ExportRun, visit: Visit, terms: Terms, keeper: Keeper) -> None:
    try:
        carry_out_run(run, visit=visit, terms=terms, keeper=keeper)
    except ListkeepError:
        return  # its row has the reason, and so has the log
    except Exception:
        log.exception("export.broken", id=run.id)
    finally:
        connections.close_all()
