"""``listkeep adopt``: many lists at once, and where addresses remain afterwards."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import (
    AsJson,
    WrongUsage,
    complain,
    hint,
    note,
    plural,
    progress,
    show_rows,
    write_json,
)
from listkeep.cli.sessions import As, load_session
from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    RefusedError,
    VerificationError,
)

from .import_file import MapOption, parse_mapping

if TYPE_CHECKING:
    from listkeep.cli.adoption.adopting import Part, Progress, Step, Task
    from listkeep.cli.adoption.scanning import Finding
    from listkeep.wire.answers import DockImport
    from listkeep.wire.dock import DockClient

_AWAY = 6
_PATIENCE = 30

Source = Annotated[
    Path | None,
    typer.Argument(
        metavar="[SOURCE]",
        help="A folder of exports, each a list (or a folder of them for each list), or "
        "a manifest in TOML.",
        show_default=False,
    ),
]
FacetOption = Annotated[
    list[str],
    typer.Option(
        "--facet", metavar="NAME:TYPE", help="A facet of the lists that are made."
    ),
]
ScanOption = Annotated[
    list[str],
    typer.Option(
        "--scan",
        metavar="PLACE",
        help="Look for addresses in a folder, a file, an SQLite file or "
        "postgresql://user@host/name.",
    ),
]
IgnoreOption = Annotated[
    list[str],
    typer.Option(
        "--ignore",
        metavar="DOMAIN",
        help="Addresses at this domain are your own and do not count.",
    ),
]


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(
        epilog="Example: listkeep adopt exports/ --facet plan:text --scan /var/log/app"
    )(adopt)


def adopt(  # noqa: PLR0913 - each is an option
    source: Source = None,
    *,
    facet: FacetOption = [],  # noqa: B006 - never changed
    mapping: MapOption = [],  # noqa: B006 - never changed
    scan: ScanOption = [],  # noqa: B006 - never changed
    ignore: IgnoreOption = [],  # noqa: B006 - never changed
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Take many lists over, and tell where addresses remain in plain text.

    Interrupted, it goes on where it was; files that are in already are passed over. A
    scan says where, never which; it ends with 0 only when nothing was found.
    """
    if source is None and not scan:
        raise WrongUsage("nothing to do", hint="name a folder, a manifest or --scan")
    steps = (
        _take_over(source, facets=facet, mapping=parse_mapping(mapping), name=name)
        if source
        else []
    )
    findings = _scan(scan, ignore) if scan else []
    _show(steps, findings, as_json=as_json)
    _judge(steps, findings)


def _take_over(
    source: Path, *, facets: list[str], mapping: dict[str, str], name: str
) -> "list[Step]":
    from listkeep.cli.adoption.adopting import Progress, plan  # noqa: PLC0415 - starts fast

    tasks = plan(source, facets=facets, mapping=mapping)
    instance = Instance.open()
    session = load_session(instance, name)
    kept = Progress(instance, source, person=session.person)
    with instance.dock(session.dock) as dock:
        return [
            _take(dock, kept, task, place=f"{number} of {len(tasks)}")
            for number, task in enumerate(tasks, 1)
        ]


def _take(dock: "DockClient", kept: "Progress", task: "Task", *, place: str) -> "Step":
    """Have one file in its list, unless it is there already.

    A file that is refused is told and left: the others go on. If keeper or dock are
    away, none would, and it ends.
    """
    from listkeep.cli.adoption.adopting import DONE, FAILED, digest_of  # noqa: PLC0415 - as above

    step, digest = kept.find(task), digest_of(task.path)
    if step.state == DONE and step.sha256 == digest:
        note(f"{place}: {task.shown} is in {task.part.name} already")
        return step
    step.sha256, step.state, step.code = digest, "", ""
    try:
        step.rows, step.rejected = _import(dock, task, text=f"{place}: {task.shown}")
    except ListkeepError as error:
        if error.exit_status == _AWAY:
            raise
        step.state, step.code = FAILED, str(error.code)
        note(f"{place}: {task.shown} is not in {task.part.name}")
        complain(error)
    else:
        step.state = DONE
        note(f"{place}: {plural(step.rows, 'row')} of {task.shown}")
    kept.keep(task, step)
    return step


def _import(dock: "DockClient", task: "Task", *, text: str) -> tuple[int, int]:
    part = task.part
    if part.name not in {each.name for each in dock.show_lists()}:
        dock.create_list(part.name, facets=part.facets)
    with task.path.open("rb") as file:
        size = task.path.stat().st_size
        begun = _begin(dock, part)
        with progress(text, total=size, is_bytes=True) as bar:
            done = dock.send_file(begun.id, file, size_bytes=size, progress=bar.move)
    return done.rows, done.rejected


def _begin(dock: "DockClient", part: "Part") -> "DockImport":
    """Begin an import; one that was interrupted may take a moment to end.

    Raises:
        ConflictError: Another import into this list goes on and on.
    """
    for _ in range(_PATIENCE):
        try:
            return dock.begin_import(
                part.name, mapping=part.map, request=part.request or None
            )
        except ConflictError as error:
            if error.code is not Code.BUSY:
                raise
        time.sleep(1)
    return dock.begin_import(part.name, mapping=part.map, request=part.request or None)


def _scan(places: list[str], ignored: list[str]) -> "list[Finding]":
    from listkeep.cli.adoption.scanning import Scan  # noqa: PLC0415 - starts fast

    with progress("looking for addresses", total=None, is_bytes=True) as bar:
        scan = Scan(ignored, bar=bar)
        findings = [finding for place in places for finding in scan.look(place)]
    looked = f"{plural(scan.places, 'place')}, {scan.bytes / 1e6:,.1f} MB"
    note(f"looked at {looked}")
    return findings


def _show(steps: "list[Step]", findings: "list[Finding]", *, as_json: bool) -> None:
    lists: list[dict[str, Any]] = [
        {
            "list": step.list,
            "file": step.file,
            "state": step.state,
            "rows": step.rows,
            "rejected": step.rejected,
            "code": step.code,
        }
        for step in steps
    ]
    places = [
        {"place": each.place, "what": each.what, "found": each.found}
        for each in findings
    ]
    if as_json:
        write_json({"lists": lists, "places": places})
        return
    if lists:
        columns = ("list", "file", "state", "rows", "rejected", "code")
        show_rows(lists, columns, as_json=False)
    if places:
        show_rows(places, ("place", "what", "found"), as_json=False)


def _judge(steps: "list[Step]", findings: "list[Finding]") -> None:
    """End well only if all lists are in and no address was found.

    Raises:
        RefusedError: A file is not in its list.
        VerificationError: Something looks like an address, or could not be looked at.
    """
    failed = [step for step in steps if step.code]
    if failed:
        if any(step.code == Code.BUDGET_SPENT for step in failed):
            hint("above 10,000 rows a day an owner signs: `listkeep request import`")
        raise RefusedError(
            f"{plural(len(failed), 'file')} of {len(steps)} not taken over",
            code=Code(failed[0].code),
            hint="the lines above say why; run it again afterwards",
        )
    if findings:
        raise VerificationError(
            f"addresses may remain: {plural(len(findings), 'place')}",
            code=Code.PLAINTEXT_REMAINS,
            hint="clear them up, then scan again; --ignore passes over your own domain",
        )
