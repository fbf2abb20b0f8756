"""A ledger's reader against a keeper that lies, in each way there is."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from listkeep.cli.verification import verify_ledger
from listkeep.core.canonical import digest, encode
from listkeep.core.errors import ConflictError, VerificationError
from listkeep.core.ledger.heads import (
    ListHead,
    format_extension,
    heads_root,
    link,
    prove_head,
)
from listkeep.core.ledger.note import Checkpoint, NoteKey, NoteSigner, sign_note
from listkeep.core.ledger.tree import Frontier, TreeHead, leaf_hash
from listkeep.wire import messages as m

ORIGIN = "k_test"
PAGE = 3


@dataclass
class Ledger:
    """A ledger whose keeper can be made to lie."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    bodies: list[bytes] = field(default_factory=list)
    heads: dict[str, ListHead] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()

    @property
    def pinned(self) -> NoteKey:
        return NoteKey(ORIGIN, self.key.public_key().public_bytes_raw())

    def append(self, list_id: str = "", **fields: str) -> None:
        entry = {"event": "list.created", **fields}
        if list_id:
            entry = {**entry, "list": list_id, **link(self.heads.get(list_id))}
            self.heads[list_id] = ListHead(int(entry["list_sequence"]), digest(entry))
        self.bodies.append(encode(entry))

    def checkpoint(self, *, origin: str = ORIGIN) -> bytes:
        head = head_of([leaf_hash(body) for body in self.bodies])
        text = Checkpoint(
            origin, head.size, head.root, (format_extension(heads_root(self.heads)),)
        ).format()
        signer = NoteSigner(NoteKey(origin, self.pinned.public_key), self.key.sign)
        return sign_note(text, signer)

    def read(self, start: int) -> m.LedgerPage:
        entries = tuple(
            m.LedgerEntry(
                index=index,
                leaf=leaf_hash(body),
                body=b"" if index in self.hidden else body,
            )
            for index, body in enumerate(self.bodies)
        )[start : start + PAGE]
        return m.LedgerPage(
            entries=entries,
            checkpoint=self.checkpoint(),
            ledger_key=self.pinned.format(),
        )

    def prove(self, list_id: str) -> m.ListHeadProof:
        proof = prove_head(self.heads, list_id)
        return m.ListHeadProof(
            list=list_id,
            sequence=proof.head.sequence,
            digest=proof.head.digest,
            index=proof.index,
            lists=proof.lists,
            path=proof.path,
            checkpoint=self.checkpoint(),
        )


@pytest.fixture
def ledger() -> Ledger:
    made = Ledger()
    for number in range(4):
        made.append(note=str(number))
        made.append(list_id="l_one", note=str(number))
    made.append(list_id="l_two")
    return made


def head_of(leaves: Sequence[bytes]) -> TreeHead:
    frontier = Frontier()
    for leaf in leaves:
        frontier, _ = frontier.append(leaf)
    return frontier.head


def ledger_digest(ledger: Ledger, index: int) -> str:
    return hashlib.sha256(ledger.bodies[index]).hexdigest()


def refused(
    ledger: Ledger,
    read: Callable[[int], m.LedgerPage] | None = None,
    prove: Callable[[str], m.ListHeadProof] | None = None,
    *,
    seen: TreeHead | None = None,
    key: NoteKey | None = None,
) -> str:
    with pytest.raises(VerificationError) as caught:
        verify_ledger(
            read or ledger.read,
            prove or ledger.prove,
            key=key or ledger.pinned,
            seen=seen,
        )
    return caught.value.message


def test_an_honest_ledger_verifies_whole(ledger: Ledger) -> None:
    verified = verify_ledger(ledger.read, ledger.prove, key=ledger.pinned)

    assert verified.head.size == verified.read == 9
    assert verified.lists == 2
    assert verified.heads_checked


def test_hidden_entries_are_hashed_and_said_to_be_hidden(ledger: Ledger) -> None:
    ledger.hidden = frozenset({0, 2, 4, 6})

    verified = verify_ledger(ledger.read, ledger.prove, key=ledger.pinned)

    assert (verified.head.size, verified.read) == (9, 5)
    assert (verified.lists, verified.heads_checked) == (2, True)


