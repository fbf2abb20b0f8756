"""Replay who may do what from the entries alone, as an auditor does.

Needs no server and no secret: the digest of the genesis, and the public key of the
checkpoints if one wants to know that no entry is missing at the end. Signatures are
verified again and every decision is made again, as of the moment it was recorded.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from listkeep.core.canonical import parse
from listkeep.core.errors import Code, ListkeepError, RefusedError, VerificationError
from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.heads import heads_root, parse_extensions
from listkeep.core.ledger.note import NoteKey
from listkeep.core.ledger.tree import leaf_hash
from listkeep.core.registry.facts import RequestFacts
from listkeep.core.registry.replay import apply_body
from listkeep.core.registry.state import Registry
from listkeep.wire import messages as m

from .verification import MAX_ENTRY_BYTES, ReadPage, Walk, open_checkpoint

Row = dict[str, Any]
# What these ask for brings nobody any authority.
_ABOUT_ROWS = frozenset(
    {
        *(Action.REVEAL, Action.EXPORT, Action.IMPORT, Action.SUPPRESS),
        *(Action.LIST_RESTORE, Action.ENTRY_ERASE, Action.SEND),
    }
)


@dataclass(frozen=True, slots=True)
class Source:
    """A ledger to be read: its checkpoint, if there is one, and every entry."""

    checkpoint: bytes
    bodies: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Change:
    """The entry by which somebody or something came to be as it is."""

    index: int
    at: str
    request: str  # empty: the genesis


@dataclass(slots=True)
class Audit:
    """What the entries say, all of it verified."""

    registry: Registry
    walk: Walk = field(default_factory=lambda: Walk(None))
    newest: Mapping[str, str] = field(default_factory=dict)
    is_signed: bool = False  # no entry is missing at the end
    changes: dict[str, Change] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # also of those revoked
    _known: dict[str, object] = field(default_factory=dict)

    def take(self, body: bytes) -> None:
        """Take the next entry.

        Raises:
            VerificationError: No honest keeper wrote it there.
            MalformedError: It is no entry.
        """
        index = self.walk.frontier.size
        entry = m.LedgerEntry(index=index, leaf=leaf_hash(body), body=body)
        apply_body(self.registry, body)
        self.walk.take(entry)
        self.newest = parse(body, max_bytes=MAX_ENTRY_BYTES)
        if self._may_change_authority():
            self._note_changes(Change(index, self.newest["at"], self._request_id()))

    def _request_id(self) -> str:
        return self.newest.get("request", "")

    def _may_change_authority(self) -> bool:
        if self.newest["event"] == Event.LEDGER_RECOVERED:
            return True
        request = self.registry.requests.get(self._request_id())
        if request is None:
            return not self._known
        return request.done and request.terms.action not in _ABOUT_ROWS

    def _note_changes(self, change: Change) -> None:
        known = {key: row for rows in tables(self.registry) for key, row in rows}
        for key, row in known.items():
            if self._known.get(key) != row:
                self.changes[key] = change
        self.names.update({key: row.name for key, row in known.items()})
        self._known = known


def audit(
    source: Source,
    *,
    genesis: str,
    key: NoteKey | None,
    progress: Callable[[int], None] = lambda _done: None,
) -> Audit:
    """Replay a whole ledger from its genesis to its newest entry.

    Raises:
        VerificationError: It fails, and at which entry; nothing of it is to be
            believed.
    """
    found = Audit(Registry({"genesis": genesis}))
    for index, body in enumerate(source.bodies):
        try:
            found.take(body)
        except ListkeepError as error:
            raise _invalid(f"entry {index}: {error.message}") from error
        progress(index + 1)
    if not found.registry.keeper:
        raise _invalid("it has no entry")
    if key is not None:
        _require_signed(found, source.checkpoint, key)
        found.is_signed = True
    return found


def read_live(read: ReadPage, *, key: NoteKey) -> Source:
    """Read the ledger from a keeper, up to the checkpoint of this moment."""
    checkpoint = read(0).checkpoint
    size = open_checkpoint(checkpoint, key).size

    def bodies() -> Iterator[bytes]:
        done = 0
        while done < size:
            entries = read(done).entries[: size - done]
            if not entries:
                raise _invalid("it ends before its checkpoint says")
            for entry in entries:
                if not entry.body:
                    raise RefusedError(
                        "not every entry is yours to read",
                        hint="custodians read them all; choose one with --as",
                    )
                yield entry.body
            done += len(entries)

    return Source(checkpoint, bodies())


def read_file(path: Path) -> Source:
    """Read an exported ledger: its checkpoint, an empty line, an entry a line."""
    lines = _lines(path)
    head: list[bytes] = []
    first: list[bytes] = []
    for line in lines:
        if line.startswith(b"{"):
            first.append(line)
            break
        head.append(line)
        if sum(map(len, head)) > MAX_ENTRY_BYTES:
            break  # this is something else

    def bodies() -> Iterator[bytes]:
        yield from first
        yield from lines

    return Source(b"".join(line + b"\n" for line in head[:-1]), bodies())


def write_lines(source: Source, write: Callable[[bytes], object]) -> Source:
    """Write a ledger down while it is read."""
    write(source.checkpoint + b"\n")

    def bodies() -> Iterator[bytes]:
        for body in source.bodies:
            write(body + b"\n")
            yield body

    return Source(source.checkpoint, bodies())


def tables(registry: Registry) -> list[list[tuple[str, Any]]]:
    """List everybody and everything a request can bring in, by id."""
    return [
        list(rows.items())
        for rows in (
            registry.tenants,
            registry.people,
            registry.services,
            registry.recipients,
        )
    ]


def open_requests(found: Audit) -> list[RequestFacts]:
    """List what could still be signed or carried out."""
    now = found.registry.latest_at
    return [
        request
        for request in found.registry.requests.values()
        if not (request.done or request.denied)
        and (now is None or now < request.terms.expires)
    ]


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(MAX_ENTRY_BYTES + 2):
            yield line.removesuffix(b"\n")


def _require_signed(found: Audit, checkpoint: bytes, key: NoteKey) -> None:
    try:
        signed = open_checkpoint(checkpoint, key)
        root = parse_extensions(signed.extensions)
    except ListkeepError as error:
        raise _invalid(f"its checkpoint: {error.message}") from error
    if key.name != found.registry.keeper:
        raise _invalid("its checkpoint is another keeper's")
    if signed.head != found.walk.frontier.head:
        raise _invalid("its checkpoint is about other entries")
    if heads_root(found.walk.heads) != root:
        raise _invalid("the newest entries of its lists are not those signed for")


def _invalid(what: str) -> VerificationError:
    prefix = "" if what.startswith("entry") else "the ledger cannot be trusted: "
    return VerificationError(
        f"{prefix}{what}",
        code=Code.LEDGER_INVALID,
        hint="believe nothing of it; keep the file, and ask for another copy",
    )
