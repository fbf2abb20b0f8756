"""Somebody who can write to the database wants another past."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from listkeep.core.canonical import encode, parse
from listkeep.core.errors import VerificationError
from listkeep.core.ledger.note import Checkpoint, NoteKey, NoteSigner, sign_note
from listkeep.core.ledger.tree import Frontier, leaf_hash, verify_inclusion
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.keys import KeyStore
from listkeep.keeper.ledger.models import Entry, Head, ListHead, Node
from listkeep.keeper.ledger.queries import prove_entry
from tests.keeper.instance import KEEPER, refusal
from tests.keeper.world import World


@pytest.fixture
def lived(world: World) -> World:
    """A ledger with a list, an export, and a suppression in it."""
    rows = world.list_with_rows(2)
    world.suppress("ben", rows, 0)
    world.export("ben", world.granted_export(rows), rows.whole())
    return world


def find(event: str) -> Entry:
    return next(
        row
        for row in Entry.objects.order_by("index")
        if fields_of(row)["event"] == event
    )


def fields_of(row: Entry) -> dict[str, str]:
    return parse(bytes(row.body), max_bytes=65_536)


def edit(name: str, **changes: str) -> None:
    row = find(name)
    row.body = encode({**fields_of(row), **changes})
    row.save()


def swap() -> None:
    one, two = find("request.made"), find("request.approved")
    one.body, two.body = two.body, one.body
    one.save()
    two.save()


def truncate() -> None:
    Entry.objects.order_by("-index")[0].delete()


def append() -> None:
    """Add an entry, with a head that fits it, and with hashes that are right."""
    rows = list(Entry.objects.order_by("index"))
    body = encode({**fields_of(rows[-1]), "salt": "00" * 16})
    Entry.objects.create(index=len(rows), body=body)
    rehash()


def rehash() -> None:
    """Make the head fit the entries, as far as that is possible without the key."""
    frontier = Frontier()
    for row in Entry.objects.order_by("index"):
        frontier, _ = frontier.append(leaf_hash(bytes(row.body)))
    Head.objects.update(size=frontier.size, frontier=b"".join(frontier.hashes))


def sign_with_another_key() -> None:

    rehash()
    frontier = Frontier()
    for row in Entry.objects.order_by("index"):
        frontier, _ = frontier.append(leaf_hash(bytes(row.body)))
    old = bytes(Head.objects.get().checkpoint).decode()
    key = Ed25519PrivateKey.generate()
    signer = NoteSigner(NoteKey(KEEPER, key.public_key().public_bytes_raw()), key.sign)
    text = Checkpoint(KEEPER, frontier.size, frontier.root, (old.split("\n")[3],))
    Head.objects.update(checkpoint=sign_note(text.format(), signer))


def both(first: Callable[[], object], then: Callable[[], object]) -> Callable[[], None]:
    def do() -> None:
        first()
        then()

    return do


CHANGES: dict[str, Callable[[], object]] = {
    "an entry is edited": lambda: edit("export.completed", rows="7"),
    "its salt is edited": lambda: edit("export.completed", salt="00" * 16),
    "an entry is edited and the head made to fit": both(
        lambda: edit("export.completed", rows="7"), rehash
    ),
    "an entry is edited and signed by somebody": both(
        lambda: edit("export.completed", rows="7"), sign_with_another_key
    ),
    "an entry has an unknown name": lambda: edit("export.completed", event="a.b"),
    "an entry has no time": lambda: edit("export.completed", at="yesterday"),
    "an entry is no JSON": lambda: Entry.objects.filter(index=5).update(body=b"\x00"),
    "an entry is deleted": lambda: find("export.intended").delete(),
    "the genesis is deleted": lambda: find("genesis.sealed").delete(),
    "two entries are swapped": swap,
    "the last entry is deleted": truncate,
    "the last entry is deleted and the head made to fit": both(truncate, rehash),
    "an entry is appended": append,
    "an entry is appended and signed by somebody": both(append, sign_with_another_key),
    "everything is deleted": lambda: Entry.objects.all().delete(),
    "everything is deleted, also the head": both(
        lambda: Entry.objects.all().delete(), lambda: Head.objects.all().delete()
    ),
    "the head is deleted": lambda: Head.objects.all().delete(),
    "the head is shorter": lambda: Head.objects.update(size=3),
    "the head's hashes are others": lambda: Head.objects.update(
        frontier=bytes(len(bytes(Head.objects.get().frontier)))
    ),
    "the head's hashes are cut": lambda: Head.objects.update(frontier=b"x"),
    "the checkpoint is empty": lambda: Head.objects.update(checkpoint=b""),
    "the checkpoint is nonsense": lambda: Head.objects.update(checkpoint=b"\xff\n"),
    "the checkpoint is edited": lambda: Head.objects.update(
        checkpoint=bytes(Head.objects.get().checkpoint).replace(b"\n", b"\n ", 1)
    ),
    "a list's head is edited": lambda: ListHead.objects.update(digest="00" * 32),
    "a list's head is set back": lambda: ListHead.objects.update(sequence=1),
    "a list's head is deleted": lambda: ListHead.objects.all().delete(),
    "a list's head is planted": lambda: ListHead.objects.create(
        list_id="l_planted", sequence=1, digest="00" * 32
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_keeper_does_not_start_on_it(lived: World, what: str) -> None:
    CHANGES[what]()

    with pytest.raises(VerificationError) as caught:
        lived.restart()
    assert caught.value.code == "ledger-invalid"
    assert Head.objects.count() <= 1


RUNNING = [
    what
    for what in CHANGES
    if what.startswith(("an entry is appended", "the head", "a list's"))
]


@pytest.mark.parametrize("what", RUNNING)
def test_a_running_keeper_decides_nothing_more_on_it(lived: World, what: str) -> None:
    lived.session("ben")
    gate = lived.gate
    size = Entry.objects.count()
    CHANGES[what]()
    changed = list(Entry.objects.values_list("index", "body"))

    for _ in range(2):
        with pytest.raises(VerificationError) as caught, gate.turn(lived.now) as turn:
            turn.append(None, {})  # type: ignore[arg-type]
        assert caught.value.code == "ledger-invalid"
    assert list(Entry.objects.values_list("index", "body")) == changed
    assert size


def test_an_entry_slipped_in_while_running_changes_nothing(lived: World) -> None:
    """The newest entry lifts a suppression, and everything but the key fits it."""
    gate = lived.gate
    before = dict(lived.registry.suppressed)
    edited = fields_of(find("entries.suppressed"))
    body = encode({**edited, "total": "0", "check": "00" * 32})
    Entry.objects.create(index=Entry.objects.count(), body=body)
    rehash()

    for _ in range(2):
        with pytest.raises(VerificationError), gate.view(lived.now):
            pass
    assert gate._registry.suppressed == before


def test_a_keeper_signs_no_checkpoint_over_somebody_elses_hashes(
    lived: World,
) -> None:
    """Without this, whoever writes the head's row gets any past signed."""
    checkpoint = bytes(Head.objects.get().checkpoint)
    Head.objects.update(frontier=bytes(len(bytes(Head.objects.get().frontier))))

    assert refusal(lived.login, "ivan") == "ledger-invalid"
    assert bytes(Head.objects.get().checkpoint) == checkpoint


