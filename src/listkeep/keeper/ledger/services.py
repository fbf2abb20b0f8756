"""Append to the ledger: one transaction on the head row, signed before it commits.

Rules of the room:

- Whoever wants to append takes the head row's lock first, so decision, budget and
  entry are one transaction, on SQLite as on PostgreSQL, across processes.
- Entries are flat canonical JSON with a random salt: a guess at an entry's content
  cannot be checked against its leaf hash.
- The checkpoint over the new size is signed inside the transaction. A database
  that was edited by hand therefore has no valid checkpoint.
- What could not be read back is not committed: whoever appends may look at the
  entries once more before they count.
- After the commit the key store remembers the size: a database that was rolled
  back is shorter than that, and the keeper does not start on it.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime

from django.db import IntegrityError, OperationalError, transaction

from listkeep.core import canonical
from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    UnavailableError,
    VerificationError,
)
from listkeep.core.grants import format_time
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.heads import ListHead as HeadValue
from listkeep.core.ledger.heads import format_extension, heads_root, link
from listkeep.core.ledger.note import (
    Checkpoint,
    NoteKey,
    NoteSigner,
    open_note,
    sign_note,
)
from listkeep.core.ledger.tree import HASH_BYTES, Frontier, leaf_hash
from listkeep.core.ledger.tree import Node as NodeValue
from listkeep.keeper.keys import KeyStore, Mark

from .models import Entry, Head, ListHead, Node

LEDGER_KEY = "ledger"
MAX_ENTRY_BYTES = 65_536
_SQLITE_ERROR, _SQLITE_BUSY = 1, frozenset({5, 6})
_NOT_NOW = frozenset({"40001", "40P01", "55P03"})  # serialization, deadlock, lock
_AWAY = ("08", "53", "57P")  # connection, room, shutdown


def _anything(_bodies: Sequence[bytes]) -> None:
    """Take whatever was appended."""


class Log:
    """The locked ledger inside one transaction."""

    def __init__(self, head: Head) -> None:
        """Start from the locked head."""
        self._head = head
        self.frontier = Frontier(head.size, _split(bytes(head.frontier)))
        self.bodies: list[bytes] = []
        self._entries: list[Entry] = []
        self._nodes: list[NodeValue] = []
        self._lists: dict[str, HeadValue] = {}
        self._heads: dict[str, HeadValue] | None = None

    @property
    def size(self) -> int:
        """How many entries there are, with those of this transaction."""
        return self.frontier.size

    @property
    def checkpoint(self) -> bytes:
        """The checkpoint over the entries that were there before."""
        return bytes(self._head.checkpoint)

    @property
    def list_heads(self) -> dict[str, HeadValue]:
        """The newest entry of every list before; read once, nobody else writes now."""
        if self._heads is None:
            self._heads = read_list_heads()
        return self._heads

    def append(
        self,
        event: Event,
        fields: Mapping[str, str],
        *,
        at: datetime,
        list_id: str = "",
    ) -> int:
        """Record one event and return its index; it counts once the block commits.

        Raises:
            MalformedError: The fields could not be read back: not flat text in
                NFC, or too long.
        """
        entry = {
            "version": "1",
            "event": event.value,
            "at": format_time(at),
            "salt": secrets.token_hex(16),
            **fields,
        }
        if list_id:
            entry = {**entry, "list": list_id, **link(self._list_head(list_id))}
        body = canonical.encode(entry)
        # What could not be read again would end the ledger for good.
        canonical.parse(body, max_bytes=MAX_ENTRY_BYTES)
        if list_id:
            self._lists[list_id] = HeadValue(
                int(entry["list_sequence"]), canonical.digest(entry)
            )
        index = self.size
        self.frontier, nodes = self.frontier.append(leaf_hash(body))
        self._nodes += nodes
        self._entries.append(Entry(index=index, body=body))
        self.bodies.append(body)
        return index

    def flush(self, signer: NoteSigner) -> None:
        """Write what was appended and sign the checkpoint over it.

        Raises:
            VerificationError: Something stands already where the next entry belongs.
        """
        if not self._entries:
            return
        try:
            Entry.objects.bulk_create(self._entries)
            Node.objects.bulk_create(
                Node(level=node.level, index=node.index, hash=node.hash)
                for node in self._nodes
            )
        except IntegrityError as error:
            raise _invalid("something stands behind its newest entry") from error
        ListHead.objects.bulk_create(
            (
                ListHead(list_id=list_id, sequence=head.sequence, digest=head.digest)
                for list_id, head in self._lists.items()
            ),
            update_conflicts=True,
            unique_fields=["list_id"],
            update_fields=["sequence", "digest"],
        )
        self._head.size = self.frontier.size
        self._head.frontier = b"".join(self.frontier.hashes)
        self._head.checkpoint = sign_note(self._checkpoint(signer).format(), signer)
        self._head.save()
        self._entries, self._nodes, self._lists, self._heads = [], [], {}, None

    def _list_head(self, list_id: str) -> HeadValue | None:
        return self._lists.get(list_id) or self.list_heads.get(list_id)

    def _checkpoint(self, signer: NoteSigner) -> Checkpoint:
        extension = format_extension(heads_root({**self.list_heads, **self._lists}))
        return Checkpoint(
            signer.key.name, self.frontier.size, self.frontier.root, (extension,)
        )


def read_list_heads() -> dict[str, HeadValue]:
    """Read the newest entry of every list."""
    rows = ListHead.objects.values_list("list_id", "sequence", "digest")
    return {list_id: HeadValue(sequence, digest) for list_id, sequence, digest in rows}


def ledger_key(store: KeyStore, *, origin: str) -> NoteKey:
    """Get the key that verifies this ledger's checkpoints."""
    return NoteKey(origin, store.public_key(LEDGER_KEY))


