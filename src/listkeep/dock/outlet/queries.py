"""What may be told about an export run."""

from listkeep.core.errors import Code, ConflictError
from listkeep.dock.lists.access import not_found

from .models import ExportRun


def get_export(run_id: str) -> ExportRun:
    """Get an export run by its id.

    Raises:
        RefusedError: There is none.
    """
    run = ExportRun.objects.filter(pk=run_id).first()
    if run is None:
        raise not_found("export")
    return run


def find_runs(principal: str, *, limit: int = 50) -> list[ExportRun]:
    """Find somebody's newest runs."""
    runs = ExportRun.objects.filter(principal=principal)
    return list(runs.order_by("-created_at", "id")[:limit])


def find_running(principal: str, request: str) -> ExportRun | None:
    """Find the run of a request that somebody has under way."""
    return ExportRun.objects.filter(
        principal=principal, request=request, state=ExportRun.State.RUNNING
    ).first()


def verify_finished(run: ExportRun) -> None:
    """Refuse to hand out a file that is not there, or not whole.

    Raises:
        ConflictError: The run has not ended well.
    """
    if run.state != ExportRun.State.DONE:
        raise ConflictError(
            f"the export is {run.state}",
            code=Code.NOT_WAITING if run.state == "failed" else Code.BUSY,
            hint="run it again" if run.state == "failed" else "wait until it is done",
        )
