from collections.abc import Sequence
from hashlib import sha256

import pytest

from listkeep.core.errors import Code, MalformedError, VerificationError
from listkeep.core.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    Hash,
    Position,
    TreeHead,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    read_frontier,
    verify_consistency,
    verify_inclusion,
)

# The reference log of Certificate Transparency: transparency-dev/merkle,
# testonly/constants.go. ROOTS[n] is the root over the first n entries.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
SIZES = range(1, 9)


class Store:
    """Complete subtrees in memory; remembers how it was asked."""

    def __init__(self, leaves: Sequence[Hash]) -> None:
        self.nodes: dict[Position, Hash] = {}
        self.batches: list[list[Position]] = []
        frontier = Frontier()
        for leaf in leaves:
            frontier, nodes = frontier.append(leaf)
            self.nodes |= {(node.level, node.index): node.hash for node in nodes}

    def read(self, positions: Sequence[Position]) -> list[Hash]:
        self.batches.append(list(positions))
        return [self.nodes[position] for position in positions]


@pytest.fixture
def store() -> Store:
    return Store(LEAVES)


def head(size: int) -> TreeHead:
    return TreeHead(size, ROOTS[size])


def test_the_empty_tree_has_the_root_of_nothing() -> None:
    assert EMPTY_ROOT == sha256(b"").digest() == ROOTS[0]
    assert Frontier().head == TreeHead(0, EMPTY_ROOT)


def test_leaves_and_nodes_are_hashed_apart() -> None:
    assert leaf_hash(b"data") == sha256(b"\x00data").digest()
    assert node_hash(b"left", b"right") == sha256(b"\x01leftright").digest()


def test_every_size_has_the_root_of_the_reference_log() -> None:
    frontier = Frontier()
    for size, leaf in enumerate(LEAVES, start=1):
        frontier, _ = frontier.append(leaf)

        assert frontier.head == head(size)


def test_an_append_returns_each_subtree_it_completes_once() -> None:
    frontier = Frontier()
    seen = []
    for leaf in LEAVES:
        before = frontier
        frontier, nodes = frontier.append(leaf)
        assert [node.level for node in nodes] == list(range(len(nodes)))
        assert nodes[0] == (0, before.size, leaf)
        seen += [(node.level, node.index) for node in nodes]

    every = [(level, index) for level in range(4) for index in range(8 >> level)]
    assert sorted(seen) == every
    assert nodes[-1].hash == ROOTS[8]


def test_an_append_leaves_the_frontier_it_started_from_alone() -> None:
    start, _ = Frontier().append(LEAVES[0])
    start.append(LEAVES[1])

    assert start.head == head(1)


@pytest.mark.parametrize(
    ("size", "hashes"), [(1, ()), (0, LEAVES[:1]), (3, LEAVES[:1]), (-1, LEAVES[:1])]
)
def test_a_frontier_that_no_tree_has_is_refused(
    size: int, hashes: Sequence[Hash]
) -> None:
    with pytest.raises(MalformedError):
        Frontier(size, tuple(hashes))


@pytest.mark.parametrize("size", SIZES)
def test_a_frontier_is_read_back_from_stored_nodes(store: Store, size: int) -> None:
    assert read_frontier(size, store.read).head == head(size)
    assert len(store.batches) == 1


def test_the_empty_frontier_is_read_without_asking(store: Store) -> None:
    assert read_frontier(0, store.read) == Frontier()
    assert store.batches == []


def test_no_frontier_has_a_negative_size(store: Store) -> None:
    with pytest.raises(MalformedError):
        read_frontier(-1, store.read)


def test_a_store_that_misses_a_node_is_found_out() -> None:
    with pytest.raises(VerificationError) as caught:
        read_frontier(3, lambda _: [])

    assert caught.value.code == Code.LEDGER_INVALID


@pytest.mark.parametrize("size", SIZES)
def test_each_entry_is_proved_from_one_batch_of_nodes(store: Store, size: int) -> None:
    for index in range(size):
        store.batches.clear()
        proof = prove_inclusion(index, size, store.read)

        verify_inclusion(LEAVES[index], index=index, proof=proof, head=head(size))
        assert len(store.batches) == (size > 1)


def test_an_inclusion_proof_is_the_path_of_the_rfc(store: Store) -> None:
    # RFC 9162, 2.1.5: the tree of seven leaves d0..d6.
    g, h = node_hash(*LEAVES[0:2]), node_hash(*LEAVES[2:4])
    i, j = node_hash(*LEAVES[4:6]), LEAVES[6]
    k, last = node_hash(g, h), node_hash(i, j)

    assert prove_inclusion(0, 7, store.read) == [LEAVES[1], h, last]
    assert prove_inclusion(3, 7, store.read) == [LEAVES[2], g, last]
    assert prove_inclusion(4, 7, store.read) == [LEAVES[5], j, k]
    assert prove_inclusion(6, 7, store.read) == [i, k]


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (0, -1)])
def test_an_entry_outside_the_tree_has_no_proof(
    store: Store, index: int, size: int
) -> None:
    with pytest.raises(MalformedError):
        prove_inclusion(index, size, store.read)
    with pytest.raises(VerificationError, match="outside"):
        verify_inclusion(
            LEAVES[0], index=index, proof=[], head=TreeHead(size, ROOTS[0])
        )