@contextmanager
def locked_log(
    store: KeyStore,
    *,
    origin: str,
    accept: Callable[[Sequence[bytes]], None] = _anything,
) -> Iterator[Log]:
    """Lock the ledger, let the caller decide and append, then commit all or nothing.

    ``accept`` sees the bodies last, when all is written and signed but the commit; it
    refuses by raising.

    On PostgreSQL the first two who come make the row, and one of them waits for the
    other's; what follows then sees what the other committed.

    Raises:
        VerificationError: The head's row is no head. Whether it is the signed one,
            the caller compares with what it has verified.
        ConflictError: Others held it for a minute.
        UnavailableError: The database does not answer.
    """
    with ExitStack() as held:
        try:
            held.enter_context(transaction.atomic(durable=True))
            head, _ = Head.objects.select_for_update().get_or_create(id=Head.SINGLE)
        except OperationalError as error:
            raise describe_failure(error) from error
        try:
            log = Log(head)
        except MalformedError as error:
            raise _invalid("its head is damaged") from error
        yield log
        log.flush(
            NoteSigner(
                ledger_key(store, origin=origin),
                lambda data: store.sign(LEDGER_KEY, data),
            )
        )
        accept(log.bodies)
    store.write_mark(Mark(log.size, log.frontier.root))


def describe_failure(error: OperationalError) -> ListkeepError:
    """Say in our words why the database did not do it; its own can quote rows."""
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None)  # PostgreSQL's; none: no connection
    reason = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if reason in _SQLITE_BUSY or state in _NOT_NOW:
        return ConflictError("the ledger is busy", code=Code.BUSY, hint="try again")
    if reason == _SQLITE_ERROR or (state and not state.startswith(_AWAY)):
        return ListkeepError("the keeper failed", hint="its log says where")
    return UnavailableError(
        "the keeper's database does not answer",
        hint="look whether it runs and has room, then try again",
    )


def verify_checkpoint(
    store: KeyStore, checkpoint: bytes, *, origin: str, frontier: Frontier
) -> tuple[str, ...]:
    """Verify that a checkpoint is ours and commits to exactly these entries.

    Gives the checkpoint's extension lines.

    Raises:
        VerificationError: It is not, or it does not.
    """
    try:
        note = open_note(checkpoint, [ledger_key(store, origin=origin)])
        signed = Checkpoint.parse(note.text)
    except (MalformedError, VerificationError) as error:
        raise _invalid("its checkpoint is not ours") from error
    if signed.head != frontier.head:
        raise _invalid("its checkpoint is about other entries")
    return signed.extensions


