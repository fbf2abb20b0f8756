"""Run a granted export: sealed rows to the keeper, its ciphertext to the disk.

The terms are the keeper's: which rows, how many, for whom. What arrives is an age
file; the dock never holds a row of it in the clear. A run that dies leaves no file
and may be repeated under the same grant.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import DatabaseError

from listkeep.core.errors import (
    Code,
    ListkeepError,
    RefusedError,
    UnavailableError,
)
from listkeep.core.grants import Terms
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists.access import Visit, not_signed_in
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire import messages as m

from .models import ExportRun

log = structlog.get_logger("listkeep.dock.outlet")

FORMATS: Final = ("csv", "jsonl")
_PROGRESS_SECONDS: Final = 1.0


class Written(NamedTuple):
    """A file that was written whole."""

    size_bytes: int
    sha256: str


def run_export(  # noqa: PLR0913 - one run is described by all of these
    visit: Visit,
    *,
    request: str,
    terms: Terms,
    file_format: str,
    keeper: Keeper,
    now: datetime,
) -> ExportRun:
    """Run an export to its end and keep the ciphertext.

    Raises:
        ListkeepError: The keeper refused, a row did not open, or the disk is full.
    """
    run = begin_run(visit, request=request, file_format=file_format, now=now)
    return carry_out_run(run, visit=visit, terms=terms, keeper=keeper)


def begin_run(
    visit: Visit, *, request: str, file_format: str, now: datetime
) -> ExportRun:
    """Note that an export is about to run.

    Raises:
        RefusedError: Nobody is signed in.
    """
    if not visit.caller.session:
        raise not_signed_in()
    return ExportRun.objects.create(
        id=uuid4().hex,
        request=request,
        list_id=visit.record.id,
        principal=visit.principal.id,
        format=file_format,
        created_at=now,
        changed_at=now,
    )


def carry_out_run(
    run: ExportRun, *, visit: Visit, terms: Terms, keeper: Keeper
) -> ExportRun:
    """Take a run that was noted to its end; its row says how far it has come.

    Raises:
        ListkeepError: The keeper refused, a row did not open, or the disk is full.
    """
    message = m.RunExport(
        session=visit.caller.session, request=run.request, format=run.format
    )
    batches = entries.stream_sealed(
        visit.record.id, terms.selection, schema=visit.schema, cap=terms.cap
    )
    with _failing(run), keeper.run_export(message, _counted(batches, run)) as age:
        run.size_bytes, run.sha256 = write_whole(export_path(run.id), age)
        run.state = ExportRun.State.DONE
        run.save()
    log.info("export.done", id=run.id, list=run.list_id, rows=run.rows)
    return run


def write_whole(path: Path, chunks: Iterable[bytes]) -> Written:
    """Write a file that appears under its name only when all of it is there.

    Raises:
        UnavailableError: The disk is full or does not answer.
    """
    part = path.with_name(f"{path.name}.part")
    digest, size = hashlib.sha256(), 0
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with part.open("xb") as file:
            part.chmod(0o600)
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            file.flush()
            os.fsync(file.fileno())  # "done" must not outlive the file
        part.rename(path)
    except OSError as error:
        raise UnavailableError(
            "the export could not be written to the dock's disk",
            code=Code.DOCK_UNAVAILABLE,
            hint="make room on it, then run the export again",
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return Written(size, digest.hexdigest())


def open_export(run: ExportRun) -> BinaryIO:
    """Open the ciphertext of a run that ended well.

    Raises:
        RefusedError: It was kept for some days and dropped.
    """
    try:
        return export_path(run.id).open("rb")
    except FileNotFoundError as error:
        raise RefusedError(
            "the file of this export is not kept any more",
            code=Code.EXPIRED,
            hint="ask for a new export; a grant is good for one file",
        ) from error


def export_path(run_id: str) -> Path:
    """Tell where the ciphertext of a run lies."""
    folder: Path = settings.LISTKEEP_HOME / "exports"
    return folder / f"{run_id}.age"


def _counted(batches: Iterable[m.RowBatch], run: ExportRun) -> Iterator[m.RowBatch]:
    saved_at = time.monotonic()
    for batch in batches:
        run.rows += len(batch.positions)
        if time.monotonic() - saved_at >= _PROGRESS_SECONDS:
            run.save(update_fields=["rows"])
            saved_at = time.monotonic()
        yield batch


@contextmanager
def _failing(run: ExportRun) -> Iterator[None]:
    """Whatever ends a run early, even the process: say so in its row."""
    try:
        yield
    except BaseException as error:
        export_path(run.id).unlink(missing_ok=True)
        run.state = ExportRun.State.FAILED
        run.code = Code.INTERNAL
        if isinstance(error, ListkeepError):
            run.code, run.message = error.code, error.message[:300]
            run.hint = error.hint[:300]
        log.warning("export.failed", id=run.id, code=str(run.code))
        try:
            run.save()
        except DatabaseError:
            log.warning("export.not-marked", id=run.id)
        raise