@pytest.mark.parametrize("size", SIZES)
def test_a_proof_does_not_serve_another_entry(store: Store, size: int) -> None:
    for index in range(size):
        proof = prove_inclusion(index, size, store.read)
        for other in set(range(size)) - {index}:
            with pytest.raises(VerificationError):
                verify_inclusion(
                    LEAVES[index], index=other, proof=proof, head=head(size)
                )
            with pytest.raises(VerificationError):
                verify_inclusion(
                    LEAVES[other], index=index, proof=proof, head=head(size)
                )


def test_an_inclusion_proof_is_neither_longer_nor_shorter(store: Store) -> None:
    proof = prove_inclusion(4, 7, store.read)

    with pytest.raises(VerificationError, match="too long"):
        verify_inclusion(LEAVES[4], index=4, proof=[*proof, ROOTS[1]], head=head(7))
    with pytest.raises(VerificationError, match="does not reach"):
        verify_inclusion(LEAVES[4], index=4, proof=proof[:-1], head=head(7))


@pytest.mark.parametrize("new", SIZES)
def test_each_older_tree_is_proved_from_one_batch_of_nodes(
    store: Store, new: int
) -> None:
    for old in range(1, new + 1):
        store.batches.clear()
        proof = prove_consistency(old, new, store.read)

        verify_consistency(head(old), head(new), proof)
        assert len(store.batches) == (old < new)


def test_a_consistency_proof_is_the_one_of_the_rfc(store: Store) -> None:
    # RFC 9162, 2.1.5: from three, four and six leaves to seven.
    g, h = node_hash(*LEAVES[0:2]), node_hash(*LEAVES[2:4])
    i, j = node_hash(*LEAVES[4:6]), LEAVES[6]
    k, last = node_hash(g, h), node_hash(i, j)

    assert prove_consistency(3, 7, store.read) == [LEAVES[2], LEAVES[3], g, last]
    assert prove_consistency(4, 7, store.read) == [last]
    assert prove_consistency(6, 7, store.read) == [i, j, k]


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 3), (4, 3), (-1, 3)])
def test_sizes_of_no_older_and_newer_tree_are_refused(
    store: Store, old: int, new: int
) -> None:
    with pytest.raises(MalformedError):
        prove_consistency(old, new, store.read)
    with pytest.raises(VerificationError, match="older and a newer"):
        verify_consistency(TreeHead(old, ROOTS[0]), TreeHead(new, ROOTS[new]), [])


def test_a_fork_is_not_consistent(store: Store) -> None:
    fork = Store([*LEAVES[:5], leaf_hash(b"rewritten"), *LEAVES[6:]])
    forked = read_frontier(8, fork.read).head

    with pytest.raises(VerificationError):
        verify_consistency(head(6), forked, prove_consistency(6, 8, fork.read))
    with pytest.raises(VerificationError):
        verify_consistency(head(6), forked, prove_consistency(6, 8, store.read))
    verify_consistency(head(5), forked, prove_consistency(5, 8, fork.read))


def test_two_roots_of_one_size_are_a_fork() -> None:
    for size in (3, 4):
        verify_consistency(head(size), head(size), [])
        with pytest.raises(VerificationError, match="one size"):
            verify_consistency(head(size), TreeHead(size, ROOTS[5]), [])
        with pytest.raises(VerificationError, match="one size"):
            verify_consistency(head(size), head(size), [ROOTS[size]])


def test_a_consistency_proof_is_neither_empty_nor_longer_nor_shorter(
    store: Store,
) -> None:
    proof = prove_consistency(3, 7, store.read)

    with pytest.raises(VerificationError, match="empty"):
        verify_consistency(head(3), head(7), [])
    with pytest.raises(VerificationError, match="too long"):
        verify_consistency(head(3), head(7), [*proof, ROOTS[1]])
    with pytest.raises(VerificationError, match="does not reach"):
        verify_consistency(head(3), head(7), proof[:-1])


def test_a_tree_grown_from_a_whole_subtree_needs_its_new_half(store: Store) -> None:
    with pytest.raises(VerificationError, match="empty"):
        verify_consistency(head(4), head(8), [])
    with pytest.raises(VerificationError, match="does not reach"):
        verify_consistency(head(2), head(8), prove_consistency(2, 4, store.read))


def test_bytes_cannot_be_moved_between_two_hashes_of_a_proof(store: Store) -> None:
    third, fourth, *rest = prove_consistency(3, 7, store.read)
    # node_hash(third, fourth) would come out the same.
    moved = [third + fourth[:1], fourth[1:], *rest]

    with pytest.raises(VerificationError, match="not a hash"):
        verify_consistency(head(3), head(7), moved)
    with pytest.raises(VerificationError, match="not a hash"):
        verify_inclusion(
            LEAVES[0] + b"\x00", index=0, proof=[LEAVES[1][1:]], head=head(2)
        )
