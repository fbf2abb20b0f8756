"""``listkeep import``: an audience file into a list."""

import io
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import (
    AsJson,
    Bar,
    WrongUsage,
    hint,
    note,
    plural,
    progress,
    show,
    write_json,
    write_table,
)
from listkeep.cli.sessions import As, StoredSession, load_session
from listkeep.core.errors import ListkeepError, UnavailableError
from listkeep.core.segments import Schema
from listkeep.wire.answers import DockImport, DockReject

from .lists import ListName
from .looking_over import look_over, show_look

if TYPE_CHECKING:
    from listkeep.wire.dock import DockClient

_MOST_PIPED_BYTES = 512 * 1024 * 1024
_SHOWN_REJECTS = 10
_POLL_SECONDS = 1.0


class FileFormat(StrEnum):
    """How an audience file is written."""

    AUTO = "auto"
    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"


FileName = Annotated[
    str, typer.Argument(metavar="FILE", help="A file; - is standard input.")
]
FormatOption = Annotated[
    FileFormat, typer.Option("--format", help="How the file is written.")
]
MapOption = Annotated[
    list[str],
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="Which column is which field; `address=E-mail` names the addresses, "
        "`status=` says that no column is the status.",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Look at the file on this machine: show which column becomes what, and "
        "what would be rejected. Import nothing.",
    ),
]


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(
        "import",
        epilog="Example: listkeep import news audience.csv --map address=E-mail",
    )(import_file)


def import_file(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    file: FileName,
    *,
    file_format: FormatOption = FileFormat.AUTO,
    mapping: MapOption = [],  # noqa: B006 - never changed
    request: Annotated[
        str,
        typer.Option(metavar="ID", help="A granted request, above the daily budget."),
    ] = "",
    rejects: Annotated[
        bool, typer.Option("--rejects", help="Print every rejected line.")
    ] = False,
    dry_run: DryRun = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Import a CSV, TSV or JSON Lines file; all of it is in the list, or nothing.

    Exports of Mailchimp, Klaviyo, listmonk and Mautic are recognized. Addresses known
    already are updated; whoever unsubscribed stays so. Rejected lines are told by
    number and reason.
    """
    instance = Instance.open()
    session = load_session(instance, name)
    if dry_run:
        with instance.dock(session.dock) as dock:
            schema = Schema.parse(dock.show_list(list_name).facets)
        with open_input(file) as (source, _):
            look = look_over(
                source,
                schema=schema,
                file_format=file_format.value,
                mapping=parse_mapping(mapping),
            )
        show_look(look, as_json=as_json)
        return
    with open_input(file) as (source, size), instance.dock(session.dock) as dock:
        begun = dock.begin_import(
            list_name,
            file_format=file_format.value,
            mapping=parse_mapping(mapping),
            request=request or None,
        )
        done = _send(instance, session, dock, begun.id, source=source, size=size)
        wanted = None if rejects else _SHOWN_REJECTS
        lines = (
            list(islice(dock.read_rejects(done.id), wanted)) if done.rejected else []
        )
    _show(done, lines, all_rejects=rejects, as_json=as_json)


def parse_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """Read ``field=column`` pairs.

    Raises:
        WrongUsage: One of them is something else.
    """
    mapping: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        is_whole = field and equals and (column or field == "status")
        if not is_whole or field in mapping:
            raise WrongUsage(
                "--map takes FIELD=COLUMN, each field once",
                hint="for example `--map address=E-mail`",
            )
        mapping[field] = column
    return mapping


@contextmanager
def open_input(name: str) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file or standard input, and tell its size, which the dock wants first.

    What comes through a pipe is held in memory: it is never written to a disk here.

    Raises:
        WrongUsage: There is no such file.
        UnavailableError: More comes through the pipe than memory should hold.
    """
    if name == "-":
        source = sys.stdin.buffer
        if os.path.isfile(f"/proc/self/fd/{source.fileno()}"):  # noqa: PTH113
            size = os.fstat(source.fileno()).st_size - source.tell()
            yield source, size
        else:
            data = source.read(_MOST_PIPED_BYTES + 1)
            if len(data) > _MOST_PIPED_BYTES:
                raise UnavailableError(
                    "standard input is larger than 512 MiB",
                    hint="give the name of a file: a file of any size is streamed",
                )
            yield io.BytesIO(data), len(data)
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below
    except (FileNotFoundError, IsADirectoryError) as error:
        raise WrongUsage("there is no such file") from error
    with file:
        yield file, os.fstat(file.fileno()).st_size


def _send(  # noqa: PLR0913 - what an upload is made of
    instance: Instance,
    session: StoredSession,
    dock: "DockClient",
    import_id: str,
    *,
    source: BinaryIO,
    size: int,
) -> DockImport:
    with (
        progress("sending", total=size, is_bytes=True) as bar,
        _followed(instance, session, import_id, bar=bar),
    ):
        return dock.send_file(import_id, source, size_bytes=size, progress=bar.move)


@contextmanager
def _followed(
    instance: Instance, session: StoredSession, import_id: str, *, bar: Bar
) -> Iterator[None]:
    """Tell the person meanwhile how many rows the dock has, if somebody watches."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()

    def follow() -> None:
        with instance.dock(session.dock) as dock:
            while not over.wait(_POLL_SECONDS):
                try:
                    now = dock.show_import(import_id)
                except ListkeepError:  # the upload itself will say it
                    return
                doing = "merging" if now.state == "merging" else "sending"
                bar.move(now.bytes, text=f"{doing}: {now.rows:,} rows")

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _show(
    done: DockImport,
    lines: Sequence[DockReject],
    *,
    all_rejects: bool,
    as_json: bool,
) -> None:
    facts: dict[str, Any] = {
        "import": done.id,
        "rows": done.rows,
        "added": done.added,
        "updated": done.updated,
        "rounded": done.rounded,
        "rejected": done.rejected,
        "sha256": done.sha256,
    }
    told = [{"line": r.line, "reason": r.reason, "detail": r.detail} for r in lines]
    if as_json:
        write_json({**facts, "rejects": told} if all_rejects else facts)
        return
    if not done.rounded:
        facts.pop("rounded")
    show(facts, as_json=False)
    if all_rejects and told:
        write_table(told, ("line", "reason", "detail"))
    elif told:
        _note_rejects(done, lines)


def _note_rejects(done: DockImport, lines: Sequence[DockReject]) -> None:
    note(f"{plural(done.rejected, 'line')} rejected")
    for line in lines:
        note(f"  line {line.line:,}: {line.detail or line.reason}")
    if done.rejected > len(lines):
        hint("add --rejects to see every line")