def test_who_reads_about_no_list_is_told_that_no_head_was_checked(
    ledger: Ledger,
) -> None:
    ledger.hidden = frozenset(range(9))

    verified = verify_ledger(ledger.read, ledger.prove, key=ledger.pinned)

    assert (verified.read, verified.lists, verified.heads_checked) == (0, 0, False)


def test_a_newest_entry_kept_from_an_owner_is_seen(ledger: Ledger) -> None:
    ledger.hidden = frozenset({0, 2, 4, 6, 7})

    assert "newest entries of a list are missing" in refused(ledger)


def test_an_older_head_of_a_list_is_not_believed(ledger: Ledger) -> None:
    """Its proof leads to what was signed then, and not to what is signed now."""
    earlier = Ledger(ledger.key, ledger.bodies[:7])
    earlier.heads = {"l_one": ListHead(3, ledger_digest(ledger, 5))}
    older = earlier.prove("l_one")
    ledger.hidden = frozenset({0, 2, 4, 6, 7})

    message = refused(ledger, prove=lambda _list_id: older)

    assert "is not proven" in message


def test_an_older_head_is_not_believed_under_the_newest_checkpoint(
    ledger: Ledger,
) -> None:
    ledger.hidden = frozenset({0, 2, 4, 6, 7})

    def prove(list_id: str) -> m.ListHeadProof:
        older = {"sequence": 3, "digest": ledger_digest(ledger, 5)}
        return msgspec.structs.replace(ledger.prove(list_id), **older)

    assert "is not proven" in refused(ledger, prove=prove)


def test_a_proof_under_another_key_excuses_nothing(ledger: Ledger) -> None:
    ledger.hidden = frozenset({0, 2, 4, 6, 7})
    stranger = Ledger(bodies=[*ledger.bodies, b"{}"], heads={"l_one": ListHead(3, "")})

    assert "no trusted key" in refused(ledger, prove=stranger.prove)


def test_a_list_that_moves_on_while_its_head_is_asked_for_is_read_again(
    ledger: Ledger,
) -> None:
    ledger.hidden = frozenset({0})

    def prove(list_id: str) -> m.ListHeadProof:
        if len(ledger.bodies) < 12:
            ledger.append(list_id="l_two", note="meanwhile")
        return ledger.prove(list_id)

    verified = verify_ledger(ledger.read, prove, key=ledger.pinned)

    assert (verified.head.size, verified.heads_checked) == (12, True)


def test_lists_that_never_stand_still_are_not_said_to_be_complete(
    ledger: Ledger,
) -> None:
    ledger.hidden = frozenset({0})

    def prove(list_id: str) -> m.ListHeadProof:
        ledger.append(list_id="l_two", note="meanwhile")
        return ledger.prove(list_id)

    with pytest.raises(ConflictError):
        verify_ledger(ledger.read, prove, key=ledger.pinned)


def test_what_is_recorded_about_nobodys_list_meanwhile_changes_no_head(
    ledger: Ledger,
) -> None:
    ledger.hidden = frozenset({0})

    def prove(list_id: str) -> m.ListHeadProof:
        ledger.append(note="meanwhile")
        return ledger.prove(list_id)

    verified = verify_ledger(ledger.read, prove, key=ledger.pinned)

    assert (verified.head.size, verified.heads_checked) == (9, True)


def test_an_empty_page_before_the_end_is_a_lie(ledger: Ledger) -> None:
    def read(start: int) -> m.LedgerPage:
        page = ledger.read(start)
        return page if start < 3 else change(page, entries=())

    assert "ends before" in refused(ledger, read)


def test_a_changed_body_is_seen(ledger: Ledger) -> None:
    def read(start: int) -> m.LedgerPage:
        page = ledger.read(start)
        first = m.LedgerEntry(
            index=start, leaf=page.entries[0].leaf, body=encode({"event": "nothing"})
        )
        return change(page, entries=(first, *page.entries[1:]))

    assert "its leaf" in refused(ledger, read)


def test_a_changed_body_with_a_fitting_leaf_is_seen(ledger: Ledger) -> None:
    honest = ledger.checkpoint()
    ledger.bodies[2] = encode({"event": "nothing"})

    message = refused(ledger, lambda start: change(ledger.read(start), honest))

    assert "signed root" in message


def test_a_dropped_entry_is_seen(ledger: Ledger) -> None:
    def read(start: int) -> m.LedgerPage:
        page = ledger.read(start)
        return change(page, entries=page.entries[1:])

    assert "missing or out of order" in refused(ledger, read)


