"""Somebody runs code in the dock's process, or the console's, and wants the keys.

The code runs inside the real processes, under one user with the keeper. Where the
system has Landlock it gets nothing; where it has none, `listkeep status` says so.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import listkeep
from listkeep.cli.home import Instance
from listkeep.cli.running import landlock
from listkeep.cli.running.children import own_command, own_environment
from listkeep.cli.running.supervisor import Supervisor, is_healthy
from listkeep.drill.provider import make_place
from tests.ports import find_port

WALLED = pytest.mark.skipif(
    landlock.version() == 0,
    reason="this kernel has no Landlock: another test is for it",
)
THIEF = '''
import ctypes, json, os, sys
from pathlib import Path
from listkeep.cli.commands import serve

HOME, KEEPER = Path(os.environ["LISTKEEP_HOME"]), int(os.environ["THE_KEEPER"])
MINE = Path(os.environ["MY_OWN"])


def tries(act):
    try:
        act()
    except (OSError, ValueError) as error:
        return False
    return True


def steal():
    """Give what could be read, and what else could be done."""
    read = [
        str(path.relative_to(HOME))
        for path in HOME.rglob("*")
        if path.is_file() and tries(lambda: path.read_bytes())
    ]
    system = ctypes.CDLL(None, use_errno=True)
    root = next((HOME / "keys").rglob("*.*"), HOME / "keys" / "none")
    done = {
        "memory": lambda: open(f"/proc/{KEEPER}/mem", "rb"),
        "environment": lambda: refuse(
            not open(f"/proc/{KEEPER}/environ", "rb").read()
        ),
        "root": lambda: open(f"/proc/{KEEPER}/root{root}", "rb"),
        "folder": lambda: open(f"/proc/{KEEPER}/cwd/{root.name}", "rb"),
        "link": lambda: os.link(root, MINE / "link"),
        "move": lambda: os.rename(HOME / "keys", MINE / "keys"),
        "settings": lambda: open(HOME / "keeper.toml", "ab"),
        "cut": lambda: os.truncate(HOME / "keeper.toml", 10_000),
        "journal": lambda: open(HOME / "keeper.sqlite3-journal", "wb"),
        "signal": lambda: os.kill(KEEPER, 0),
        "trace": lambda: refuse(system.ptrace(16, KEEPER, 0, 0)),
        "mount": lambda: refuse(
            system.mount(b"none", str(MINE).encode(), b"tmpfs", 0, 0)
        ),
    }
    if "DO_NO_HARM" in os.environ:
        done = {name: done[name] for name in ("environment", "settings")}
    return {"read": read, "done": [name for name, act in done.items() if tries(act)]}


def refuse(answer):
    if answer:
        raise OSError("it was refused")


def take_over(make):
    def made():
        application = make()

        def answer(environ, start):
            if environ["PATH_INFO"] != "/taken-over":
                return application(environ, start)
            start("200 OK", [])
            return [json.dumps(steal()).encode()]

        return answer

    made.__name__ = make.__name__
    return made


def build_wall(home, building, build=serve.build_wall):
    stands = build(home, building)
    if building in ("proxy", "worker", "sink"):
        print(json.dumps(steal()), flush=True)
    return stands


serve.build_wall = build_wall
serve.make_dock = take_over(serve.make_dock)
serve.make_console = take_over(serve.make_console)
from listkeep.cli.main import run
sys.exit(run(sys.argv[1:]))
'''


@pytest.fixture(scope="module")
def keeper() -> Iterator[Supervisor]:
    """A keeper that runs, and everything there is for the other buildings."""
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    home = folder / "var"
    ports = (
        f"{name}={find_port()}" for name in ("--port", "--seal-port", "--app-port")
    )
    subprocess.run(
        own_command("init", *ports), env=own_environment(home), check=True, stderr=-3
    )
    with (home / "dock.toml").open("a") as settings:
        settings.write(f'\n[outlet]\nlisten = "127.0.0.1:{find_port()}"\n')
    (home / "demo" / "provider.json").write_text(
        json.dumps(
            {
                "port": find_port(),
                "returns_port": find_port(),
                "mail_domain": "bounce.example.com",
                "private_key": make_place(
                    port=1, returns_port=1, mail_domain="example.com"
                ).private_key,
            }
        )
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LISTKEEP_HOME", str(home))
        with Supervisor(Instance.open(), ("keeper",)) as supervisor:
            yield supervisor
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def taken_over(
    keeper: Supervisor, building: str, **more: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a building in whose process there is somebody else's code."""
    home = keeper.instance.home
    with subprocess.Popen(
        [sys.executable, "-P", "-c", THIEF, "serve", building],
        env={
            **own_environment(home),
            "THE_KEEPER": str(keeper.pid("keeper")),
            "MY_OWN": str(home / "staging"),
            **more,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def loot_of(keeper: Supervisor, building: str, **more: str) -> dict[str, Any]:
    """Tell what the thief has from inside a building."""
    instance = keeper.instance
    with taken_over(keeper, building, **more) as process:
        if building in ("dock", "console"):
            ends_at = time.monotonic() + 60
            while not is_healthy(instance, building):
                assert time.monotonic() < ends_at
                assert process.poll() is None
                time.sleep(0.1)
            assert instance.app is not None
            place = f"http://127.0.0.1:{instance.app.port}"
            url = instance.config.dock if building == "dock" else place
            found = httpx.get(f"{url}/taken-over", trust_env=False, timeout=60).json()
        else:
            assert process.stdout is not None
            found = json.loads(process.stdout.readline())
        found["said"] = status(keeper)
    return dict(found)


def status(keeper: Supervisor) -> str:
    done = subprocess.run(
        own_command("status", "--json"),
        env=own_environment(keeper.instance.home),
        capture_output=True,
        check=True,
    )
    return str(json.loads(done.stdout)["wall"])


OWN = {
    "dock": {
        "dock.toml",
        "dock.key",
        "dock.sqlite3",
        "dock.sqlite3-wal",
        "dock.sqlite3-shm",
    },
    "console": {"console.toml", "console.key"},
    "sink": set[str](),
}


@WALLED
@pytest.mark.parametrize("building", ["dock", "console", "proxy", "worker", "sink"])
def test_the_key_store_is_read_from_inside_another_building(
    keeper: Supervisor, building: str
) -> None:
    found = loot_of(keeper, building)

    own = OWN.get(building, OWN["dock"])
    assert {name for name in found["read"] if "/" not in name} <= own
    assert not [
        name for name in found["read"] if "/" in name and name[:8] != "staging/"
    ]
    assert found["done"] == (["signal"] if landlock.version() < 6 else [])
    assert "Landlock keeps" in found["said"]


def test_where_there_is_no_wall_it_is_read_and_that_is_said(keeper: Supervisor) -> None:
    """This is what the test above would find if nothing stood in the way."""
    found = loot_of(keeper, "dock", LISTKEEP_LANDLOCK="off", DO_NO_HARM="yes")

    assert [name for name in found["read"] if name.startswith("keys/")]
    assert "keeper.toml" in found["read"]
    assert "settings" in found["done"]
    assert found["said"].endswith("there is no wall between them")


@WALLED
def test_the_dock_works_behind_the_wall_and_starts_again(keeper: Supervisor) -> None:
    """Its database is written, closed and opened anew, by several processes."""
    instance = keeper.instance
    for _ in range(2):
        with Supervisor(instance, ("dock", "console", "worker")):
            assert is_healthy(instance, "dock")
            done = subprocess.run(
                own_command("job", "ls"),
                env=own_environment(instance.home),
                capture_output=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert (instance.home / "dock.sqlite3-wal").exists()


# --- as root, with a user for each --------------------------------------------------

SYSTEM = Path("/usr/bin/python3")  # one that every user can run
UIDS = {"LISTKEEP_KEEPER_USER": "64101", "LISTKEEP_DOCK_USER": "64102"}


def system_can_run_it() -> bool:
    """Tell whether the system's own Python is one that has what it takes."""
    if os.geteuid() != 0 or not SYSTEM.exists():
        return False
    told = "import sys, granian, msgspec, cryptography; print(sys.version_info[:2])"
    done = subprocess.run(
        [SYSTEM, "-c", told],
        env=everyones(),
        user=64101,
        capture_output=True,
        check=False,
    )
    return done.stdout.decode().strip() == str(sys.version_info[:2])


def everyones() -> dict[str, str]:
    ours = {str(Path(each.__file__ or "").parents[1]) for each in (listkeep, httpx)}
    return {"PYTHONPATH": ":".join(sorted(ours))}


@pytest.fixture(scope="module")
def apart() -> Iterator[Path]:
    """An instance that root made and starts, of two users from then on."""
    if not system_can_run_it():
        pytest.skip("it takes root, and a Python that every user can run")
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    folder.chmod(0o755)
    home = folder / "var"
    names = ("--port", "--seal-port", "--app-port")
    ports = (f"{name}={find_port()}" for name in names)
    subprocess.run(own_command("init", *ports), env=own_environment(home), check=True)
    yield home
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(home: Path, *words: str, until: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command of ours as root, with a user for keeper and dock."""
    log = home.with_name("said")
    with log.open("wb") as file:
        process = subprocess.Popen(
            [SYSTEM, "-P", "-m", "listkeep.cli", *words],
            env={**own_environment(home), **everyones(), **UIDS},
            stderr=file,
        )
    try:
        ends_at = time.monotonic() + 120
        while not (until in log.read_text() if until else is_there(home)):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < ends_at, log.read_text()
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        assert process.wait(60) == 0
    assert "and was started again" not in log.read_text()


def is_there(home: Path) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LISTKEEP_HOME", str(home))
        return is_healthy(Instance.open(), "keeper")


def owners(home: Path, *names: str) -> set[int]:
    return {(home / name).stat().st_uid for name in names}


def test_what_root_made_belongs_to_two_users_and_works_again(apart: Path) -> None:
    for _ in range(2):
        with running(apart, "up", until="logs are in"):
            said = apart.with_name("said").read_text()
            assert "keeper and dock run as different users" in said
            keepers = ("keys", "keeper.sqlite3", "keeper.toml", "spool", "keeper.sock")
            assert owners(apart, *keepers) == {64101}
            mine = ("dock.sqlite3", "dock.key", "dock.toml", "staging", "console.key")
            assert owners(apart, *mine) == {64102}
            assert (apart / "keeper.sock").stat().st_mode & 0o777 == 0o660
            done = subprocess.run(
                own_command("login", "--as", "cleo"),
                env=own_environment(apart),
                capture_output=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr


def test_the_key_store_is_read_by_the_docks_user(apart: Path) -> None:
    """Without Landlock: the users alone are the wall."""
    with running(apart, "serve", "keeper", until="") as keeper:
        thief = subprocess.run(
            [SYSTEM, "-P", "-c", THIEF_ALONE],
            env={
                **own_environment(apart),
                **everyones(),
                "THE_KEEPER": str(keeper.pid),
                "MY_OWN": str(apart / "staging"),
            },
            user=64102,
            group=64102,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
        found = json.loads(thief.stdout)
        top = {name for name in found["read"] if "/" not in name}

    assert top <= OWN["dock"] | {"cli.toml", "console.toml", "console.key"}
    assert found["done"] == []


THIEF_ALONE = THIEF.partition("def take_over")[0] + "print(json.dumps(steal()))"
