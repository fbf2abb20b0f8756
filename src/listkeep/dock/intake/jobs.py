"""Sweeps: clear up after a dock that died. Idempotent, run at each start."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from listkeep.core.errors import Code, UnavailableError
from listkeep.dock.lists.keeper import Keeper

from .models import Import
from .receiving import Clock
from .services import fail_import, report_end

_LONGEST_WAIT = timedelta(days=1)


def recover_imports(*, keeper: Keeper, clock: Clock) -> int:
    """Fail what was running when the dock stopped, and report ends unreported.

    Only for a start, before anything is served. Gives the number of failed ones.
    """
    for path in (settings.LISTKEEP_HOME / "staging").glob("*.sqlite3*"):
        path.unlink(missing_ok=True)
    waited_too_long = Q(
        state=Import.State.WAITING, created_at__lt=clock() - _LONGEST_WAIT
    )
    stale = Import.objects.filter(Q(state__in=Import.RUNNING) | waited_too_long)
    failed = list(stale)
    for source in failed:
        error = UnavailableError(
            "the import was interrupted",
            code=Code.DOCK_UNAVAILABLE,
            hint="nothing was changed: import the file again",
        )
        fail_import(source, error, clock=clock)
    ended = Import.objects.filter(
        is_reported=False, state__in=(Import.State.DONE, Import.State.FAILED)
    )
    for source in ended:
        report_end(source, keeper=keeper)
    return len(failed)
