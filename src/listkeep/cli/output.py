"""The rules of this terminal interface.

Data goes to stdout and nothing else does, so that a pipe gets what it asked for.
Words go to stderr, as ``listkeep: …`` in lower case and without a full stop; what
to do next follows as ``listkeep: hint: …``. Nothing that came from a list or a
person reaches a terminal with control characters in it: a name in a stolen file
must not be able to move the cursor of whoever looks at it.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Protocol

import typer
from rich.cells import cell_len

from listkeep.core.errors import ListkeepError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Row = Mapping[str, Any]


class WrongUsage(typer.BadParameter):
    """The command was called in a way that cannot work; our words, exit status 2."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Say what is wrong and what to do."""
        super().__init__(message)
        self.hint = hint


def note(text: str) -> None:
    """Say something to the person; it is not data."""
    print(f"listkeep: {clean(text)}", file=sys.stderr, flush=True)  # noqa: T201


def hint(text: str) -> None:
    """Say what to do next."""
    note(f"hint: {text}")


def complain(error: ListkeepError) -> None:
    """Say what went wrong and what to do."""
    note(error.message)
    if error.hint:
        hint(error.hint)


def write(text: str) -> None:
    """Write a line of data."""
    sys.stdout.write(f"{text}\n")


def write_bytes(data: bytes) -> None:
    """Write data as it is."""
    sys.stdout.buffer.write(data)


def write_json(value: Any) -> None:
    """Write one JSON document."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    safe = (c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    write("".join(safe))


def write_table(rows: Iterable[Row], columns: Sequence[str]) -> None:
    """Write rows below their headings, as wide as they are; nothing is cut off."""
    lines = [[column.replace("_", " ") for column in columns]]
    lines += [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (
            text + " " * (width - cell_len(text))
            for text, width in zip(line, widths, strict=True)
        )
        write("  ".join(padded).rstrip())


def write_facts(facts: Row) -> None:
    """Write names and values, one pair a line."""
    for line in format_facts(facts):
        write(line)


def format_facts(facts: Row) -> Iterator[str]:
    """Line names and values up."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        yield f"{name.replace('_', ' '):<{width}}  {_cell(value)}".rstrip()


def show(value: Row, *, as_json: bool) -> None:
    """Write one thing, as JSON or as facts."""
    if as_json:
        write_json(value)
    else:
        write_facts(value)


def show_rows(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool) -> None:
    """Write many things, as JSON or as a table."""
    if as_json:
        write_json(list(rows))
    elif rows:
        write_table(rows, columns)
    else:
        note("nothing to show")


def clean(text: str) -> str:
    """Replace what could steer a terminal; lines stay."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def plural(count: int, noun: str) -> str:
    """Write a number with its noun."""
    if count != 1:
        is_hard = noun.endswith("y") and noun[-2:-1] not in "aeiou"
        if noun.endswith("s"):
            noun += "e"
        noun = f"{noun[:-1]}ies" if is_hard else f"{noun}s"
    return f"{count:,} {noun}"


def is_interactive() -> bool:
    """Tell whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """Ask the person; the question does not mix with data.

    Raises:
        EOFError: Nobody answers.
    """
    print(f"listkeep: {question} ", end="", file=sys.stderr, flush=True)  # noqa: T201
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip()


class Bar(Protocol):
    """Progress as the person sees it."""

    def move(self, done: int, *, text: str = "") -> None:
        """Say how far it has come, and what is going on."""


class _NoBar:
    def move(self, done: int, *, text: str = "") -> None:
        """Say nothing: nobody is watching."""


@contextmanager
def progress(text: str, *, total: int | None, is_bytes: bool = False) -> Iterator[Bar]:
    """Show progress on stderr while the block runs, if that is a terminal."""
    if not sys.stderr.isatty():
        yield _NoBar()
        return
    from .progress import TerminalBar  # noqa: PLC0415 - only a terminal needs it

    with TerminalBar(text, total=total, is_bytes=is_bytes) as bar:
        yield bar


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return "; ".join(_cell(item) for item in value)
    return clean(str(value)).replace("\n", "�")
