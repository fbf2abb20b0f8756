"""Verify a ledger as whoever reads it: believe nothing but the pinned key.

Every leaf is hashed again where its body may be read, every list's chain followed,
the root computed over all leaves and compared with the signed checkpoint. A head
seen before must still lie in the tree, so history cannot be rewritten between two
visits.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from listkeep.core.canonical import digest, parse
from listkeep.core.errors import Code, VerificationError
from listkeep.core.ledger.heads import ListHead, heads_root, link, parse_extensions
from listkeep.core.ledger.note import Checkpoint, NoteKey, open_note
from listkeep.core.ledger.tree import Frontier, TreeHead, leaf_hash
from listkeep.wire import messages as m

MAX_ENTRY_BYTES = 65_536

ReadPage = Callable[[int], m.LedgerPage]


@dataclass(slots=True)
class Verified:
    """What was checked, and how far it goes."""

    head: TreeHead
    read: int  # entries whose bodies were there to read
    lists: int  # lists whose chains were followed
    heads_checked: bool  # only who reads all entries knows all lists


@dataclass(slots=True)
class _Walk:
    frontier: Frontier = field(default_factory=Frontier)
    read: int = 0
    heads: dict[str, ListHead] = field(default_factory=dict)

    def take(self, entry: m.LedgerEntry) -> None:
        """Take the next entry.

        Raises:
            VerificationError: It is out of order, not its leaf, or breaks a chain.
        """
        if entry.index != self.frontier.size:
            raise _invalid("an entry is missing or out of order")
        if entry.body:
            if not hmac.compare_digest(leaf_hash(entry.body), entry.leaf):
                raise _invalid("an entry is not the one its leaf was made of")
            self._follow(parse(entry.body, max_bytes=MAX_ENTRY_BYTES))
            self.read += 1
        self.frontier, _ = self.frontier.append(entry.leaf)

    def _follow(self, fields: dict[str, str]) -> None:
        name = fields.get("list", "")
        if not name or "list_sequence" not in fields:
            return
        expected = link(self.heads.get(name))
        if any(fields.get(key) != value for key, value in expected.items()):
            raise _invalid("an entry is missing from a list's chain")
        self.heads[name] = ListHead(int(fields["list_sequence"]), digest(fields))


def verify_ledger(
    read: ReadPage,
    *,
    key: NoteKey,
    seen: TreeHead | None = None,
    progress: Callable[[int, int], None] = lambda _done, _size: None,
) -> Verified:
    """Read and verify a whole ledger through its pages.

    Raises:
        VerificationError: Something differs from what was signed or seen before.
        MalformedError: A page holds what no ledger does.
    """
    walk = _Walk()
    while True:
        page = read(walk.frontier.size)
        checkpoint = _open(page.checkpoint, key)
        for entry in page.entries:
            walk.take(entry)
            if seen is not None and walk.frontier.size == seen.size:
                _require_same(walk.frontier.head, seen)
            if walk.frontier.size == checkpoint.size:
                break  # what was appended meanwhile comes with the next checkpoint
        progress(walk.frontier.size, checkpoint.size)
        if walk.frontier.size >= checkpoint.size:
            break
        if not page.entries:
            raise _invalid("it ends before its checkpoint says")
    if seen is not None and walk.frontier.size < seen.size:
        raise _invalid("it is shorter than when it was last verified here")
    return _finish(walk, checkpoint)


def _finish(walk: _Walk, checkpoint: Checkpoint) -> Verified:
    size = walk.frontier.size
    if checkpoint.head != walk.frontier.head:
        raise _invalid("its entries do not lead to the signed root")
    complete = walk.read == size
    if complete and heads_root(walk.heads) != parse_extensions(checkpoint.extensions):
        raise _invalid("the newest entries of its lists are not those signed for")
    return Verified(checkpoint.head, walk.read, len(walk.heads), complete)


def _open(data: bytes, key: NoteKey) -> Checkpoint:
    checkpoint = Checkpoint.parse(open_note(data, [key]).text)
    if checkpoint.origin != key.name:
        raise _invalid("its checkpoint is another ledger's")
    return checkpoint


def _require_same(now: TreeHead, seen: TreeHead) -> None:
    if not hmac.compare_digest(now.root, seen.root):
        raise _invalid("its history is not the one that was verified here before")


def _invalid(what: str) -> VerificationError:
    return VerificationError(
        f"the ledger cannot be trusted: {what}",
        code=Code.LEDGER_INVALID,
        hint="keep a copy of what you have, and ask others what they see",
    )