def verify_ledger(
    store: KeyStore, *, origin: str, is_whole: bool = True
) -> Iterator[dict[str, str]]:
    """Read every entry from the first, and prove that they are the signed ledger.

    Yields each entry's fields; only after the last one was taken without an error is
    any of it to be believed. Costs one hash and one parse per entry. Not ``is_whole``
    is for looking at a ledger whose end was lost.

    Raises:
        VerificationError: An entry, the head, a list's chain, the checkpoint or the
            length differs from what was signed or remembered.
    """
    mark = store.read_mark()
    frontier = Frontier()
    heads: dict[str, HeadValue] = {}
    for entry in Entry.objects.order_by("index").iterator(chunk_size=2000):
        body = bytes(entry.body)
        if entry.index != frontier.size:
            raise _invalid("an entry is missing")
        before = frontier
        frontier, _ = frontier.append(leaf_hash(body))
        try:
            fields = canonical.parse(body, max_bytes=MAX_ENTRY_BYTES)
        except MalformedError as error:
            raise _invalid("an entry is no entry") from error
        if fields.get("event") == Event.LEDGER_RECOVERED:
            _require_kept(fields, before)
        if gives_up(fields, mark):
            mark = Mark(frontier.size, frontier.root)
        if frontier.size == mark.size and frontier.root != mark.root:
            raise _invalid("it is not the ledger this key store wrote")
        _follow_list(fields, heads)
        yield fields
    if is_whole and frontier.size < mark.size:
        raise _invalid(
            "it is shorter than it was: an old copy was put back",
            hint="put back the newest copy; if there is none, two custodians go on "
            "with `listkeep ledger recover`",
        )
    _verify_head(store, origin, frontier, heads)


def gives_up(fields: Mapping[str, str], mark: Mark) -> bool:
    """Tell whether an entry gives up what the key store remembers.

    That two custodians signed for it is verified where the entry is applied.
    """
    lost = (fields.get("lost_size"), fields.get("lost_root"))
    return fields.get("event") == Event.LEDGER_RECOVERED and lost == (
        str(mark.size),
        mark.root.hex(),
    )


def _require_kept(fields: dict[str, str], before: Frontier) -> None:
    if fields.get("kept_root") != before.root.hex():
        raise _invalid("it was recovered from another loss")


def _follow_list(fields: dict[str, str], heads: dict[str, HeadValue]) -> None:
    list_id = fields.get("list_sequence") and fields.get("list")
    if list_id:
        expected = link(heads.get(list_id))
        if any(fields.get(key) != value for key, value in expected.items()):
            raise _invalid("a list's chain is broken")
        heads[list_id] = HeadValue(
            int(fields["list_sequence"]), canonical.digest(fields)
        )


def _verify_head(
    store: KeyStore, origin: str, frontier: Frontier, heads: dict[str, HeadValue]
) -> None:
    head = Head.objects.filter(id=Head.SINGLE).first()
    if head is None:
        if frontier.size:
            raise _invalid("its head is missing")
        return
    extensions = verify_checkpoint(
        store, bytes(head.checkpoint), origin=origin, frontier=frontier
    )
    expected = format_extension(heads_root(heads))
    if (
        head.size != frontier.size
        or _split(bytes(head.frontier)) != frontier.hashes
        or extensions != (expected,)
        or read_list_heads() != heads
    ):
        raise _invalid("its head is not the one that was signed")


def _split(hashes: bytes) -> tuple[bytes, ...]:
    return tuple(
        hashes[start : start + HASH_BYTES]
        for start in range(0, len(hashes), HASH_BYTES)
    )


def _invalid(
    what: str,
    *,
    hint: str = "stop, keep a copy of the database, and compare with a backup or "
    "witness",
) -> VerificationError:
    return VerificationError(
        f"the ledger cannot be trusted: {what}", code=Code.LEDGER_INVALID, hint=hint
    )
