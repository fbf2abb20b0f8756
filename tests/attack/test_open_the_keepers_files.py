"""Somebody runs code in the dock's process, or the console's, and wants the keys.

The code runs inside the real processes, under one user with the keeper. Where the
system has Landlock it gets nothing; where it has none, `listkeep status` says so.
"""

import json
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

from listkeep.cli import landlock
from listkeep.cli.children import own_command, own_environment
from listkeep.cli.home import Instance
from listkeep.cli.supervisor import Supervisor, is_healthy
from listkeep.drill.provider import make_place
from tests.ports import find_port

WALLED = pytest.mark.skipif(
    landlock.version() == 0,
    reason="this kernel has no Landlock: another test is for it",
)
THIEF = '''
import ctypes, json, os, signal, sys
from pathlib import Path
from listkeep.cli import serve

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
        "signal": lambda: os.kill(KEEPER, signal.SIGCONT),
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
