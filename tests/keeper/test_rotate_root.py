"""Another root, while the keeper works, and killed at any step."""

import fcntl
import os
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from listkeep.core.errors import MalformedError, UnavailableError
from listkeep.keeper.gate.custody.root_rotation import Rotation, rotate_root
from listkeep.keeper.gate.endpoint import open_gate, open_roots, open_store
from listkeep.keeper.keys import FileProvider, KeyStore, Roots
from listkeep.keeper.keys.facts import is_sealed
from listkeep.keeper.ledger.services import Log
from tests.keeper.providers import stand
from tests.keeper.world import Rows, World

KILLS = os.environ.get("LISTKEEP_KILLS", "10")  # or "all"


def rotate(world: World, *, settings: str = "") -> Rotation:
    if settings:
        (world.home / "keeper.toml").write_text(settings)
    return rotate_root(
        world.gate, open_roots(), now=world.now, say=lambda _done, _of: None
    )


def require_readable(world: World, rows: Rows) -> None:
    """Read a row with a keeper that was just started, so with nothing in memory."""
    world.restart()
    view, _ = world.ask_reveal("ben", rows, 0)
    assert world.reveal("ben", view, rows.batch(0))
    assert world.look_up("ben", rows.list_id, rows.addresses[1])


def test_every_key_is_under_the_new_root_and_the_old_one_is_gone(world: World) -> None:
    rows = world.list_with_rows()
    root = world.home / "keys" / "root.key"
    before = root.read_bytes()
    old = FileProvider(root)
    wrapped = {path: path.read_bytes() for path in (world.home / "keys").glob("*.key")}

    done = rotate(world)

    assert root.read_bytes() != before
    assert root.stat().st_mode & 0o777 == 0o600
    assert not list((world.home / "keys").glob("root.next*"))
    assert (done.kinds, done.left_to_do) == (("file", "file"), ())
    keys = [path for path in wrapped if path != root and not is_sealed(wrapped[path])]
    assert done.keys == len(keys) > 5
    for path in keys:
        assert path.read_bytes() != wrapped[path]
        with pytest.raises(UnavailableError):
            old.unwrap(path.read_bytes(), key_id=path.stem)
    told = world.newest("root.rotated")
    assert (told["from"], told["to"], told["keys"]) == ("file", "file", str(len(keys)))
    require_readable(world, rows)


def test_those_who_look_after_the_instance_are_told_at_once(world: World) -> None:
    rotate(world)

    [notice] = [n for n in world.registry.book.notices if n.event == "root.rotated"]
    assert (notice.severity, notice.tenant) == ("alarm", "")


