"""``listkeep job``: what the dock does in the background, on the dock's own machine."""

import os
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, hint, note, show_rows
from listkeep.core.errors import UnavailableError

app = typer.Typer(
    no_args_is_help=True,
    help="What is done in the background, when it ran and what waits.",
)
_COLUMNS = ("name", "every", "last_at", "outcome", "next_at", "backlog", "what")


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="job")


@app.command("ls", epilog="Example: listkeep job ls --json")
def show_all(*, as_json: AsJson = False) -> None:
    """Show every job: what it does, when it ran, how that went, and what waits.

    Read from the dock's database, so this is for its own machine and user.
    """
    _begin()
    from listkeep.dock.project.worker import list_jobs  # noqa: PLC0415

    rows = [_describe(view) for view in list_jobs()]
    show_rows(rows, _COLUMNS, as_json=as_json)
    if not any(row["last_at"] for row in rows):
        note("no job has run yet")
        hint("`listkeep up` starts the worker, or run `listkeep serve worker`")


@app.command(epilog="Example: listkeep job run deliver")
def run(
    job: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
) -> None:
    """Run one job now; if a worker runs, it does so at once."""
    _begin()
    from listkeep.dock.project.worker import is_fine, run_job  # noqa: PLC0415

    outcome = run_job(job)
    if outcome is None:
        note(f"{job} is due: the worker does it at once")
    elif is_fine(outcome):
        note(f"{job} is done")
    else:
        raise UnavailableError(
            f"{job} did not end well: {outcome}",
            hint="the line above says more; it is tried again by itself",
        )


def _begin() -> None:
    Instance.open()
    os.umask(0o077)
    os.environ["DJANGO_SETTINGS_MODULE"] = "listkeep.dock.project.settings"
    import django  # noqa: PLC0415

    django.setup()


def _describe(view: Any) -> dict[str, Any]:
    return {
        "name": view.name,
        "what": view.what,
        "every": _span(view.every),
        "last_at": _moment(view.last_at),
        "outcome": view.outcome,
        "done": view.done,
        "next_at": _moment(view.next_at),
        "backlog": view.backlog,
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _span(span: timedelta) -> str:
    """Write a span in its largest whole unit."""
    seconds = int(span.total_seconds())
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
