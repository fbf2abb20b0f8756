"""The append-only tree of RFC 9162, 2.1, and its two proofs.

What is stored are the hashes of complete subtrees, each written once and never
again: ``Node(level, index)`` covers the leaves ``index * 2**level`` up to, and
without, ``(index + 1) * 2**level``. Every other hash is folded from these. Proofs
therefore ask the store through ``Read`` for complete subtrees only, in one batch.

``verify_*`` believe nothing but their arguments: the proof, the sizes and the
hashes may all come from an attacker, the trusted head excepted.
"""

import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from listkeep.core.errors import Code, MalformedError, VerificationError

Hash = bytes
HASH_BYTES = 32
EMPTY_ROOT: Hash = sha256().digest()

Position = tuple[int, int]
"""Level and index of a complete subtree."""

Read = Callable[[Sequence[Position]], Sequence[Hash]]
"""Fetch the hashes of complete subtrees, in the order asked for."""


class Node(NamedTuple):
    """The hash of one complete subtree."""

    level: int
    index: int  # type: ignore[assignment]  # nobody searches a node
    hash: Hash


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a log commits to: its size and the root over that many leaves."""

    size: int
    root: Hash


@dataclass(frozen=True, slots=True)
class Frontier:
    """The roots of the largest complete subtrees of a tree, from left to right.

    This is all an append needs: one hash per set bit of the size.

    Raises:
        MalformedError: The number of hashes does not fit the size.
    """

    size: int = 0
    hashes: tuple[Hash, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a frontier that no tree of this size has."""
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise MalformedError("frontier does not fit the size of its tree")

    def append(self, leaf: Hash) -> tuple["Frontier", list[Node]]:
        """Add one leaf hash; return the new frontier and every node it completes.

        The nodes come in rising levels, the leaf itself (level 0) first. An append
        costs two hashes on average, and never more than one per level.
        """
        level, index, here = 0, self.size, leaf
        completed = [Node(level, index, here)]
        waiting = len(self.hashes)
        while index & 1:  # a complete left sibling is waiting
            waiting -= 1
            here = node_hash(self.hashes[waiting], here)
            level, index = level + 1, index >> 1
            completed.append(Node(level, index, here))
        return Frontier(self.size + 1, (*self.hashes[:waiting], here)), completed

    @property
    def root(self) -> Hash:
        """The root over all leaves so far."""
        return _fold(self.hashes)

    @property
    def head(self) -> TreeHead:
        """Size and root, ready to be signed."""
        return TreeHead(self.size, self.root)


