"""Every list's slice of the ledger, shown complete.

An entry about a list carries two fields of its own: ``list_sequence``, counted
from 1, and ``list_previous``, the digest of the list's previous entry (empty in
the first). The newest of them is the list's head. A checkpoint commits to the
heads of all lists in one extension line, so a tenant who holds the entries of a
list and its head knows that none is missing, changed or out of order.

The heads are hashed as an RFC 9162 tree over canonical leaves in byte order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from listkeep.core import canonical
from listkeep.core.errors import Code, MalformedError, VerificationError
from listkeep.core.ledger.note import decode_base64, encode_base64
from listkeep.core.ledger.tree import (
    HASH_BYTES,
    Frontier,
    Hash,
    TreeHead,
    leaf_hash,
    prove_inclusion,
    verify_inclusion,
)

EXTENSION = "listheads"


@dataclass(frozen=True, slots=True)
class ListHead:
    """The newest entry about one list: how many there are, and its digest."""

    sequence: int
    digest: str


@dataclass(frozen=True, slots=True)
class HeadProof:
    """One list's head, and the way from it to the root over all heads."""

    head: ListHead
    index: int
    lists: int
    path: tuple[Hash, ...]


def link(head: ListHead | None) -> dict[str, str]:
    """Return the two fields that chain a list's next entry to ``head``."""
    if head is None:
        return {"list_sequence": "1", "list_previous": ""}
    return {"list_sequence": str(head.sequence + 1), "list_previous": head.digest}


def verify_chain(
    entries: Iterable[Mapping[str, str]], *, head: ListHead | None = None
) -> None:
    """Verify that ``entries`` are all entries about one list, oldest first.

    Pass the head a checkpoint commits to: without it the newest entries may be
    missing, and nothing in the others would tell.

    Raises:
        MalformedError: An entry has no canonical form.
        VerificationError: An entry is missing, changed, moved, or of another list.
    """
    newest: ListHead | None = None
    list_id = ""
    for sequence, entry in enumerate(entries, start=1):
        list_id = list_id or entry.get("list", "")
        expected = {"list": list_id, **link(newest)}
        if not list_id or any(entry.get(key) != expected[key] for key in expected):
            raise _broken("entry does not follow the one before it in its list")
        newest = ListHead(sequence, canonical.digest(entry))
    if head is not None and newest != head:
        raise _broken("entries do not end at the head of their list")


def heads_root(heads: Mapping[str, ListHead]) -> Hash:
    """Hash the heads of all lists, by list id, into one root.

    Raises:
        MalformedError: A list id or digest has no canonical form.
    """
    frontier = Frontier()
    for leaf in sorted(_format_leaf(name, head) for name, head in heads.items()):
        frontier, _ = frontier.append(leaf_hash(leaf))
    return frontier.root


def prove_head(heads: Mapping[str, ListHead], list_id: str) -> HeadProof:
    """Prove which head one list has in the map whose root is committed.

    Raises:
        MalformedError: The list has no head, or an id has no canonical form.
    """
    if list_id not in heads:
        raise MalformedError("the list has no entry yet")
    leaves = sorted(_format_leaf(name, head) for name, head in heads.items())
    nodes: dict[tuple[int, int], Hash] = {}
    frontier = Frontier()
    for leaf in leaves:
        frontier, completed = frontier.append(leaf_hash(leaf))
        nodes.update({(node.level, node.index): node.hash for node in completed})
    index = leaves.index(_format_leaf(list_id, heads[list_id]))
    path = prove_inclusion(
        index, len(leaves), lambda wanted: [nodes[position] for position in wanted]
    )
    return HeadProof(heads[list_id], index, len(leaves), tuple(path))


def verify_head(list_id: str, proof: HeadProof, *, root: Hash) -> None:
    """Verify that a list's head is in the map a checkpoint commits to.

    With ``verify_chain`` up to this head, a tenant knows that the entries it holds
    are all there are about the list.

    Raises:
        VerificationError: The proof does not lead to the root.
    """
    verify_inclusion(
        leaf_hash(_format_leaf(list_id, proof.head)),
        index=proof.index,
        proof=proof.path,
        head=TreeHead(proof.lists, root),
    )


def format_extension(root: Hash) -> str:
    """Write the checkpoint's extension line that commits to all heads."""
    return f"{EXTENSION} {encode_base64(root)}"


def parse_extensions(extensions: Sequence[str]) -> Hash:
    """Find the root over all heads among a checkpoint's extension lines.

    Lines of other kinds are passed over; ours has to be there once.

    Raises:
        MalformedError: No such line, more than one, or not a hash.
    """
    found = [
        encoded
        for kind, _, encoded in (line.partition(" ") for line in extensions)
        if kind == EXTENSION
    ]
    if len(found) != 1:
        raise MalformedError("checkpoint does not name one root of list heads")
    root = decode_base64(found[0])
    if len(root) != HASH_BYTES:
        raise MalformedError("root of list heads is not a hash")
    return root


def _format_leaf(list_id: str, head: ListHead) -> bytes:
    return canonical.encode(
        {"list": list_id, "newest": head.digest, "sequence": str(head.sequence)}
    )


def _broken(message: str) -> VerificationError:
    return VerificationError(message, code=Code.LEDGER_INVALID)
