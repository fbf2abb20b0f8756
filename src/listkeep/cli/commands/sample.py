"""``listkeep sample``: a realistic audience to play with, of nobody's addresses."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from listkeep.cli.output import note, progress, write_bytes
from listkeep.core.errors import Code, ConflictError

if TYPE_CHECKING:
    from listkeep.drill.audience import SampleAudience

_CHUNK_ROWS = 1000


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep sample audience.csv --rows 20000")(sample)


def sample(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A new file; - is standard output.")
    ],
    *,
    rows: Annotated[int, typer.Option(min=1, help="How many rows.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same file.")] = 1,
) -> None:
    """Write an audience as Mailchimp exports it: names, providers, dirt and all.

    Domains are big mailbox providers' or reserved ones. The same rows and seed make
    the same bytes.
    """
    from listkeep.drill.audience import SampleAudience  # noqa: PLC0415

    audience = SampleAudience(rows=rows, seed=seed)
    if file == "-":
        for chunk in audience:
            write_bytes(chunk)
        sys.stdout.buffer.flush()
    else:
        _write(Path(file), audience)
    note(
        f"{rows:,} rows: {audience.good:,} good, {audience.duplicates:,} duplicates, "
        f"{audience.bad:,} broken"
    )


def _write(path: Path, audience: "SampleAudience") -> None:
    try:
        target = path.open("xb")
    except FileExistsError as error:
        raise ConflictError(
            "there is such a file already",
            code=Code.ALREADY_EXISTS,
            hint="choose another name",
        ) from error
    try:
        with target, progress("writing", total=audience.rows) as bar:
            for number, chunk in enumerate(audience):
                target.write(chunk)
                bar.move(number * _CHUNK_ROWS)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
