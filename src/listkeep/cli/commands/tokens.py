"""``listkeep tokens``: what an application sees of a list."""

import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import WrongUsage, note, plural, write_bytes
from listkeep.cli.sessions import load_session
from listkeep.core.files.tools import Tool

from .lists import ListName, Segment
from .registry import read_rows


class StreamFormat(StrEnum):
    """How entries are written."""

    JSONL = "jsonl"
    CSV = "csv"


FormatOption = Annotated[
    StreamFormat | None,
    typer.Option(
        "--as-format", help="One JSON object a line, or CSV.", show_default="jsonl"
    ),
]
Limit = Annotated[
    int | None, typer.Option(min=0, help="At most so many.", show_default=False)
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="The same as --as-format jsonl.")
]
TokenDomain = Annotated[
    str,
    typer.Option(
        metavar="DOMAIN",
        envvar="LISTKEEP_TOKEN_DOMAIN",
        help="The domain of token addresses, for the file of a tool; that of the "
        "routes, if all have the same.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        *("--output", "-o"),
        metavar="FILE",
        help="Write it there, for your eyes only, and not to stdout.",
        show_default=False,
    ),
]
Names = Annotated[
    list[str],
    typer.Option(
        "--as",
        metavar="TOOL|NAME",
        help="mautic, listmonk, mailman or csv: the import file of that tool, with "
        "a token address in each row. Anything else is who you are "
        "(LISTKEEP_AS does as well); both may be given.",
        show_default=False,
    ),
]


class _Wanted(NamedTuple):
    """What is to be written, and where."""

    list_name: str
    segment: str
    limit: int | None
    output: Path | None


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(
        epilog="""Example: listkeep tokens news --as mautic --output mautic.csv
        --token-domain tok.example.com"""
    )(tokens)


def tokens(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    *,
    segment: Segment = "all",
    as_format: FormatOption = None,
    limit: Limit = None,
    as_json: JsonOption = False,
    token_domain: TokenDomain = "",
    output: Output = None,
    names: Names = [],  # noqa: B006 - never changed
) -> None:
    """Stream the entries of a segment: token, status and facets.

    The import file of a tool holds who is subscribed; `csv` says the status of all.
    """
    tool, name = choose(names, person=os.environ.get("LISTKEEP_AS", ""))
    wanted = _Wanted(list_name, segment, limit, output)
    if tool is None:
        if token_domain and "LISTKEEP_TOKEN_DOMAIN" not in os.environ:
            raise WrongUsage(
                "--token-domain is for the file of a tool",
                hint="add --as mautic, listmonk, mailman or csv",
            )
        chosen = StreamFormat.JSONL if as_json else as_format or StreamFormat.JSONL
        _stream(wanted, chosen, name=name)
        return
    if as_format or as_json:
        raise WrongUsage(
            "a tool has its own format", hint="leave --as-format and --json out"
        )
    domain = token_domain or _domain_of_routes(name)
    _write_file(wanted, tool, token_domain=domain, name=name)


def _domain_of_routes(name: str) -> str:
    """Take the token domain of the routes one may use, if all have the same.

    Raises:
        WrongUsage: There is no route, or they differ.
    """
    domains = {row["token_domain"] for row in read_rows("route", name=name)}
    if len(domains) != 1:
        raise WrongUsage(
            "--token-domain is missing",
            hint="the domain your mail server relays, for example tok.example.com",
        )
    return domains.pop()


def choose(names: list[str], *, person: str) -> tuple[Tool | None, str]:
    """Tell the tool from the person among the values of ``--as``.

    Raises:
        WrongUsage: Two tools or two people are named.
    """
    tools = [Tool(name) for name in names if name in set(Tool)]
    people = [name for name in names if name not in set(Tool)]
    if len(tools) > 1 or len(people) > 1:
        raise WrongUsage(
            "--as names more than one tool or person",
            hint="for example `--as mautic --as ben`",
        )
    return tools[0] if tools else None, people[0] if people else person


def _stream(wanted: _Wanted, chosen: StreamFormat, *, name: str) -> None:
    from listkeep.cli.adoption.token_files import open_output  # noqa: PLC0415 - starts fast

    instance = Instance.open()
    session = load_session(instance, name)
    heading = 1 if chosen is StreamFormat.CSV else 0
    with (
        instance.dock(session.dock) as dock,
        dock.stream_tokens(
            wanted.list_name, wanted.segment, file_format=chosen.value
        ) as chunks,
        open_output(wanted.output) if wanted.output else nullcontext() as file,
    ):
        write = file.write if file else write_bytes
        lines = None if wanted.limit is None else wanted.limit + heading
        for chunk in first_lines(chunks, lines):
            write(chunk)


def _write_file(wanted: _Wanted, tool: Tool, *, token_domain: str, name: str) -> None:
    from listkeep.cli.adoption.token_files import TokenFile, open_output  # noqa: PLC0415 - as above

    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        facets = tuple(
            facet.partition(":")[0] for facet in dock.show_list(wanted.list_name).facets
        )
        made = TokenFile(
            tool, token_domain=token_domain, facets=facets, limit=wanted.limit
        )
        with (
            dock.stream_tokens(wanted.list_name, wanted.segment) as stream,
            open_output(wanted.output) if wanted.output else nullcontext() as file,
        ):
            write = file.write if file else write_bytes
            for chunk in made.chunks(stream):
                write(chunk)
    note(f"{plural(made.written, 'token address')} for {tool}")
    if made.left_out:
        note(f"{plural(made.left_out, 'entry')} left out: not subscribed")


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
