"""Two users, and both databases in PostgreSQL: the dock's user wants the keeper's."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from listkeep.cli.running.children import own_command, own_environment
from tests.attack.test_open_the_keepers_files import (
    SYSTEM,
    everyones,
    owners,
    running,
    system_can_run_it,
)
from tests.ports import find_port
from tests.postgres import Cluster, cluster

__all__ = ["cluster"]

DOCK = 64102


@pytest.fixture
def apart(cluster: Cluster) -> Iterator[Path]:
    """An instance on two databases, which root made and starts."""
    if not system_can_run_it():
        pytest.skip("it takes root, and a Python that every user can run")
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    folder.chmod(0o755)
    names = [f"lk_{kind}_{secrets.token_hex(4)}" for kind in ("keeper", "dock")]
    places = [cluster.make(name) for name in names]
    ports = (
        f"{name}={find_port()}" for name in ("--port", "--seal-port", "--app-port")
    )
    subprocess.run(
        own_command(
            *("init", *ports), f"--database={places[0]}", f"--dock-database={places[1]}"
        ),
        env=own_environment(folder / "var"),
        check=True,
    )
    yield folder / "var"
    for name in names:
        cluster.drop(name)
    shutil.rmtree(folder, ignore_errors=True)


def as_dock(home: Path, text: str) -> str:
    """Run some lines as the dock's user; gives what they print."""
    done = subprocess.run(
        [SYSTEM, "-P", "-c", text],
        env={**own_environment(home), **everyones()},
        user=DOCK,
        group=DOCK,
        extra_groups=[],
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


def test_both_users_work_on_postgresql_and_one_does_not_learn_where_the_others_is(
    apart: Path,
) -> None:
    for _ in range(2):  # also what they made themselves
        with running(apart, "up", until="logs are in"):
            said = apart.with_name("said").read_text()
            assert "keeper and dock run as different users" in said
            assert owners(apart, "keys", "keeper.toml", "keeper.sock") == {64101}
            assert owners(apart, "dock.key", "dock.toml", "staging") == {DOCK}
            done = subprocess.run(
                own_command("login", "--as", "cleo"),
                env=own_environment(apart),
                capture_output=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert _readable_by_dock(apart) == ["dock.toml"]
    assert not list(apart.glob("*.sqlite3"))
    assert _sessions(apart) > 0


def _readable_by_dock(home: Path) -> list[str]:
    """Tell which settings the dock's user reads: one names the keeper's database."""
    return as_dock(
        home,
        "import os\n"
        f"for name in ('keeper.toml', 'dock.toml'):\n"
        f"    if os.access({os.fspath(home)!r} + '/' + name, os.R_OK): print(name)",
    ).split()


def _sessions(home: Path) -> int:
    """Count what the keeper recorded in its own database."""
    line = next(
        line
        for line in (home / "keeper.toml").read_text().splitlines()
        if line.startswith("database")
    )
    with psycopg.connect(line.partition('"')[2].rstrip('"')) as connection:
        found = connection.execute("SELECT count(*) FROM ledger_entry")
        row = found.fetchone()
    assert row is not None
    return int(row[0])
