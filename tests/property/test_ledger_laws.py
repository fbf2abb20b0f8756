from collections.abc import Sequence
from functools import cache
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from listkeep.core import canonical
from listkeep.core.errors import MalformedError, VerificationError
from listkeep.core.ledger.heads import (
    ListHead,
    format_extension,
    heads_root,
    link,
    parse_extensions,
    verify_chain,
)
from listkeep.core.ledger.note import (
    SIZE_LIMIT,
    Checkpoint,
    NoteKey,
    NoteSigner,
    open_note,
    sign_note,
)
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

LIMIT = 300
LEAVES = [leaf_hash(str(number).encode()) for number in range(LIMIT)]
SIZES = st.integers(1, LIMIT)
HASHES = st.binary(min_size=32, max_size=32)
PROOFS = st.lists(HASHES | st.sampled_from(LEAVES), max_size=12)
PRIVATE = Ed25519PrivateKey.from_private_bytes(sha256(b"a key for tests").digest())
SIGNER = NoteSigner(
    NoteKey("keeper.example/ledger", PRIVATE.public_key().public_bytes_raw()),
    PRIVATE.sign,
)
LINES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x7f").filter(
        lambda character: character >= " "
    )
)
CHECKPOINTS = st.builds(
    Checkpoint,
    origin=LINES.filter(bool),
    size=st.integers(0, SIZE_LIMIT - 1),
    root=HASHES,
    extensions=st.lists(LINES.filter(bool), max_size=3).map(tuple),
)


@cache
def naive_root(start: int, end: int) -> Hash:
    """The definition of RFC 9162, 2.1.1, word for word."""
    size = end - start
    if size == 0:
        return EMPTY_ROOT
    if size == 1:
        return LEAVES[start]
    split = 1
    while split * 2 < size:
        split *= 2
    return node_hash(naive_root(start, start + split), naive_root(start + split, end))


def read(positions: Sequence[Position]) -> list[Hash]:
    """A store that has every complete subtree, and only those."""
    assert all((index + 1) << level <= LIMIT for level, index in positions)
    assert len(set(positions)) == len(positions)
    return [
        naive_root(index << level, (index + 1) << level) for level, index in positions
    ]


def head(size: int) -> TreeHead:
    return TreeHead(size, naive_root(0, size))


def test_the_root_of_a_grown_frontier_is_the_root_by_definition() -> None:
    frontier = Frontier()
    for size, leaf in enumerate(LEAVES):
        assert frontier.head == head(size)
        assert frontier == read_frontier(size, read)
        frontier, nodes = frontier.append(leaf)
        assert read([(node.level, node.index) for node in nodes]) == [
            node.hash for node in nodes
        ]


@given(SIZES, st.data())
def test_an_inclusion_proof_is_complete(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))

    proof = prove_inclusion(index, size, read)

    verify_inclusion(LEAVES[index], index=index, proof=proof, head=head(size))


@given(SIZES, st.data())
def test_no_other_leaf_index_or_proof_is_accepted(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(index, size, read)
    leaf = data.draw(st.sampled_from([LEAVES[index], LEAVES[(index + 1) % LIMIT]]))
    other_index = data.draw(st.integers(index - 1, index + 1))
    other_proof = data.draw(st.just(proof) | mutations(proof) | PROOFS)
    assume((leaf, other_index, other_proof) != (LEAVES[index], index, proof))

    with pytest.raises(VerificationError):
        verify_inclusion(leaf, index=other_index, proof=other_proof, head=head(size))


@given(st.integers(-1, 1000), st.integers(-1, 1000), PROOFS, st.sampled_from(LEAVES))
def test_an_invented_inclusion_proof_is_not_accepted(
    index: int, size: int, proof: list[Hash], leaf: Hash
) -> None:
    with pytest.raises(VerificationError):
        verify_inclusion(
            leaf, index=index, proof=proof, head=TreeHead(size, b"\x00" * 32)
        )


@given(SIZES, SIZES)
def test_a_consistency_proof_is_complete(one: int, other: int) -> None:
    old, new = sorted((one, other))

    verify_consistency(head(old), head(new), prove_consistency(old, new, read))


@given(SIZES, SIZES, st.data())
def test_no_other_head_or_proof_is_consistent(
    one: int, other: int, data: st.DataObject
) -> None:
    old, new = sorted((one, other))
    proof = prove_consistency(old, new, read)
    old_head = data.draw(st.sampled_from([head(old), TreeHead(old, LEAVES[7])]))
    new_head = data.draw(st.sampled_from([head(new), TreeHead(new, LEAVES[7])]))
    other_proof = data.draw(st.just(proof) | mutations(proof) | PROOFS)
    honest = (head(old), head(new), proof)
    assume((old_head, new_head, other_proof) != honest)
    assume((old_head, new_head) != (TreeHead(old, LEAVES[7]),) * 2)  # equal, not ours

    with pytest.raises(VerificationError):
        verify_consistency(old_head, new_head, other_proof)


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(-1, 70))
def test_only_our_errors_leave_the_verifiers(proof: list[bytes], size: int) -> None:
    with pytest.raises(VerificationError):
        verify_inclusion(
            LEAVES[3], index=3, proof=proof, head=TreeHead(size, b"no root")
        )
    with pytest.raises(VerificationError):
        verify_consistency(TreeHead(3, b"no root"), TreeHead(size, b""), proof)