def leaf_hash(data: bytes) -> Hash:
    """Hash an entry; the prefix keeps it apart from inner nodes (RFC 9162, 2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """Hash two subtrees into their parent (RFC 9162, 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def read_frontier(size: int, read: Read) -> Frontier:
    """Load the frontier of the first ``size`` leaves from stored nodes.

    Raises:
        MalformedError: The size is negative.
        VerificationError: The store misses a node.
    """
    if size < 0:
        raise MalformedError("a tree has no negative size")
    return Frontier(size, tuple(_fetch(list(_subtrees(0, size)), read)))


def prove_inclusion(index: int, size: int, read: Read) -> list[Hash]:
    """Prove that entry ``index`` is in the tree of ``size`` leaves (2.1.3.1).

    Raises:
        MalformedError: The tree has no such entry.
        VerificationError: The store misses a node.
    """
    if not 0 <= index < size:
        raise MalformedError("entry lies outside the tree")
    siblings = []
    for level in range((size - 1).bit_length()):
        start = (index >> level ^ 1) << level
        if start < size:
            siblings.append((start, min(start + (1 << level), size)))
    return _read_ranges(siblings, read)


def verify_inclusion(
    leaf: Hash, *, index: int, proof: Sequence[Hash], head: TreeHead
) -> None:
    """Verify that ``leaf`` is entry ``index`` of ``head`` (RFC 9162, 2.1.3.2).

    Raises:
        VerificationError: The proof does not lead from the leaf to the root.
    """
    if not 0 <= index < head.size:
        raise VerificationError("entry lies outside the tree")
    _require_hashes(leaf, *proof)
    here, node, last = leaf, index, head.size - 1
    for sibling in proof:
        if last == 0:
            raise VerificationError("inclusion proof is too long")
        if node & 1 or node == last:
            here = node_hash(sibling, here)
            while node and not node & 1:  # skip levels with no right sibling
                node, last = node >> 1, last >> 1
        else:
            here = node_hash(here, sibling)
        node, last = node >> 1, last >> 1
    if last or not hmac.compare_digest(here, head.root):
        raise VerificationError("inclusion proof does not reach the root")


def prove_consistency(old_size: int, new_size: int, read: Read) -> list[Hash]:
    """Prove that the larger tree only appended to the smaller one (2.1.4.1).

    Raises:
        MalformedError: The sizes are not those of two trees, the older not empty.
        VerificationError: The store misses a node.
    """
    if not 0 < old_size <= new_size:
        raise MalformedError("sizes are not those of an older and a newer tree")
    start, end = 0, new_size
    ranges = []
    while end != old_size:
        split = start + (1 << (end - start - 1).bit_length() - 1)
        if old_size <= split:
            ranges.append((split, end))
            end = split
        else:
            ranges.append((start, split))
            start = split
    if start:  # the old root itself is known to whoever verifies
        ranges.append((start, end))
    return _read_ranges(ranges[::-1], read)


def verify_consistency(old: TreeHead, new: TreeHead, proof: Sequence[Hash]) -> None:
    """Verify that ``new`` only appended to ``old`` (RFC 9162, 2.1.4.2).

    An empty old tree is refused: it is consistent with everything, so a proof
    from it says nothing, and a caller who accepts one has lost the real old head.

    Raises:
        VerificationError: The newer tree does not contain the older one.
    """
    if not 0 < old.size <= new.size:
        raise VerificationError("sizes are not those of an older and a newer tree")
    if old.size == new.size:
        if proof or not hmac.compare_digest(old.root, new.root):
            raise VerificationError("two trees of one size differ")
        return
    if not proof:
        raise VerificationError("consistency proof is empty")
    _require_hashes(*proof)
    if old.size & (old.size - 1) == 0:  # the old tree is a node of the new one
        proof = (old.root, *proof)
    _require_both_roots(old, new, proof)


def _require_both_roots(old: TreeHead, new: TreeHead, proof: Sequence[Hash]) -> None:
    node, last = old.size - 1, new.size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_here = new_here = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            raise VerificationError("consistency proof is too long")
        if node & 1 or node == last:
            old_here = node_hash(sibling, old_here)
            new_here = node_hash(sibling, new_here)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new_here = node_hash(new_here, sibling)
        node, last = node >> 1, last >> 1
    if (
        last
        or not hmac.compare_digest(old_here, old.root)
        or not hmac.compare_digest(new_here, new.root)
    ):
        raise VerificationError("consistency proof does not reach both roots")


def _require_hashes(*hashes: Hash) -> None:
    # With other lengths, bytes could be moved between two neighbors unseen.
    if any(len(item) != HASH_BYTES for item in hashes):
        raise VerificationError("proof holds something that is not a hash")


def _subtrees(start: int, end: int) -> Iterator[Position]:
    """Split a range that starts at a subtree into complete subtrees, large first."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _read_ranges(ranges: Sequence[tuple[int, int]], read: Read) -> list[Hash]:
    positions = [list(_subtrees(start, end)) for start, end in ranges]
    hashes = iter(_fetch([place for group in positions for place in group], read))
    return [_fold([next(hashes) for _ in group]) for group in positions]


def _fetch(positions: Sequence[Position], read: Read) -> Sequence[Hash]:
    hashes = read(positions) if positions else ()
    if len(hashes) != len(positions):
        raise VerificationError("ledger misses a node", code=Code.LEDGER_INVALID)
    return hashes


def _fold(subtrees: Sequence[Hash]) -> Hash:
    if not subtrees:
        return EMPTY_ROOT
    root = subtrees[-1]
    for left in subtrees[-2::-1]:
        root = node_hash(left, root)
    return root
