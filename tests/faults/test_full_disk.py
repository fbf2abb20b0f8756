"""The disk is full in the middle: everything is as it was, and the error says so.

As root the instance lives on a small disk of its own; else its processes may not let a
file grow, which the system reports in other words.
"""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.harness import House, furnished

DISK_BYTES = 48 * 1024 * 1024
LEFT_BYTES = 400_000


@pytest.fixture(scope="module")
def is_small() -> Iterator[Path | None]:
    """A small disk, if this user may make one."""
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, check=False)
    try:
        yield folder if done.returncode == 0 else None
    finally:
        if done.returncode == 0:
            unmount = ["umount", "--lazy", str(folder)]
            subprocess.run(unmount, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def house(is_small: Path | None) -> Iterator[House]:
    with furnished(is_small / "house" if is_small else None) as found:
        yield found


@contextmanager
def full(house: House, *, is_disk: bool) -> Iterator[None]:
    """Leave next to no room while the block runs."""
    if not is_disk:
        with _no_file_grows(house):
            yield
        return
    filler = house.home.parent / "filler"
    free = shutil.disk_usage(house.home).free
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - LEFT_BYTES))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def _no_file_grows(house: House) -> Iterator[None]:
    assert house.supervisor
    limits = (LEFT_BYTES, resource.RLIM_INFINITY)
    pids = [os.getpid(), *_family(house.supervisor.pid("dock"))]
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE, limits) for pid in pids}
    try:
        yield
    finally:
        for pid, limit in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in _family(int(child)))]


def test_an_import_leaves_the_list_as_it_was(
    house: House, is_small: Path | None
) -> None:
    before = house.count()
    house.write_people("large.csv", 6000)
    with full(house, is_disk=is_small is not None):
        ran = house.terminal("listkeep import news large.csv --as ben")

    assert ran.status == 6, ran.stderr
    assert "hint:" in ran.stderr
    assert "Traceback" not in ran.stderr
    if is_small:
        assert "full" in ran.stderr or "room" in ran.stderr, ran.stderr
    assert house.count() == before
    assert list((house.home / "staging").iterdir()) == []
    house.terminal.ok("listkeep ledger verify --as cleo --json")
    house.write_people("small.csv", 100)
    house.terminal.ok("listkeep import news small.csv --as ben")
    assert house.count() == before + 100


def test_a_backup_leaves_nothing_and_says_so(
    house: House, is_small: Path | None
) -> None:
    with full(house, is_disk=is_small is not None):
        ran = house.terminal("listkeep backup copy.tar")

    assert ran.status == 6, ran.stderr
    assert "no room" in ran.stderr
    assert not list(house.terminal.folder.glob("*copy*"))
    assert not list(house.terminal.folder.glob(".copy*"))
    house.terminal.ok("listkeep backup copy.tar")


def test_an_export_that_found_no_room_goes_on_under_the_same_grant(
    house: House, is_small: Path | None
) -> None:
    ran = house.terminal.ok(
        "listkeep request export news --segment 'plan = \"rare\"' --rows 15 "
        "--recipient warehouse --purpose cards --sign --as ben"
    )
    request = ran.stdout.strip()
    house.terminal.ok(f"listkeep approve {request} --rows 15 --yes --as ada")
    with crammed(house, is_disk=is_small is not None):
        failed = house.terminal(f"listkeep export {request} --output x.age --as ben")

    if failed.status:
        assert failed.status in (5, 6), failed.stderr
        assert "Traceback" not in failed.stderr
        assert not (house.terminal.folder / "x.age").exists()
        house.terminal.ok(f"listkeep export {request} --output x.age --as ben")
    assert (house.terminal.folder / "x.age").exists()
    intended = [
        entry
        for entry in house.entries("export.completed")
        if entry["request"] == request
    ]
    assert len(intended) == 1


@contextmanager
def crammed(house: House, *, is_disk: bool) -> Iterator[None]:
    """Leave no room at all: not even for an entry of the ledger."""
    if not is_disk:
        yield
        return
    filler = house.home.parent / "rest"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(house.home).free)
    try:
        yield
    finally:
        filler.unlink()
