"""``listkeep ledger``: read what was recorded, and verify that it is all of it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from listkeep.cli.home import PRIVATE_FILE, Instance, write_private_json
from listkeep.cli.output import AsJson, hint, note, plural, progress, show, show_rows
from listkeep.cli.replaying import Source, audit, read_live, write_lines
from listkeep.cli.sessions import As, load_session
from listkeep.cli.verification import MAX_ENTRY_BYTES, verify_ledger
from listkeep.core.canonical import parse
from listkeep.core.errors import Code, ConflictError, MalformedError
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.note import NoteKey
from listkeep.core.ledger.tree import TreeHead
from listkeep.wire import messages as m

from .recover import recover

if TYPE_CHECKING:
    from listkeep.wire.keeper import KeeperClient

app = typer.Typer(
    no_args_is_help=True,
    help="What was recorded, and the proof that nothing was taken out of it.",
)
_PAGE = 500
_SEEN = "ledger-head.json"
_IN_COLUMNS = frozenset(
    {"index", "version", "event", "at", "salt", "list_sequence", "list_previous"}
)
_LONGEST_VALUE = 60


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="ledger")


app.command(epilog="Example: listkeep ledger recover --as cleo")(recover)


@app.command("show", epilog="Example: listkeep ledger show --event export.completed")
def show_entries(
    *,
    list_name: Annotated[
        str, typer.Option("--list", metavar="LIST", help="Only about this list (id).")
    ] = "",
    event: Annotated[
        Event | None, typer.Option(help="Only of this kind.", show_default=False)
    ] = None,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Show the entries you may read. They hold ids and counts, never an address."""
    instance = Instance.open()
    session = load_session(instance, name)
    list_id = _resolve_list(instance, session.dock, list_name)
    rows = []
    with instance.keeper() as keeper:
        for entry in _entries(keeper, session.keeper):
            if not entry.body:
                continue
            fields = parse(entry.body, max_bytes=MAX_ENTRY_BYTES)
            if list_id and fields.get("list") != list_id:
                continue
            if event is None or fields["event"] == event.value:
                rows.append({"index": entry.index, **fields})
    if not as_json:
        rows = [{**row, "facts": _facts(row)} for row in rows]
    show_rows(rows, ("index", "at", "event", "facts"), as_json=as_json)


@app.command(epilog="Example: listkeep ledger verify --as cleo --json")
def verify(
    *,
    recovered: Annotated[
        bool,
        typer.Option(
            "--recovered",
            help="You know that the end of the ledger was lost and given up: what was "
            "remembered here of it is forgotten.",
        ),
    ] = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Verify the whole ledger against the key pinned when this instance was made.

    Of each list you may read about, no entry is missing: the newest is proven.
    The head that was verified is remembered here: a later ledger has to contain it.
    """
    instance = Instance.open()
    session = load_session(instance, name)
    seen = _load_seen(instance)
    with instance.keeper() as keeper, progress("verifying", total=None) as bar:
        verified = verify_ledger(
            lambda start: _page(keeper, session.keeper, start),
            lambda list_id: keeper.read_list_head(
                m.ReadListHead(session=session.keeper, list=list_id)
            ),
            key=NoteKey.parse(instance.config.ledger_key),
            seen=seen,
            knows_of_loss=recovered,
            progress=lambda done, _size: bar.move(done),
        )
    head = {"size": verified.head.size, "root": verified.head.root.hex()}
    write_private_json(instance.private / _SEEN, head)
    facts: dict[str, Any] = {
        "verified": True,
        "entries": verified.head.size,
        "root": verified.head.root.hex(),
        "read": verified.read,
        "lists": verified.lists,
        "list_heads": verified.heads_checked,
    }
    if seen is not None and not recovered:
        facts["contains_seen"] = seen.size
    show(facts, as_json=as_json)
    note(f"the ledger is whole: {plural(verified.head.size, 'entry')}")
    hidden = verified.head.size - verified.read
    if hidden:
        note(f"{hidden:,} of them are not yours to read; their hashes were verified")


@app.command(epilog="Example: listkeep ledger export ledger.txt --as cleo")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    *,
    name: As = "",
) -> None:
    """Write the whole ledger to a file an auditor can verify without a server.

    Its checkpoint, an empty line, then one entry a line. It is replayed while it is
    written, and not kept when that fails. Only a custodian can read every entry.
    """
    if file.exists():
        raise ConflictError(
            "there is such a file already",
            code=Code.ALREADY_EXISTS,
            hint="choose another name",
        )
    instance = Instance.open()
    genesis = instance.config.require_genesis()
    draft = file.with_name(f".{file.name}.part")
    try:
        descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, PRIVATE_FILE)
        with (
            os.fdopen(descriptor, "wb") as out,
            live_source(instance, name) as source,
            progress("writing", total=None) as bar,
        ):
            found = audit(
                write_lines(source, out.write),
                genesis=genesis,
                key=NoteKey.parse(instance.config.ledger_key),
                progress=bar.move,
            )
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)
    note(f"wrote {plural(found.walk.frontier.size, 'entry')} to {file}")
    hint(f"verify it with --genesis {genesis}")


@contextmanager
def live_source(instance: Instance, name: str) -> Iterator[Source]:
    """Read the ledger from the running keeper, for whoever may read all of it."""
    session = load_session(instance, name)
    with instance.keeper() as keeper:
        yield read_live(
            lambda start: _page(keeper, session.keeper, start),
            key=NoteKey.parse(instance.config.ledger_key),
        )


def _entries(keeper: "KeeperClient", session: str) -> Iterator[m.LedgerEntry]:
    start = 0
    while entries := _page(keeper, session, start).entries:
        yield from entries
        start += len(entries)


def _page(keeper: "KeeperClient", session: str, start: int) -> m.LedgerPage:
    return keeper.read_ledger(m.ReadLedger(session=session, start=start, limit=_PAGE))


def _resolve_list(instance: Instance, bearer: str, name: str) -> str:
    """Find a list's id; custodians have no lists to look among and give the id."""
    if not name or name.startswith("l_"):
        return name
    with instance.dock(bearer) as dock:
        return dock.show_list(name).id


def _facts(row: dict[str, Any]) -> str:
    parts = []
    for key, value in row.items():
        if key in _IN_COLUMNS or key.startswith("assertion") or not value:
            continue
        short = value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}…"
        parts.append(f"{key}={short}")
    return " ".join(parts)


def _load_seen(instance: Instance) -> TreeHead | None:
    try:
        facts = json.loads((instance.private / _SEEN).read_text())
        return TreeHead(int(facts["size"]), bytes.fromhex(facts["root"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedError(
            "the remembered head of the ledger is damaged",
            code=Code.CONFIG_INVALID,
            hint=f"look why, then remove cli/{_SEEN}",
        ) from error