@pytest.mark.parametrize("kind", ["pkcs11", "aws-kms"])
def test_a_root_moves_to_another_provider_and_back(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    rows = world.list_with_rows()
    with stand(kind, tmp_path / "stand", monkeypatch) as place:
        there = "".join(f'{k} = "{v}"\n' for k, v in place.section().items())
        done = rotate(world, settings=f"[next_root]\n{there}")

        assert done.kinds == ("file", kind)
        assert "[next_root]" in done.left_to_do[0]
        assert not list((world.home / "keys").glob("root*"))
        require_readable(world, rows)  # with both sections still there
        (world.home / "keeper.toml").write_text(f"[root]\n{there}")
        require_readable(world, rows)

        settings = f'[root]\n{there}[next_root]\nprovider = "file"\n'
        assert rotate(world, settings=settings).kinds == (kind, "file")
        (world.home / "keeper.toml").write_text("")
        require_readable(world, rows)
        if kind == "pkcs11":
            with pytest.raises(UnavailableError):
                place.root().health()
    require_readable(world, rows)  # nothing asks the old provider any more


@pytest.mark.parametrize("kind", ["file", "pkcs11", "aws-kms"])
def test_a_root_that_follows_itself_under_another_name_is_not_destroyed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Everything would count as moved, and the only root end as the old one."""
    rows = world.list_with_rows()
    with stand(kind, tmp_path / "stand", monkeypatch) as place:
        there = {**place.section()}
        rotate(world, settings=f"[next_root]\n{_toml(there)}")
        for name in ("path", "pin_file", "endpoint"):
            if name in there:
                again = {**there, name: _another_name(there[name], tmp_path)}
        settings = f"[root]\n{_toml(there)}[next_root]\n{_toml(again)}"

        with pytest.raises(MalformedError, match="the same as"):
            rotate(world, settings=settings)

        (world.home / "keeper.toml").write_text(f"[root]\n{_toml(there)}")
        require_readable(world, rows)


def _toml(section: dict[str, str]) -> str:
    return "".join(f'{name} = "{value}"\n' for name, value in section.items())


def _another_name(place: str, folder: Path) -> str:
    if "://" in place:
        return f"{place}/"
    link = folder / "root-by-another-name.key"
    link.symlink_to(place)
    return str(link)


def test_a_provider_that_goes_away_in_the_middle_loses_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = world.list_with_rows()
    with stand("pkcs11", tmp_path / "stand", monkeypatch) as place:
        there = "".join(f'{k} = "{v}"\n' for k, v in place.section().items())
        (world.home / "keeper.toml").write_text(f"[next_root]\n{there}")

        def unplug(done: int, _of: int) -> None:
            if done == 3:
                place.take_away()

        with pytest.raises(UnavailableError):
            rotate_root(world.gate, open_roots(), now=world.now, say=unplug)
        place.bring_back()

        assert "root.rotated" not in world.events()
        assert (world.home / "keys" / "root.key").exists()
        require_readable(world, rows)
        rotate(world)
        require_readable(world, rows)


def test_a_token_is_followed_by_what_the_settings_name(
    empty: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stand("pkcs11", tmp_path / "stand", monkeypatch) as place:
        sections = [
            "".join(f'{k} = "{v}"\n' for k, v in place.section(label).items())
            for label in ("first", "second")
        ]
        empty.home.mkdir()
        (empty.home / "keeper.toml").write_text(f"[root]\n{sections[0]}")
        empty.enter()
        empty.found()
        empty.populate()
        rows = empty.list_with_rows()
        with pytest.raises(MalformedError, match="where the root goes"):
            rotate(empty)

        rotate(empty, settings=f"[root]\n{sections[0]}[next_root]\n{sections[1]}")

        (empty.home / "keeper.toml").write_text(f"[root]\n{sections[1]}")
        require_readable(empty, rows)
        with pytest.raises(UnavailableError):
            place.root("first").health()


# --- others work meanwhile ---


def _work_meanwhile(keys: Path, settings: Path, known: dict[str, bytes]) -> None:
    """Be another keeper of this instance: read every key, make new ones."""
    made: dict[str, bytes] = {}
    for turn in range(100_000):
        store = KeyStore(keys, Roots(settings, keys))
        for key_id, key in (known | made).items():
            if store.get(key_id) != key:
                os._exit(3)
        name = f"list-l_made.{turn}"
        store.create(name)
        made[name] = store.get(name)
        if len(made) > 20:
            store.destroy(made.popitem()[0])
        if (keys / "stop").exists():
            os._exit(0)


def test_keepers_that_run_read_and_make_keys_meanwhile(world: World) -> None:
    keys, settings = world.home / "keys", world.home / "keeper.toml"
    known = open_store().export()
    connections.close_all()
    worker = os.fork()
    if worker == 0:
        try:
            _work_meanwhile(keys, settings, known)
        finally:
            os._exit(4)
    try:
        for _ in range(5):
            rotate(world)
    finally:
        (keys / "stop").touch()
        _, status = os.waitpid(worker, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    store = KeyStore(keys, FileProvider(keys / "root.key"))
    assert [store.get(key_id) for key_id in known] == list(known.values())
    for key_id in store.key_ids():  # those that were made meanwhile, too
        if key_id.startswith("list-l_made"):
            assert len(store.get(key_id)) == 32


def test_a_rotation_that_ends_between_a_key_and_its_root_is_not_noticed(
    world: World,
) -> None:
    world.list_with_rows()
    known = open_store().export()
    keys, settings = world.home / "keys", world.home / "keeper.toml"

    class Late(Roots):
        turns = 0

        def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
            if self.turns < 3:
                self.turns += 1
                rotate(world)
            return super().unwrap(wrapped, key_id=key_id)

    late = Late(settings, keys)
    store = KeyStore(keys, late)

    assert {key_id: store.get(key_id) for key_id in known} == known
    assert late.turns == 3


def test_nobody_makes_a_key_under_a_root_that_is_just_ending(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []
    retire = Roots.retire_old

    def watched(roots: Roots) -> tuple[str, ...]:
        folder = os.open(world.home / "keys", os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.append(True)
        finally:
            os.close(folder)
        return retire(roots)

    monkeypatch.setattr(Roots, "retire_old", watched)
    rotate(world)

    assert held == [True]


def test_a_key_that_is_destroyed_meanwhile_stays_destroyed(world: World) -> None:
    store = open_store()
    store.create("list-l_gone")

    class Slow(FileProvider):
        def wrap(self, key: bytes, *, key_id: str) -> bytes:
            store.destroy(key_id)  # just before the new file is written
            return super().wrap(key, key_id=key_id)

    FileProvider.create(world.home / "keys" / "root-slow.key")
    store.rewrap("list-l_gone", Slow(world.home / "keys" / "root-slow.key"))

    assert "list-l_gone" not in store.key_ids()
    assert not list((world.home / "keys").glob("list-l_gone*"))


# --- kill -9 ---


class _Killer:
    """Counts the moments before and after each change on the disk; dies at one."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int) -> None:
        self.moments, self._at = 0, at
        for owner, name in (
            *((Path, each) for each in ("replace", "unlink", "hardlink_to")),
            (os, "fsync"),
            (Log, "flush"),
        ):
            patch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **named: Any) -> Any:
            self._tick()
            result = act(*args, **named)
            self._tick()
            return result

        return counted

    def _tick(self) -> None:
        self.moments += 1
        if self.moments == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def _moments(world: World) -> int:
    with pytest.MonkeyPatch.context() as patch:
        killer = _Killer(patch, 0)
        rotate(world)
    return killer.moments


