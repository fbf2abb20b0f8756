"""Sweeps: clear up after a dock that died. Idempotent, run at each start."""

from django.conf import settings

from listkeep.core.errors import Code

from .models import ExportRun


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
