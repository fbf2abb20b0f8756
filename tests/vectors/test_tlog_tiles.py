"""transparency-dev/tessera, testdata/log: a log that another program wrote."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.ledger.note import Checkpoint, NoteKey, open_note
from listkeep.core.ledger.tree import (
    HASH_BYTES,
    Frontier,
    Hash,
    Position,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    read_frontier,
    verify_consistency,
    verify_inclusion,
)

Find = Callable[[str], Path]
Record = Callable[[str, int], None]

# The public half of the key in testdata/build_log.sh.
LOG_KEY = NoteKey.parse(
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
)


def open_checkpoints(folder: Path) -> list[Checkpoint]:
    opened = [
        Checkpoint.parse(open_note(path.read_bytes(), [LOG_KEY]).text)
        for path in sorted(folder.glob("checkpoint.*"))
    ]
    return sorted(opened, key=lambda checkpoint: checkpoint.size)


def read_entries(folder: Path, size: int) -> list[bytes]:
    """Split an entry bundle: each entry after its length in two bytes."""
    bundle = (folder / "tile" / "entries" / "000.p" / str(size)).read_bytes()
    entries = []
    while bundle:
        length = int.from_bytes(bundle[:2])
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return entries


def read_leaves(folder: Path, size: int) -> list[Hash]:
    tile = (folder / "tile" / "0" / "000.p" / str(size)).read_bytes()
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def store_of(leaves: Sequence[Hash]) -> dict[Position, Hash]:
    store: dict[Position, Hash] = {}
    frontier = Frontier()
    for leaf in leaves:
        frontier, nodes = frontier.append(leaf)
        store |= {(node.level, node.index): node.hash for node in nodes}
    return store


def test_every_checkpoint_opens_and_is_the_root_of_its_tiles_and_entries(
    find_vectors: Find, record_ran: Record
) -> None:
    folder = find_vectors("tlog-tiles/log")
    checkpoints = open_checkpoints(folder)

    for checkpoint in checkpoints:
        size = checkpoint.size
        leaves = read_leaves(folder, size) if size else []
        entries = read_entries(folder, size) if size else []
        store = store_of(leaves)
        frontier = read_frontier(size, lambda at: [store[place] for place in at])  # noqa: B023

        assert frontier.head == checkpoint.head
        assert [leaf_hash(entry) for entry in entries] == leaves

    record_ran("tlog-tiles", len(checkpoints))


def test_every_entry_and_every_older_checkpoint_is_proved(
    find_vectors: Find, record_ran: Record
) -> None:
    folder = find_vectors("tlog-tiles/log")
    checkpoints = [found for found in open_checkpoints(folder) if found.size]
    largest = checkpoints[-1]
    leaves = read_leaves(folder, largest.size)
    store = store_of(leaves)

    def read(positions: Sequence[Position]) -> list[Hash]:
        return [store[position] for position in positions]

    for new in checkpoints:
        for index, leaf in enumerate(leaves[: new.size]):
            proof = prove_inclusion(index, new.size, read)
            verify_inclusion(leaf, index=index, proof=proof, head=new.head)
        for old in checkpoints[: new.size]:
            proof = prove_consistency(old.size, new.size, read)
            verify_consistency(old.head, new.head, proof)

    record_ran("tlog-tiles-proofs", len(checkpoints))


def test_a_checkpoint_with_another_size_does_not_open(
    find_vectors: Find, record_ran: Record
) -> None:
    folder = find_vectors("tlog-tiles/log")
    paths = sorted(folder.glob("checkpoint.*"))

    for path in paths:
        origin, size, rest = path.read_bytes().split(b"\n", 2)
        longer = b"\n".join([origin, b"1" + size, rest])
        with pytest.raises(VerificationError):
            open_note(longer, [LOG_KEY])

    record_ran("tlog-tiles-forged", len(paths))
