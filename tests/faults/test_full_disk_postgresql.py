"""The disk of the dock's PostgreSQL is full in the middle: the list is as it was.

The server's folder lies on a small disk of its own, which takes a user who may make
one. Keeper, staging and logs lie elsewhere.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.harness import House, furnished
from tests.postgres import Cluster, find_binaries

DISK_BYTES = 160 * 1024 * 1024
LEFT_BYTES = 600_000
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "20",
    "shared_buffers": "8MB",
    "min_wal_size": "32MB",
    "max_wal_size": "32MB",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """Start a server whose folder is a small disk."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="lk-pg-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("this user may not make a disk of its own")
    found = Cluster(folder, binaries, OPTIONS)
    try:
        found.start()
        yield found
    finally:
        found.stop()
        unmount = ["umount", "--lazy", str(folder)]
        subprocess.run(unmount, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def house(server: Cluster) -> Iterator[House]:
    with furnished(init=f"--dock-database {server.make('dock')}") as found:
        yield found


@contextmanager
def full(server: Cluster, *, left_bytes: int) -> Iterator[None]:
    """Leave next to no room on the server's disk while the block runs."""
    filler = server.folder / "filler"
    free = shutil.disk_usage(server.folder).free
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - left_bytes))
    try:
        yield
    finally:
        filler.unlink()


@pytest.mark.parametrize("left_bytes", [LEFT_BYTES, 0])
def test_an_import_leaves_the_list_as_it_was(
    house: House, server: Cluster, left_bytes: int
) -> None:
    before = house.count()
    house.write_people("large.csv", 3000)
    with full(server, left_bytes=left_bytes):
        ran = house.terminal("listkeep import news large.csv --as ben")

    assert ran.status == 6, ran.stderr
    assert "hint:" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "@" not in ran.stderr
    assert house.count() == before
    assert list((house.home / "staging").iterdir()) == []
    house.terminal.ok("listkeep ledger verify --as cleo --json")
    house.write_people("small.csv", 100)
    house.terminal.ok("listkeep import news small.csv --as ben")
    assert house.count() == before + 100
