"""Verify a ledger as whoever reads it: believe nothing but the pinned key.

Every leaf is hashed again where its body may be read, every list's chain followed,
the root computed over all leaves and compared with the signed checkpoint. A head
seen before must still lie in the tree, so history cannot be rewritten between two
visits. Each chain has to end at the head that the checkpoint commits to: who reads
everything computes all heads, anybody else asks for a proof of each list's.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from listkeep.core.canonical import digest, parse
from listkeep.core.errors import Code, ConflictError, VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.heads import (
    HeadProof,
    ListHead,
    heads_root,
    link,
    parse_extensions,
    verify_head,
)
from listkeep.core.ledger.note import Checkpoint, NoteKey, open_note
from listkeep.core.ledger.tree import Frontier, Hash, TreeHead, leaf_hash
from listkeep.wire import messages as m

MAX_ENTRY_BYTES = 65_536
_ROUNDS = 5

ReadPage = Callable[[int], m.LedgerPage]
ReadListHead = Callable[[str], m.ListHeadProof]
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Verified:
    """What was checked, and how far it goes."""

    head: TreeHead
    read: int  # entries whose bodies were there to read
    lists: int  # lists whose chains were followed
    heads_checked: bool  # no newest entry of these lists is missing


@dataclass(slots=True)
class Walk:
    """How far a reader has come, and what it led to."""

    seen: TreeHead | None
    knows_of_loss: bool = False  # what was seen behind a loss may be gone
    frontier: Frontier = field(default_factory=Frontier)
    read: int = 0
    heads: dict[str, ListHead] = field(default_factory=dict)

    def take(self, entry: m.LedgerEntry) -> None:
        """Take the next entry.

        Raises:
            VerificationError: It is out of order, not its leaf, breaks a chain, or
                its history is not the one seen before.
        """
        if entry.index != self.frontier.size:
            raise _invalid("an entry is missing or out of order")
        if entry.body:
            if not hmac.compare_digest(leaf_hash(entry.body), entry.leaf):
                raise _invalid("an entry is not the one its leaf was made of")
            fields = parse(entry.body, max_bytes=MAX_ENTRY_BYTES)
            if fields.get("event") == Event.LEDGER_RECOVERED:
                self._pass_loss(entry.index)
            self._follow(fields)
            self.read += 1
        self.frontier, _ = self.frontier.append(entry.leaf)
        if self.seen is not None and self.frontier.size == self.seen.size:
            _require_same(self.frontier.head, self.seen)

    def _pass_loss(self, index: int) -> None:
        """Forget a head that lay behind a loss, if the reader knows of the loss."""
        if self.seen is None or self.seen.size <= index:
            return
        if not self.knows_of_loss:
            raise VerificationError(
                f"what was verified here before was lost behind entry {index:,}, and "
                "two custodians went on without it",
                code=Code.LEDGER_INVALID,
                hint="if you know of that loss, add --recovered",
            )
        self.seen = None

    def _follow(self, fields: dict[str, str]) -> None:
        name = fields.get("list", "")
        if not name or "list_sequence" not in fields:
            return
        expected = link(self.heads.get(name))
        if any(fields.get(key) != value for key, value in expected.items()):
            raise _invalid("an entry is missing from a list's chain")
        self.heads[name] = ListHead(int(fields["list_sequence"]), digest(fields))


def verify_ledger(  # noqa: PLR0913 - keyword-only, one fact each
    read: ReadPage,
    read_list_head: ReadListHead,
    *,
    key: NoteKey,
    seen: TreeHead | None = None,
    knows_of_loss: bool = False,
    progress: Progress = lambda _done, _size: None,
) -> Verified:
    """Read and verify a whole ledger through its pages, and the heads of its lists.

    Raises:
        VerificationError: Something differs from what was signed or seen before.
        MalformedError: A page holds what no ledger does.
        ConflictError: Lists moved on each time their heads were asked for.
    """
    walk = Walk(seen, knows_of_loss)
    for _ in range(_ROUNDS):
        checkpoint = _read_on(walk, read, key, progress)
        if walk.seen is not None and walk.frontier.size < walk.seen.size:
            raise _invalid("it is shorter than when it was last verified here")
        if checkpoint.head != walk.frontier.head:
            raise _invalid("its entries do not lead to the signed root")
        if _are_heads_signed(walk, checkpoint, read_list_head, key):
            lists = len(walk.heads)
            complete = walk.read == walk.frontier.size or lists > 0
            return Verified(walk.frontier.head, walk.read, lists, complete)
    raise ConflictError(
        "the lists changed each time they were read", code=Code.BUSY, hint="try again"
    )


def _read_on(
    walk: Walk, read: ReadPage, key: NoteKey, progress: Progress
) -> Checkpoint:
    """Walk from where the walk stands to the newest checkpoint, and no further."""
    while True:
        page = read(walk.frontier.size)
        checkpoint = open_checkpoint(page.checkpoint, key)
        # What was appended meanwhile comes with the next checkpoint.
        missing = max(0, checkpoint.size - walk.frontier.size)
        for entry in page.entries[:missing]:
            walk.take(entry)
        progress(walk.frontier.size, checkpoint.size)
        if walk.frontier.size >= checkpoint.size:
            return checkpoint
        if not page.entries:
            raise _invalid("it ends before its checkpoint says")


def _are_heads_signed(
    walk: Walk, signed: Checkpoint, read_list_head: ReadListHead, key: NoteKey
) -> bool:
    """Require each chain to end where it was signed to; no when lists moved on since.

    That they moved on is believed only with a checkpoint that says so.
    """
    root = parse_extensions(signed.extensions)
    if walk.read == walk.frontier.size:
        if heads_root(walk.heads) != root:
            raise _invalid("the newest entries of its lists are not those signed for")
        return True
    for list_id, head in walk.heads.items():
        answer = read_list_head(list_id)
        newer = open_checkpoint(answer.checkpoint, key)
        if newer.size > signed.size and parse_extensions(newer.extensions) != root:
            return False
        _require_head(list_id, head, answer, root)
    return True


def _require_head(
    list_id: str, head: ListHead, answer: m.ListHeadProof, root: Hash
) -> None:
    proven = ListHead(answer.sequence, answer.digest)
    proof = HeadProof(proven, answer.index, answer.lists, answer.path)
    try:
        verify_head(list_id, proof, root=root)
    except VerificationError as error:
        raise _invalid("the newest entry of a list is not proven") from error
    if proven != head:
        raise _invalid("the newest entries of a list are missing")


def open_checkpoint(data: bytes, key: NoteKey) -> Checkpoint:
    """Open a checkpoint, if it is of this ledger.

    Raises:
        VerificationError: The pinned key did not sign it, or for another ledger.
        MalformedError: It is no checkpoint.
    """
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