def test_stored_hashes_that_were_edited_prove_nothing(lived: World) -> None:

    Node.objects.filter(level=0).update(hash=bytes(32))
    leaf, proof, checkpoint = prove_entry(2)
    head = Checkpoint.parse(checkpoint.decode().split("\n\n")[0] + "\n").head

    with pytest.raises(VerificationError):
        verify_inclusion(leaf, index=2, proof=proof, head=head)


def test_an_older_database_put_back_is_noticed(lived: World) -> None:
    older = lived.copy_to(lived.home.parent / "older")
    lived.login("ben")
    for name in ("keeper.sqlite3", "keeper.sqlite3-wal", "keeper.sqlite3-shm"):
        (lived.home / name).unlink(missing_ok=True)
        if (older.home / name).exists():
            (older.home / name).rename(lived.home / name)

    with pytest.raises(VerificationError, match="old copy"):
        lived.restart()


def test_an_older_database_put_back_and_lived_on_is_noticed(lived: World) -> None:
    """The copy grew past the mark with the stolen key store of another day."""
    other = lived.copy_to(lived.home.parent / "other")
    lived.login("ben")
    lived.leave()
    other.enter()
    for _ in range(3):
        other.login("ivan")
    other.leave()
    lived.enter()
    (other.home / "keeper.sqlite3").rename(lived.home / "keeper.sqlite3")

    with pytest.raises(VerificationError, match="not the ledger"):
        Gate(open_store_of(lived))


def open_store_of(world: World) -> KeyStore:

    world.enter()
    return open_store()


def test_an_older_database_put_back_under_a_running_keeper_is_noticed(
    lived: World,
) -> None:
    gate = lived.gate
    truncate()
    Head.objects.update(size=Head.objects.get().size - 1)

    with pytest.raises(VerificationError), gate.view(lived.now):
        pass


def test_another_instances_ledger_does_not_fit_this_key_store(
    lived: World, empty: World
) -> None:
    empty.enter()
    empty.found(keeper="k_other")
    empty.leave()
    (empty.home / "keeper.sqlite3").rename(lived.home / "keeper.sqlite3")

    with pytest.raises(VerificationError):
        lived.restart()