def test_another_key_is_not_believed_whatever_the_page_says(ledger: Ledger) -> None:
    stranger = Ledger(bodies=ledger.bodies, heads=ledger.heads)

    assert "no trusted key" in refused(stranger, key=ledger.pinned)


def test_a_checkpoint_of_another_ledger_is_not_believed(ledger: Ledger) -> None:
    other = ledger.checkpoint(origin="k_other")

    assert refused(ledger, lambda start: change(ledger.read(start), other))


def test_a_shorter_ledger_than_before_is_seen(ledger: Ledger) -> None:
    seen = verify_ledger(ledger.read, ledger.prove, key=ledger.pinned).head
    del ledger.bodies[-2:]
    ledger.heads = {"l_one": ListHead(3, ledger_digest(ledger, 5))}

    assert "shorter" in refused(ledger, seen=seen)


def test_a_rewritten_history_is_seen_though_the_keeper_signed_it() -> None:
    honest = Ledger()
    for number in range(5):
        honest.append(note=str(number))
    seen = verify_ledger(honest.read, honest.prove, key=honest.pinned).head
    rewritten = Ledger(key=honest.key)
    for number in (0, 1, 7, 3, 4, 5):
        rewritten.append(note=str(number))

    assert "history" in refused(rewritten, seen=seen)


def test_a_cut_chain_is_seen_though_the_keeper_signed_it(ledger: Ledger) -> None:
    del ledger.bodies[3]

    assert "chain" in refused(ledger)


def test_newest_entries_taken_from_a_list_are_seen(ledger: Ledger) -> None:
    """The tree was signed anew without them, the heads of lists were not."""
    del ledger.bodies[-1]

    assert "newest entries of its lists" in refused(ledger)


def test_entries_that_arrive_while_reading_belong_to_the_next_checkpoint(
    ledger: Ledger,
) -> None:
    def read(start: int) -> m.LedgerPage:
        before = ledger.checkpoint()
        if len(ledger.bodies) < 12:
            ledger.append(note="meanwhile")
        return change(ledger.read(start), before)

    verified = verify_ledger(read, ledger.prove, key=ledger.pinned)

    assert verified.head.size >= 9


def test_later_entries_do_not_disturb_what_was_seen(ledger: Ledger) -> None:
    seen = verify_ledger(ledger.read, ledger.prove, key=ledger.pinned).head
    ledger.append(list_id="l_two")

    assert (
        verify_ledger(ledger.read, ledger.prove, key=ledger.pinned, seen=seen).head.size
        == 10
    )


def change(
    page: m.LedgerPage,
    checkpoint: bytes | None = None,
    *,
    entries: tuple[m.LedgerEntry, ...] | None = None,
) -> m.LedgerPage:
    return m.LedgerPage(
        entries=page.entries if entries is None else entries,
        checkpoint=page.checkpoint if checkpoint is None else checkpoint,
        ledger_key=page.ledger_key,
    )


def recovered(ledger: Ledger) -> TreeHead:
    """Lose the last two entries, and go on without them; gives what was seen before."""
    seen = verify_ledger(ledger.read, ledger.prove, key=ledger.pinned).head
    del ledger.bodies[-2:]
    ledger.heads = {}
    for body in ledger.bodies:
        entry = json.loads(body)
        if "list_sequence" in entry:
            head = ListHead(int(entry["list_sequence"]), digest(entry))
            ledger.heads[entry["list"]] = head
    ledger.append(event="ledger.recovered")
    return seen


def test_an_end_that_was_given_up_is_told_and_not_passed_over(ledger: Ledger) -> None:
    seen = recovered(ledger)

    assert "two custodians went on without it" in refused(ledger, seen=seen)
    found = verify_ledger(
        ledger.read, ledger.prove, key=ledger.pinned, seen=seen, knows_of_loss=True
    )
    assert found.head.size == seen.size - 1


def test_who_knows_of_a_loss_still_sees_another_history_before_it(
    ledger: Ledger,
) -> None:
    recovered(ledger)
    seen = TreeHead(1, bytes(32))

    with pytest.raises(VerificationError, match="history"):
        verify_ledger(
            ledger.read, ledger.prove, key=ledger.pinned, seen=seen, knows_of_loss=True
        )