def _rotate_and_die(world: World, moment: int) -> int:
    world.leave()
    child = os.fork()
    if child == 0:
        try:
            world.enter()
            _Killer(pytest.MonkeyPatch(), moment)
            rotate(world)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def lived(world: World) -> Iterator[tuple[World, Rows]]:
    yield world, world.list_with_rows()
    open_gate.cache_clear()


def test_killed_at_any_moment_it_goes_on_and_nothing_is_lost(
    lived: tuple[World, Rows], tmp_path: Path
) -> None:
    world, rows = lived
    world.leave()
    trial = world.copy_to(tmp_path / "trial")
    trial.enter()
    count = _moments(trial)
    assert count > 50
    trial.leave()
    seed = random.randrange(2**32)
    chosen: Sequence[int] = range(1, count + 1)
    if KILLS != "all":
        chosen = sorted(random.Random(seed).sample(chosen, int(KILLS)))

    for moment in chosen:
        killed = world.copy_to(tmp_path / f"at-{moment}")
        assert _rotate_and_die(killed, moment) == -signal.SIGKILL, (seed, moment)
        require_readable(killed, rows)
        rotate(killed)
        root = killed.home / "keys" / "root.key"
        store = KeyStore(killed.home / "keys", FileProvider(root))
        for key_id in store.export():
            assert len(store.get(key_id)) == 32
        left = {path.suffix for path in (killed.home / "keys").iterdir()}
        assert left == {".key"}
        require_readable(killed, rows)
        killed.leave()
