"""An instance that an earlier release made goes on under this one.

How the fixtures were made, and how the next one is, stands in ``make_instance.py``.
"""

import os
import random
import secrets
import shutil
import signal
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from unittest import mock

import pyrage
import pytest

from listkeep.cli.home import Instance
from listkeep.cli.running.children import own_command, own_environment
from listkeep.cli.running.supervisor import Supervisor
from tests.cli.stage import Terminal
from tests.faults.harness import KILLS
from tests.ports import find_port
from tests.upgrade.make_instance import ROWS, rows

FOLDER = Path(__file__).parent
RELEASES = ("0.1.0-d9fe704",)


@pytest.fixture(params=RELEASES)
def old(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """The instance as the release left it, on ports of its own."""
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    with tarfile.open(FOLDER / f"{request.param}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    home, port = folder / "var", str(find_port())
    home.chmod(0o700)
    for path in home.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    for name in ("cli.toml", "dock.toml"):
        path = home / name
        path.write_text(path.read_text().replace("8480", port))
    with (home / "keeper.toml").open("a") as file:
        file.write(f"seal_port = {find_port()}\n")
    yield Terminal(home, folder)
    shutil.rmtree(folder, ignore_errors=True)


def running(terminal: Terminal) -> Supervisor:
    with mock.patch.dict("os.environ", {"LISTKEEP_HOME": str(terminal.home)}):
        return Supervisor(Instance.open())


def opened(terminal: Terminal, name: str) -> list[str]:
    """Open a copy as its recipient."""
    identity = pyrage.x25519.Identity.from_str(
        (terminal.folder / "warehouse.age").read_text()
    )
    data = (terminal.folder / name).read_bytes()
    return pyrage.decrypt(data, [identity]).decode().splitlines()


def test_an_instance_of_an_earlier_release_works_on(old: Terminal) -> None:
    before = opened(old, "copy.age")
    old.ok("listkeep migrate")
    old.ok("listkeep migrate")  # again, on what is migrated already
    with running(old):
        for name in ("ada", "ben", "cleo"):
            old.ok(f"listkeep login --as {name}")
        count = old.ok("listkeep count newsletter --as ben --json").json
        found = old.ok(
            "listkeep lookup newsletter --as ben --json", stdin="person10@example.com"
        ).json
        request = old.ok(
            f"listkeep request reveal newsletter {found['token']} --purpose call "
            "--sign --as ben"
        ).stdout.strip()
        shown = old.ok(f"listkeep reveal {request} --as ben --json").json
        exported = export(old)
        (old.folder / "more.csv").write_bytes(rows(ROWS - 50, 100))
        told = old.ok("listkeep import newsletter more.csv --as ben --json").json
        after = old.ok("listkeep count newsletter --as ben --json").json
        verified = old.ok("listkeep ledger verify --as cleo --json").json
        audited = old.ok("listkeep registry verify --live --as cleo --json").json

    assert (count["count"], after["count"]) == (ROWS, ROWS + 50)
    assert "person10@example.com" in str(shown)
    assert exported == before
    assert len(exported) == 1 + ROWS // 3 - 1, "with a header, without who complained"
    assert told["rows"] == 100
    assert verified["verified"]
    assert {person["name"] for person in audited["people"]} == {
        *("cleo", "cyrus", "ada", "amir", "ben")
    }


def export(terminal: Terminal) -> list[str]:
    """Take the copy of then once more."""
    ran = terminal.ok(
        "listkeep request export newsletter --segment 'country = \"FR\"' --rows 200 "
        "--recipient warehouse --purpose again --sign --as ben"
    )
    request = ran.stdout.strip()
    terminal.ok(f"listkeep approve {request} --rows 200 --yes --as ada")
    terminal.ok(f"listkeep export {request} --output again.age --as ben")
    return opened(terminal, "again.age")


def test_a_migration_that_was_killed_is_finished_by_the_next(old: Terminal) -> None:
    seed = int(os.environ.get("LISTKEEP_SEED") or secrets.randbits(32))
    print(f"LISTKEEP_SEED={seed}")  # noqa: T201
    chance = random.Random(seed)
    for _ in range(KILLS + 1):
        process = subprocess.Popen(
            own_command("migrate"),
            env=own_environment(old.home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.2, 2))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    old.ok("listkeep migrate")
    with running(old):
        old.ok("listkeep login --as ben")
        assert old.ok("listkeep count newsletter --as ben").stdout == f"{ROWS}\n"


def test_what_is_newer_is_never_opened_by_this_code(old: Terminal) -> None:
    old.ok("listkeep migrate")
    for name, room in (("keeper", "gate"), ("dock", "lists")):
        with sqlite3.connect(old.home / f"{name}.sqlite3") as database:
            database.execute(
                "INSERT INTO django_migrations (app, name, applied) "
                "VALUES (?, '9999_future', '2030-01-01')",
                (room,),
            )
        database.close()
        for command in (f"migrate {name}", f"serve {name}"):
            ran = old(f"listkeep {command}")
            assert ran.status == 5, ran.stderr
            assert "newer version" in ran.stderr