@given(CHECKPOINTS)
def test_a_checkpoint_survives_being_signed_and_opened(checkpoint: Checkpoint) -> None:
    note = open_note(sign_note(checkpoint.format(), SIGNER), [SIGNER.key])

    assert Checkpoint.parse(note.text) == checkpoint


@given(CHECKPOINTS, st.data())
def test_a_note_changed_in_one_byte_does_not_open_as_another_text(
    checkpoint: Checkpoint, data: st.DataObject
) -> None:
    note = bytearray(sign_note(checkpoint.format(), SIGNER))
    note[data.draw(st.integers(0, len(note) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises((MalformedError, VerificationError)):
        open_note(bytes(note), [SIGNER.key])


@given(
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(["— ", "a", " ", "\n", "\n\n", "AAAAAAA=", "+", "\r", "\u2028"])
    )
    .map("".join)
    .map(str.encode)
)
def test_only_our_errors_leave_an_unsigned_note(data: bytes) -> None:
    with pytest.raises((MalformedError, VerificationError)):
        open_note(data, [SIGNER.key])


@given(st.text() | st.lists(st.sampled_from("0123\n =A"), max_size=80).map("".join))
def test_a_checkpoint_that_is_read_has_no_other_spelling(text: str) -> None:
    try:
        checkpoint = Checkpoint.parse(text)
    except MalformedError:
        return
    assert checkpoint.format() == text


@given(st.text(), st.binary(min_size=32, max_size=32))
def test_a_verifier_key_that_is_read_has_no_other_spelling(
    name: str, public_key: bytes
) -> None:
    try:
        key = NoteKey(name, public_key)
    except MalformedError:
        with pytest.raises(MalformedError):
            NoteKey.parse(f"{name}+00000000+AQ==")
        return
    assert NoteKey.parse(key.format()) == key


@given(st.text())
def test_only_our_errors_leave_the_parser_of_keys(text: str) -> None:
    for candidate in (text, f"a+{text}", f"a+00000000+{text}"):
        with pytest.raises(MalformedError):
            NoteKey.parse(candidate)


@given(st.lists(st.text("abc", max_size=3), min_size=1, max_size=8), st.data())
def test_only_the_whole_chain_of_a_list_is_accepted(
    events: list[str], data: st.DataObject
) -> None:
    entries: list[dict[str, str]] = []
    newest: ListHead | None = None
    for sequence, event in enumerate(events, start=1):
        entries.append({"event": event, "list": "l-spring", **link(newest)})
        newest = ListHead(sequence, canonical.digest(entries[-1]))
    order = data.draw(st.permutations(range(len(entries))))
    shown = [entries[place] for place in order[: data.draw(st.integers(0, len(order)))]]

    if shown == entries:
        verify_chain(shown, head=newest)
    else:
        with pytest.raises(VerificationError):
            verify_chain(shown, head=newest)


@given(st.dictionaries(st.text("abc"), st.integers(1, 9), max_size=9), st.data())
def test_the_root_of_heads_knows_every_list(
    sequences: dict[str, int], data: st.DataObject
) -> None:
    heads = {name: ListHead(count, "ab") for name, count in sequences.items()}
    shuffled = dict(data.draw(st.permutations(list(heads.items()))))
    root = heads_root(heads)

    assert heads_root(shuffled) == root
    assert parse_extensions([format_extension(root)]) == root
    for name, head_of_list in heads.items():
        changed = heads | {name: ListHead(head_of_list.sequence + 1, "ab")}
        fewer = {other: heads[other] for other in heads if other != name}
        assert root not in (heads_root(changed), heads_root(fewer))


@given(st.lists(LINES | LINES.map("listheads ".__add__), max_size=3))
def test_only_our_errors_leave_the_reader_of_extensions(lines: list[str]) -> None:
    with pytest.raises(MalformedError):
        parse_extensions(lines)


def mutations(proof: list[Hash]) -> st.SearchStrategy[list[Hash]]:
    """Change, drop, repeat or swap one hash of a proof."""
    if not proof:
        return st.just([EMPTY_ROOT])
    return st.integers(0, len(proof) - 1).flatmap(
        lambda place: st.sampled_from(
            [
                [*proof[:place], node_hash(proof[place], b""), *proof[place + 1 :]],
                [*proof[:place], *proof[place + 1 :]],
                [*proof[:place], proof[place], *proof[place:]],
                proof[::-1],
            ]
        )
    )
