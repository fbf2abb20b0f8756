"""``listkeep export``: run a granted export and fetch its age file."""

import hashlib
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from listkeep.cli.home import PRIVATE_FILE, Instance, write_private
from listkeep.cli.output import AsJson, note, plural, progress, show
from listkeep.cli.request_ids import RequestId, require_request_id
from listkeep.cli.sessions import As, load_session
from listkeep.core.errors import Code, ConflictError, VerificationError
from listkeep.wire.answers import DockExport

if TYPE_CHECKING:
    from listkeep.wire.dock import DockClient


class ExportFormat(StrEnum):
    """What the recipient finds in the age file."""

    CSV = "csv"
    JSONL = "jsonl"


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(
        epilog="Example: listkeep export r_abcdefghijkl --output copy.csv.age"
    )(export)


def export(
    request: RequestId,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The age file.")
    ],
    file_format: Annotated[
        ExportFormat, typer.Option("--format", help="What is in it.")
    ] = ExportFormat.CSV,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Run a granted export; only its recipient can open the file.

    The file appears under its name when all of it has arrived and its digest fits.
    """
    if output.exists():
        raise ConflictError(
            "there is such a file already",
            code=Code.ALREADY_EXISTS,
            hint="choose another name for --output",
        )
    instance = Instance.open()
    session = load_session(instance, name)
    remembered = _remembered(instance, request)
    with instance.dock(session.dock) as dock:
        if remembered.exists():  # it was run, but did not arrive
            run = dock.show_export(remembered.read_text())
        else:
            with progress("running the export", total=None):
                run = dock.run_export(request, file_format=file_format.value)
            write_private(remembered, run.id.encode())
        _fetch(dock, run, output)
    remembered.unlink()
    note(f"{plural(run.rows, 'row')} for the recipient in the terms; it is recorded")
    facts = {
        "file": str(output),
        "rows": run.rows,
        "bytes": run.bytes,
        "sha256": run.sha256,
    }
    show(facts, as_json=as_json)


def _remembered(instance: Instance, request: str) -> Path:
    """Tell where the id of a run is kept until its file has arrived.

    A grant is good for one run; a broken download must not cost another signature.
    """
    return instance.private / "exports" / require_request_id(request)


def _fetch(dock: "DockClient", run: DockExport, output: Path) -> None:
    part = output.with_name(f"{output.name}.part")
    part.unlink(missing_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
        with (
            os.fdopen(descriptor, "wb") as file,
            progress("fetching", total=run.bytes, is_bytes=True) as bar,
            dock.fetch_export(run.id) as chunks,
        ):
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                bar.move(size)
        if digest.hexdigest() != run.sha256:
            raise VerificationError(
                "the file that arrived is not the one that was made",
                hint="fetch it again by running the same command",
            )
        part.rename(output)
    finally:
        part.unlink(missing_ok=True)
