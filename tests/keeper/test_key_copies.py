"""All keys copied for their holders, lost, and put back."""

import os
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from django.conf import settings

from listkeep.core.errors import Code, ConflictError, ListkeepError, RefusedError
from listkeep.core.ledger.events import Event
from listkeep.keeper.gate.custody.key_copies import COPY_FILE, copy_keys
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.keys import Copy, KeyStore
from tests.keeper.copying import (
    HOLDERS,
    agree,
    copy,
    lose_keys,
    open_share,
    restore,
    subject,
)
from tests.keeper.instance import refusal
from tests.keeper.world import Rows, World


def require_readable(world: World, rows: Rows) -> None:
    world.restart()
    view, _ = world.ask_reveal("ben", rows, 0)
    assert world.reveal("ben", view, rows.batch(0))
    assert world.look_up("ben", rows.list_id, rows.addresses[1])


def test_two_custodians_agree_and_the_ledger_tells_of_the_copy(
    world: World, tmp_path: Path
) -> None:
    rows = world.list_with_rows()
    made = copy(world, tmp_path / "copy")

    entry = world.newest("keys.backed-up")
    keys = len(open_store().export())
    assert made.keys == keys == int(entry["keys"])
    assert (entry["needed"], entry["shares"]) == ("2", "3")
    assert entry["expires"] == subject(world)["until"]
    assert world.registry.key_copies == {made.sha256: made.terms.until}
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {
        COPY_FILE,
        *(f"share-{name}.age" for name in HOLDERS),
    }
    for path in (tmp_path / "copy").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    [notice] = [n for n in world.registry.book.notices if n.event == "keys.backed-up"]
    assert (notice.severity, notice.tenant) == ("alarm", "")
    require_readable(world, rows)


@pytest.mark.parametrize("holders", list(combinations(HOLDERS, 2)), ids="+".join)
def test_the_keys_are_lost_and_any_two_put_them_back(
    world: World, tmp_path: Path, holders: tuple[str, ...]
) -> None:
    rows = world.list_with_rows()
    makers = settings.KEY_STORE / "attestation"
    makers.mkdir()
    (makers / "maker.pem").write_bytes(b"certificate")
    copy(world, tmp_path / "copy")
    world.list_with_rows(name="later")
    lose_keys(world)
    with pytest.raises(ListkeepError) as lost:
        world.restart()
    assert lost.value.code is Code.KEY_UNAVAILABLE

    done = restore(world, tmp_path / "copy", *holders)

    require_readable(world, rows)
    later = next(f for f in world.registry.lists.values() if f.name == "later")
    assert done.missing == (f"list-{later.id}",)
    assert done.entries_since > 0
    assert (done.withheld, done.is_over) == (0, False)
    entry = world.newest("keys.restored")
    assert (int(entry["keys"]), entry["missing"], entry["withheld"]) == (
        done.keys,
        "1",
        "0",
    )
    assert (makers / "maker.pem").read_bytes() == b"certificate"
    assert not list(world.home.glob(".keys-*"))
    # Whoever was signed in still is, and what comes next is remembered.
    assert open_store().read_mark().size == world.registry.frontier.size
    world.list_with_rows(name="again")


def test_a_key_that_was_destroyed_does_not_come_back(
    world: World, tmp_path: Path
) -> None:
    rows = world.list_with_rows()
    copy(world, tmp_path / "copy")
    world.wait(days=1)
    with world.gate.turn(world.now) as turn:
        fields = {"key": "1", "principal": "s_dockdockdock", "request": ""}
        open_store().create(f"list-{rows.list_id}.1")
        turn.append(Event.KEY_RENEWED, fields, list_id=rows.list_id)
    world.wait(days=1)
    with world.gate.turn(world.now) as turn:
        fields = {"key": "0", "rows": "3"}
        turn.append(Event.KEY_DESTROYED, fields, list_id=rows.list_id)
    lose_keys(world)

    done = restore(world, tmp_path / "copy", "cleo", "sam")

    assert done.withheld == 1
    assert done.missing == (f"list-{rows.list_id}.1",)
    assert f"list-{rows.list_id}" not in open_store().key_ids()
    assert world.newest("keys.restored")["withheld"] == "1"
    world.restart()
    view, _ = world.ask_reveal("ben", rows, 0)
    assert refusal(world.reveal, "ben", view, rows.batch(0)) != "it was not refused"


