"""``listkeep request``: ask for what needs a signature, and see what was asked."""

import hashlib
from collections.abc import Iterator
from typing import Annotated, BinaryIO

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import (
    AsJson,
    Bar,
    note,
    plural,
    progress,
    show_rows,
    write_facts,
    write_json,
)
from listkeep.cli.request_ids import RequestId, require_request_id
from listkeep.cli.sessions import As, load_session
from listkeep.cli.signing import describe_terms, describe_view, read_terms
from listkeep.core.canonical import encode
from listkeep.core.grants import Action
from listkeep.wire import messages as m

from .drafting import SignAtOnce, Why, draft, show_or_sign
from .import_file import (
    FileFormat,
    FileName,
    FormatOption,
    MapOption,
    open_input,
    parse_mapping,
)
from .lists import ListName, Segment
from .request_send import EXAMPLE, send
from .restore import BeforeChange, ToTime, find_moment
from .reveal import keep_identity, make_identity
from .suppress import Reason, Tokens, read_tokens

app = typer.Typer(
    no_args_is_help=True,
    help="Ask for what needs a signature: the keeper writes the exact terms, "
    "people sign them.",
)
_CHUNK_BYTES = 1024 * 1024

Hours = Annotated[
    int, typer.Option(min=1, max=2160, help="How long the terms are valid.")
]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=EXAMPLE)(send)
    program.add_typer(app, name="request")


