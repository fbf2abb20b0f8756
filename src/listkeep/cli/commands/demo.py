"""``listkeep demo``: the whole story on a fresh instance, and thieves who really try.

The commands shown are run as they are shown, each as a process of its own. The
numbers are counted, none is expected: exit status 0 only if no thief got anything
but the insider, who gets at most the reveal budget, all of it in the ledger.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from listkeep.cli.demonstration.showing import is_kept
from listkeep.cli.home import Instance
from listkeep.cli.output import note, write_json
from listkeep.core.errors import Code, ConflictError, ListkeepError
from listkeep.wire.config import instance_home

from .staging import is_bare


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(
        epilog="Examples: listkeep demo --keep · listkeep demo --rows 20000 --json"
    )(demo)


def demo(
    *,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help="Tell no story in the terminal: leave an instance with one in it, "
            "running until Ctrl-C, and print the links.",
        ),
    ] = False,
    rows: Annotated[
        int, typer.Option(min=5000, help="How long the list is.")
    ] = 100_000,
    seed: Annotated[int, typer.Option(help="Same seed, same list.")] = 2011,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object at the end.")
    ] = False,
) -> None:
    """Tell the whole story in the terminal, thieves included.

    Makes a fresh instance in LISTKEEP_HOME (default ./var). An instance of an
    earlier demo there is replaced; any other is left alone, and so is one of --keep,
    which is started again.
    """
    if keep:
        _keep(instance_home())
        return
    from listkeep.cli.demonstration.narrator import Narrator  # noqa: PLC0415 - only the demo needs all this
    from listkeep.cli.demonstration.story import MARKER_FILE, Story, holds  # noqa: PLC0415 - as above

    home = instance_home()
    _make_room(home, marker=MARKER_FILE)
    with tempfile.TemporaryDirectory(prefix="listkeep-demo-") as folder:
        teller = Narrator(home, Path(folder), is_quiet=as_json)
        story = Story(home, Path(folder), rows=rows, seed=seed, teller=teller)
        result = story.tell()
    if as_json:
        write_json(result)
    if not holds(result):
        raise ListkeepError("the demo does not hold", hint="the figures say where")


def _keep(home: Path) -> None:
    """Make an instance that stays, or start the one that did."""
    from listkeep.cli.demonstration.kept import make_kept, tell_kept  # noqa: PLC0415 - only the demo needs it
    from listkeep.cli.demonstration.story import MARKER_FILE  # noqa: PLC0415 - as above

    from .up import run_until_stopped  # noqa: PLC0415 - starts fast

    if is_kept(home):
        note("there is a demo here already: it is started as it was left")
        run_until_stopped(Instance.open())
        return
    _make_room(home, marker=MARKER_FILE)
    note("this makes an instance with a story in it, in about half a minute")
    instance = make_kept(home)
    (home / MARKER_FILE).touch()
    run_until_stopped(instance, begin=tell_kept)


def _make_room(home: Path, *, marker: str) -> None:
    """Remove the instance of an earlier demo, and nothing else."""
    if is_kept(home):
        raise ConflictError(
            "a demo was kept here",
            code=Code.ALREADY_EXISTS,
            hint="start it with `listkeep up`, or remove its folder first",
        )
    if (home / marker).exists():
        shutil.rmtree(home)
    elif not is_bare(home):
        raise ConflictError(
            "there is something here that no demo made",
            code=Code.ALREADY_EXISTS,
            hint="set LISTKEEP_HOME to an empty folder for the demo",
        )