def test_a_few_keys_that_are_missing_are_put_back_beside_the_others(
    world: World, tmp_path: Path
) -> None:
    rows = world.list_with_rows()
    copy(world, tmp_path / "copy")
    world.list_with_rows(name="later")
    mark = open_store().read_mark().size
    (settings.KEY_STORE / f"list-{rows.list_id}.key").unlink()

    restore(world, tmp_path / "copy", "cleo", "cyrus")

    require_readable(world, rows)
    assert open_store().read_mark().size > mark


def test_other_keys_are_never_written_over(world: World, tmp_path: Path) -> None:
    rows = world.list_with_rows()
    copy(world, tmp_path / "copy")
    key_id = f"list-{rows.list_id}"
    store = open_store()
    store.destroy(key_id)
    store.create(key_id)
    other = store.get(key_id)

    with pytest.raises(ConflictError):
        restore(world, tmp_path / "copy", "cleo", "cyrus")
    assert open_store().get(key_id) == other


def test_keys_of_another_instance_are_never_mixed_in(
    world: World, tmp_path: Path
) -> None:
    copy(world, tmp_path / "copy")
    open_store().keep("pin", {"genesis": "00", "keeper": "k_other"})

    with pytest.raises(ConflictError):
        restore(world, tmp_path / "copy", "cleo", "cyrus")


@pytest.mark.parametrize("steps", range(1, 12, 2))
def test_a_restore_that_was_cut_short_is_run_again(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    rows = world.list_with_rows()
    copy(world, tmp_path / "copy")
    lose_keys(world)
    left = steps
    put_back = KeyStore.put_back

    def counted(store: KeyStore, key_id: str, key: bytes) -> None:
        nonlocal left
        if store._path == settings.KEY_STORE:
            left -= 1
            if not left:
                raise KeyboardInterrupt
        put_back(store, key_id, key)

    monkeypatch.setattr(KeyStore, "put_back", counted)
    try:
        restore(world, tmp_path / "copy", "cleo", "cyrus")
    except KeyboardInterrupt:
        with pytest.raises(ListkeepError):  # half a key store is no instance
            world.restart()
    monkeypatch.undo()

    restore(world, tmp_path / "copy", "cleo", "cyrus")
    require_readable(world, rows)


def test_an_old_copy_says_that_it_is_over(world: World, tmp_path: Path) -> None:
    rows = world.list_with_rows()
    copy(world, tmp_path / "copy", days=30)
    world.wait(days=31)
    lose_keys(world)

    assert restore(world, tmp_path / "copy", "cleo", "cyrus").is_over
    require_readable(world, rows)


# --- making the copy ---


def test_a_copy_is_made_once(world: World, tmp_path: Path) -> None:
    view = agree(world)
    copy_keys(world.gate, view.id, folder=tmp_path / "copy", now=world.now)

    with pytest.raises(RefusedError):
        copy_keys(world.gate, view.id, folder=tmp_path / "more", now=world.now)
    assert not list(tmp_path.glob("*more*"))


def test_a_folder_that_is_there_is_not_written_to(world: World, tmp_path: Path) -> None:
    view = agree(world)
    (tmp_path / "copy").mkdir()

    with pytest.raises(ConflictError):
        copy_keys(world.gate, view.id, folder=tmp_path / "copy", now=world.now)
    assert "keys.backed-up" not in world.events()


def test_a_full_disk_leaves_no_copy_and_no_entry(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = agree(world)
    with monkeypatch.context() as patch:

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            copy_keys(world.gate, view.id, folder=tmp_path / "copy", now=world.now)

    assert not (tmp_path / "copy").exists()
    assert "keys.backed-up" not in world.events()
    copy_keys(world.gate, view.id, folder=tmp_path / "copy", now=world.now)
    assert open_share(tmp_path / "copy", "cleo").needed == 2


def test_a_copy_whose_time_has_passed_is_not_made(world: World, tmp_path: Path) -> None:
    view = agree(world, days=3)
    world.wait(days=3)

    with pytest.raises(RefusedError):
        copy_keys(world.gate, view.id, folder=tmp_path / "copy", now=world.now)


def test_no_root_is_in_a_copy(world: World, tmp_path: Path) -> None:
    world.list_with_rows()
    root = (settings.KEY_STORE / "root.key").read_bytes()
    copy(world, tmp_path / "copy")
    opened = Copy.parse((tmp_path / "copy" / COPY_FILE).read_bytes()).open(
        [open_share(tmp_path / "copy", name) for name in ("cleo", "cyrus")]
    )

    assert root not in opened.keys.values()
    assert not [name for name in opened.keys if name.startswith("root")]
    assert opened.keys == open_store().export()
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700
    assert opened.mark_size == world.registry.frontier.size - 1
    assert timedelta(days=364) < world.registry.key_copies.popitem()[1] - world.now
