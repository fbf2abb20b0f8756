"""``listkeep registry``: who may do what, proven from the entries and nothing else."""

from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import (
    AsJson,
    WrongUsage,
    note,
    plural,
    progress,
    show_rows,
    write,
    write_facts,
    write_json,
    write_table,
)
from listkeep.cli.replaying import Audit, Row, audit, open_requests, read_file
from listkeep.cli.sessions import As
from listkeep.core.errors import UnavailableError
from listkeep.core.grants import Decision, format_time
from listkeep.core.ledger.note import NoteKey
from listkeep.core.registry.facts import RequestFacts

from .ledger import live_source

app = typer.Typer(
    no_args_is_help=True,
    help="Who may do what, replayed from the ledger: no server, no secret needed.",
)


class Kind(StrEnum):
    """A part of the registry."""

    PEOPLE = "people"
    TENANTS = "tenants"
    SERVICES = "services"
    RECIPIENTS = "recipients"
    FREEZES = "freezes"
    REQUESTS = "requests"


_COLUMNS: dict[str, tuple[str, ...]] = {
    "people": ("id", "name", "role", "tenant", "since", "entry", "request", "signed"),
    "tenants": ("id", "name", "since", "entry", "request", "signed"),
    "services": ("id", "name", "kind", "tenant", "since", "entry", "request", "signed"),
    "recipients": ("id", "name", "tenant", "since", "entry", "request", "signed"),
    "freezes": ("classes", "tenant", "side"),
    "requests": ("id", "action", "tenant", "expires", "signed"),
}
_WORDS = {
    Decision.REQUEST: "asked",
    Decision.APPROVE: "approved",
    Decision.DENY: "denied",
}
_THIS_KEEPER = "(operator)"

File = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="What `listkeep ledger export` wrote.",
        show_default=False,
    ),
]
Genesis = Annotated[
    str,
    typer.Option(
        metavar="DIGEST",
        help="The pinned genesis, as `init` and `status` say it; else this instance's.",
        show_default=False,
    ),
]
Key = Annotated[
    str,
    typer.Option(
        metavar="KEY",
        help="The public key of the checkpoints, as `status` says it.",
        show_default=False,
    ),
]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="registry")


@app.command(epilog="Example: listkeep registry verify ledger.txt --genesis 0f3a…")
def verify(  # noqa: PLR0913 - one per word of the command
    file: File = None,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Read from the keeper instead of a file.")
    ] = False,
    genesis: Genesis = "",
    key: Key = "",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Replay all authority from the genesis, and say who holds it and by whose word.

    Every signature is verified again and every decision made again, from the entries
    alone. Without the key of the checkpoints nobody can tell whether an entry is
    missing at the end. Exit status 1 when an entry fails; it says which.
    """
    if (file is None) != live:
        raise WrongUsage("give the file of an export, or --live")
    found = _replay(file, genesis=genesis, key=key, name=name)
    facts = _facts(found)
    if as_json:
        write_json({**facts, **{kind: _rows(found, kind) for kind in Kind}})
    else:
        write_facts(facts)
        for kind in Kind:
            _write_kind(found, kind)
    note(f"the registry follows from {plural(facts['entries'], 'entry')}")
    if not found.is_signed:
        note("nobody can tell whether an entry is missing at the end: no key was given")


@app.command("show", epilog="Example: listkeep registry show ledger.txt --what people")
def show_registry(  # noqa: PLR0913 - one per word of the command
    file: File = None,
    *,
    what: Annotated[Kind, typer.Option(help="What to show.")] = Kind.PEOPLE,
    genesis: Genesis = "",
    key: Key = "",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Show one part of the replayed registry, of a file or of the running keeper."""
    found = _replay(file, genesis=genesis, key=key, name=name)
    show_rows(_rows(found, what), _COLUMNS[what], as_json=as_json)


def _replay(file: Path | None, *, genesis: str, key: str, name: str) -> Audit:
    pins = _Pins(genesis, key)
    opened = (
        nullcontext(read_file(file)) if file else live_source(Instance.open(), name)
    )
    with opened as source, progress("replaying", total=None) as bar:
        return audit(
            source,
            genesis=pins.genesis,
            key=NoteKey.parse(pins.key) if pins.key else None,
            progress=bar.move,
        )


class _Pins:
    """What the reader trusts beforehand: as typed, else as this instance has it."""

    def __init__(self, genesis: str, key: str) -> None:
        self.genesis, self.key = genesis, key
        if genesis:
            return
        try:
            config = Instance.open().config
        except UnavailableError:
            raise WrongUsage(
                "say which genesis to begin with",
                hint="add --genesis DIGEST, as the custodians wrote it down",
            ) from None
        self.genesis, self.key = config.require_genesis(), key or config.ledger_key


def _facts(found: Audit) -> Row:
    head = found.walk.frontier.head
    return {
        "verified": True,
        "genesis": found.registry.pinned["genesis"],
        "keeper": found.registry.keeper,
        "profile": found.registry.profile,
        "entries": head.size,
        "root": head.root.hex(),
        "complete": found.is_signed,
        "newest_entry": head.size - 1,
        "newest_event": found.newest["event"],
        "newest_at": found.newest["at"],
    }


def _rows(found: Audit, kind: str) -> list[Row]:
    registry = found.registry
    if kind == "freezes":
        return [
            {"classes": classes, "tenant": _tenant(found, tenant), "side": side}
            for tenant, classes, side in sorted(registry.freezes)
        ]
    if kind == "requests":
        return [_open_request(found, request) for request in open_requests(found)]
    rows: dict[str, Any] = getattr(registry, kind)
    return [
        {
            "id": row.id,
            "name": row.name,
            **_details(found, row),
            **_origin(found, row.id),
        }
        for row in rows.values()
    ]


def _details(found: Audit, row: Any) -> Row:
    details = {
        name: str(getattr(row, name)) for name in ("role", "kind") if hasattr(row, name)
    }
    if hasattr(row, "tenant"):
        details["tenant"] = _tenant(found, row.tenant)
    return details


def _origin(found: Audit, row_id: str) -> Row:
    """Say by which entry, which request and whose signatures a row is as it is."""
    change = found.changes[row_id]
    request = found.registry.requests.get(change.request)
    return {
        "since": change.at,
        "entry": change.index,
        "request": change.request or "(genesis)",
        "signed": _signatures(found, request),
    }


def _signatures(found: Audit, request: RequestFacts | None) -> list[str]:
    if request is None:
        return ["both custodians vouched"]
    return [
        f"{found.names[signed.person]} {_WORDS[Decision(signed.decision)]} "
        f"{format_time(signed.at)}"
        for signed in request.signed
    ]


def _open_request(found: Audit, request: RequestFacts) -> Row:
    return {
        "id": request.id,
        "action": request.terms.action.value,
        "tenant": _tenant(found, request.terms.tenant),
        "expires": format_time(request.terms.expires),
        "signed": _signatures(found, request),
    }


def _tenant(found: Audit, tenant: str) -> str:
    return found.names.get(tenant, tenant) or _THIS_KEEPER


def _write_kind(found: Audit, kind: str) -> None:
    rows = _rows(found, kind)
    write("")
    write(f"{kind}: {len(rows) or 'none'}")
    if rows:
        write_table(rows, _COLUMNS[kind])
