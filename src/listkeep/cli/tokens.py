"""``listkeep tokens``: what an application sees of a list."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated

import typer

from .home import Instance
from .lists import ListName, Segment
from .output import write_bytes
from .sessions import As, load_session


class StreamFormat(StrEnum):
    """How entries are written."""

    JSONL = "jsonl"
    CSV = "csv"


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(
        epilog="""Example: listkeep tokens news -s 'plan = "pro"' --limit 5"""
    )(tokens)


def tokens(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    *,
    segment: Segment = "all",
    as_format: Annotated[
        StreamFormat, typer.Option(help="One JSON object a line, or CSV.")
    ] = StreamFormat.JSONL,
    limit: Annotated[
        int | None, typer.Option(min=0, help="At most so many.", show_default=False)
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as --as-format jsonl.")
    ] = False,
    name: As = "",
) -> None:
    """Stream the entries of a segment: token, status and facets."""
    chosen = StreamFormat.JSONL if as_json else as_format
    instance = Instance.open()
    session = load_session(instance, name)
    heading = 1 if chosen is StreamFormat.CSV else 0
    with (
        instance.dock(session.dock) as dock,
        dock.stream_tokens(list_name, segment, file_format=chosen.value) as chunks,
    ):
        lines = None if limit is None else limit + heading
        for chunk in first_lines(chunks, lines):
            write_bytes(chunk)


def first_lines(chunks: Iterable[bytes], count: int | None) -> Iterator[bytes]:
    """Pass on so many lines; no facet holds a newline, so lines are rows."""
    for chunk in chunks:
        if count is None:
            yield chunk
            continue
        if not count:
            return
        found = chunk.count(b"\n")
        if found < count:
            count -= found
            yield chunk
            continue
        end = 0
        for _ in range(count):
            end = chunk.index(b"\n", end) + 1
        yield chunk[:end]
        return
