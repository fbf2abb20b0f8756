"""``listkeep restore``: take a list back to an earlier time, after a look at it."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import (
    AsJson,
    Bar,
    WrongUsage,
    ask,
    is_interactive,
    note,
    plural,
    progress,
    show,
)
from listkeep.cli.request_ids import require_request_id
from listkeep.cli.sessions import As, load_session
from listkeep.core.errors import ListkeepError, MalformedError
from listkeep.core.grants import format_time, parse_time
from listkeep.wire.answers import DockPreview, DockRestore

from .lists import ListName

if TYPE_CHECKING:
    from listkeep.wire.dock import DockClient

_LOOK_SECONDS = 0.5
_ROUNDED = "of less than 1,000 entries the numbers are rounded to tens"
_AGO = re.compile(r"(\d{1,4})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

ToTime = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="TIME",
        help="When: 2026-01-05T12:00:00Z, a day, or how long ago: 90m, 2h, 3d.",
        show_default=False,
    ),
]
BeforeChange = Annotated[
    int,
    typer.Option(
        "--before",
        metavar="NUMBER",
        min=0,
        help="Instead of a time: just before a change of its history.",
        show_default=False,
    ),
]


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep restore news --to 2h --dry-run")(restore)


def restore(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    *,
    to: ToTime = "",
    before: BeforeChange = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
    request: Annotated[
        str, typer.Option(metavar="ID", help="A granted request, above the budget.")
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it without asking, after a look.")
    ] = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Take a list back to an earlier time, whole or not at all.

    Entries become what they were, those that came later go. Whoever unsubscribed,
    bounced or complained since stays so, and who was erased stays away. This can be
    taken back like any other change.
    """
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        moment = find_moment(dock, list_name, to=to, before=before)
        seen = dock.preview_restore(list_name, moment, before=before)
        if dry_run:
            show(_describe(seen, as_json=as_json), as_json=as_json)
            return
        _tell(seen)
        _confirm(yes=yes)
        begun = dock.begin_restore(
            list_name,
            moment,
            latest=seen.latest,
            request=require_request_id(request) if request else None,
            before=before,
        )
        with progress("taking the list back", total=begun.total) as bar:
            done = _run(dock, begun, bar)
    _show_end(done, as_json=as_json)


def find_moment(dock: "DockClient", list_name: str, *, to: str, before: int) -> str:
    """Find the time that was meant; of a change, one between it and the last before it.

    Raises:
        WrongUsage: Neither a time nor a change was named, or both, or there is none.
    """
    if bool(to) == bool(before):
        raise WrongUsage("say when: --to TIME or --before NUMBER")
    if to:
        return read_moment(to, now=datetime.now(UTC))
    found: datetime | None = None
    for change in dock.read_history(list_name):
        at = parse_time(change.at)
        if found is not None:  # this is the one before
            return format_time(max(found, at))
        if change.number == before:
            found = at - timedelta(seconds=1)
    if found is not None:
        return format_time(found)
    raise WrongUsage(
        "the list has no such change", hint=f"see `listkeep history {list_name}`"
    )


def read_moment(text: str, *, now: datetime) -> str:
    """Read a time as people write it; UTC, whole seconds.

    Raises:
        WrongUsage: It is none.
    """
    if ago := _AGO.fullmatch(text):
        return format_time(now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    with suppress(MalformedError):
        return format_time(parse_time(f"{text}T00:00:00Z" if len(text) == 10 else text))
    raise WrongUsage(
        "this is no time", hint="2026-01-05T12:00:00Z (UTC), 2026-01-05, 90m, 2h or 3d"
    )


def _run(dock: "DockClient", begun: DockRestore, bar: Bar) -> DockRestore:
    """Wait for the end, and say meanwhile how far it has come."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(dock.run_restore, begun.id)
        while True:
            try:
                return running.result(timeout=_LOOK_SECONDS)
            except TimeoutError:
                with suppress(ListkeepError):
                    bar.move(dock.show_restore(begun.id).rows)


def _describe(seen: DockPreview, *, as_json: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "moment": seen.moment,
        "changes": seen.changes,
        "come_back": seen.come_back,
        "change": seen.change,
        "go": seen.go,
        "stay_suppressed": seen.stay_suppressed,
        "facets": dict(seen.facets),
        "rows": seen.rows,
    }
    if as_json:
        facts["rounded"] = seen.rounded
    else:
        if seen.rounded:
            note(_ROUNDED)
        facts["facets"] = [f"{name} {count:,}" for name, count in seen.facets.items()]
    return facts


def _tell(seen: DockPreview) -> None:
    note(f"back to {seen.moment}: {plural(seen.changes, 'change')} taken back")
    note(f"  {plural(seen.come_back, 'entry')} come back")
    note(f"  {plural(seen.change, 'entry')} change")
    for name, count in seen.facets.items():
        note(f"    {name} of {count:,}")
    note(f"  {plural(seen.go, 'entry')} go")
    note(f"  {plural(seen.stay_suppressed, 'entry')} stay suppressed")
    if seen.rounded:
        note(_ROUNDED)


def _show_end(done: DockRestore, *, as_json: bool) -> None:
    if done.refused:
        stayed = plural(done.refused, "entry")
        note(f"{stayed} did not come back: erased, or under a key that is gone")
    names = ("added", "updated", "removed", "refused")
    show({name: getattr(done, name) for name in names}, as_json=as_json)


def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not is_interactive():
        raise WrongUsage(
            "nobody is there to confirm this",
            hint="add --yes, after a look with --dry-run",
        )
    if ask("take the list back? type yes:").lower() not in ("y", "yes"):
        raise WrongUsage("nothing was changed")