@app.command(
    epilog="Example: listkeep request reveal news TOKEN --purpose 'complaint 4711'"
)
def reveal(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    tokens: Tokens,
    *,
    purpose: Why,
    hours: Hours = 24,
    sign_at_once: SignAtOnce = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Ask to see up to 10 addresses, on this machine, once."""
    identity = make_identity(Instance.open())
    instance, view = draft(
        m.DraftRequest(
            session="",
            action=Action.REVEAL.value,
            purpose=purpose,
            list=list_name,
            selection=" ".join(read_tokens(tokens)),
            recipient=str(identity.to_public()),
            valid_seconds=hours * 3600,
        ),
        name=name,
    )
    keep_identity(instance, view.id, identity)
    show_or_sign(instance, view, name=name, sign_at_once=sign_at_once, as_json=as_json)


@app.command(
    epilog="Example: listkeep request export news --rows 1000 --recipient warehouse "
    "--purpose 'autumn letter'"
)
def export(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    *,
    rows: Annotated[int, typer.Option(min=1, help="How many rows may leave at most.")],
    recipient: Annotated[
        str, typer.Option(metavar="NAME", help="For whom; an enrolled recipient.")
    ],
    purpose: Why,
    segment: Segment = "all",
    hours: Hours = 24,
    sign_at_once: SignAtOnce = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Ask for a file that only an enrolled recipient can open."""
    instance, view = draft(
        m.DraftRequest(
            session="",
            action=Action.EXPORT.value,
            purpose=purpose,
            list=list_name,
            selection=segment,
            cap=rows,
            recipient=recipient,
            valid_seconds=hours * 3600,
        ),
        name=name,
    )
    show_or_sign(instance, view, name=name, sign_at_once=sign_at_once, as_json=as_json)


@app.command(
    "import",
    epilog="Example: listkeep request import news audience.csv --purpose 'migration'",
)
def import_file(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    file: FileName,
    *,
    purpose: Why,
    file_format: FormatOption = FileFormat.AUTO,
    mapping: MapOption = [],  # noqa: B006 - never changed
    hours: Hours = 24,
    sign_at_once: SignAtOnce = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Ask to import this very file, of any size: its rows and digest are signed."""
    with (
        open_input(file) as (source, size),
        progress("counting", total=size, is_bytes=True) as bar,
    ):
        rows, sha256 = _measure(source, file_format, mapping, bar)
    note(f"the file has {plural(rows, 'good row')}")
    instance, view = draft(
        m.DraftRequest(
            session="",
            action=Action.IMPORT.value,
            purpose=purpose,
            list=list_name,
            cap=rows,
            subject=encode({"rows": str(rows), "sha256": sha256}).decode(),
            valid_seconds=hours * 3600,
        ),
        name=name,
    )
    show_or_sign(instance, view, name=name, sign_at_once=sign_at_once, as_json=as_json)


@app.command(
    epilog="Example: listkeep request suppress news - --reason bounced "
    "--purpose 'old bounces' < tokens.txt"
)
def suppress(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    tokens: Tokens,
    *,
    reason: Annotated[Reason, typer.Option(help="Why they may not be written to.")],
    purpose: Why,
    hours: Hours = 24,
    sign_at_once: SignAtOnce = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Ask to suppress more entries than a day's budget."""
    instance, view = draft(
        m.DraftRequest(
            session="",
            action=Action.SUPPRESS.value,
            purpose=purpose,
            list=list_name,
            cap=len(read_tokens(tokens)),
            subject=encode({"reason": reason.value}).decode(),
            valid_seconds=hours * 3600,
        ),
        name=name,
    )
    show_or_sign(instance, view, name=name, sign_at_once=sign_at_once, as_json=as_json)


@app.command(
    epilog="Example: listkeep request restore news --to 2h --purpose 'wrong file'"
)
def restore(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    *,
    purpose: Why,
    to: ToTime = "",
    before: BeforeChange = 0,
    hours: Hours = 24,
    sign_at_once: SignAtOnce = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Ask to take back more changes of a list than a day's budget allows."""
    instance = Instance.open()
    with instance.dock(load_session(instance, name).dock) as dock:
        moment = find_moment(dock, list_name, to=to, before=before)
        seen = dock.preview_restore(list_name, moment, before=before)
    note(f"back to {moment}: {plural(seen.rows, 'entry')} would change")
    instance, view = draft(
        m.DraftRequest(
            session="",
            action=Action.LIST_RESTORE.value,
            purpose=purpose,
            list=list_name,
            cap=seen.rows,
            subject=encode({"moment": moment}).decode(),
            valid_seconds=hours * 3600,
        ),
        name=name,
    )
    show_or_sign(instance, view, name=name, sign_at_once=sign_at_once, as_json=as_json)


@app.command("ls", epilog="Example: listkeep request ls --waiting --json")
def show_all(
    *,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only those somebody still has to sign.")
    ] = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Show the requests you may see, oldest first."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.keeper() as keeper:
        views = keeper.show_requests(
            m.ShowRequest(
                session=session.keeper, states=("waiting",) if waiting else ()
            )
        ).requests
    rows = [describe_view(view, read_terms(instance, view)) for view in views]
    if not as_json:
        rows = [{**row, "rows": row["rows"] or None} for row in rows]
    columns = ("id", "action", "state", "rows", "purpose", "signed_by", "missing")
    show_rows(rows, columns, as_json=as_json)


@app.command("show", epilog="Example: listkeep request show r_abcdefghijkl --json")
def show_one(request: RequestId, *, name: As = "", as_json: AsJson = False) -> None:
    """Show the exact terms of a request, who signed, and what is missing."""
    instance = Instance.open()
    view = find_request(instance, request, name=name)
    terms = read_terms(instance, view)
    if as_json:
        write_json(describe_view(view, terms))
        return
    facts = {"request": view.id, "action": terms.action.value, "state": view.state}
    write_facts({**facts, **describe_terms(view, terms)})


def find_request(instance: Instance, request: str, *, name: str) -> m.RequestView:
    """Read one request, or a draft of one."""
    session = load_session(instance, name)
    message = m.ShowRequest(session=session.keeper, request=require_request_id(request))
    with instance.keeper() as keeper:
        return keeper.show_requests(message).requests[0]


def _measure(
    source: BinaryIO, file_format: FileFormat, mapping: list[str], bar: Bar
) -> tuple[int, str]:
    """Count the good rows of a file and name its bytes, in one reading."""
    from listkeep.core.files import open_audience  # noqa: PLC0415 - it is large

    digest, done = hashlib.sha256(), 0

    def chunks() -> Iterator[bytes]:
        nonlocal done
        while chunk := source.read(_CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            bar.move(done)
            yield chunk

    audience = open_audience(
        chunks(), format=file_format.value, mapping=parse_mapping(mapping)
    )
    rows = sum(len(batch.addresses) for batch in audience.batches())
    return rows, digest.hexdigest()
