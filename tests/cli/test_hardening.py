"""What the system does with a process that was hardened, and with one that was not."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from listkeep.cli.home import Instance
from listkeep.cli.running.supervisor import Supervisor
from tests.cli.stage import Terminal, copy_instance

HARDEN = (
    "from listkeep.cli.running.hardening import harden; harden(lock_memory={lock})\n"
)
LOCKED = "print(open('/proc/self/status').read().split('VmLck:')[1].split()[0])\n"
SECRET = "a key that must not reach a disk"
# A user like others, whose processes can be looked into as usual.
BE_NOBODY = """
import ctypes, os, resource, sys
import listkeep.cli.running.hardening
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
"""
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to be another")


def program(text: str, **options: Any) -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,
    )
    return done


def allow_dumps() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def test_a_crash_leaves_no_core(tmp_path: Path) -> None:
    crash = (
        f"import os, signal; key = {SECRET!r} * 2; os.kill(os.getpid(), signal.SIGSEGV)"
    )
    hardened = HARDEN.format(lock=False) + crash

    done = program(hardened, cwd=tmp_path, preexec_fn=allow_dumps)

    assert done.returncode == -signal.SIGSEGV
    assert list(tmp_path.iterdir()) == []
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern == "core":  # the same without, or this test would show nothing
        program(crash, cwd=tmp_path, preexec_fn=allow_dumps)
        [core] = tmp_path.iterdir()
        assert SECRET.encode() in core.read_bytes()


def test_a_limit_that_is_too_low_is_no_reason_to_die() -> None:
    """Locking all memory against a limit would end the process when it is reached."""
    low = "resource.setrlimit(resource.RLIMIT_MEMLOCK, (8 << 20, 8 << 20))\n"
    grow = "x = [bytes(1 << 20) for _ in range(64)]\n"

    done = program(f"{BE_NOBODY}{low}{HARDEN.format(lock=True)}{grow}{LOCKED}")

    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


def test_memory_is_locked_where_the_system_allows_it() -> None:
    status = Path("/proc/self/status").read_text()
    capabilities = int(status.partition("CapEff:")[2].split()[0], 16)
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    if not capabilities >> 14 & 1 and limit != resource.RLIM_INFINITY:
        pytest.skip("this machine lets nobody lock memory")

    done = program(HARDEN.format(lock=True) + LOCKED)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1000


@AS_ROOT
@pytest.mark.parametrize("hardened", [True, False])
def test_another_process_of_the_same_user_does_not_look_into_its_memory(
    hardened: bool,
) -> None:
    """As the dock's, taken over, under `listkeep up`."""
    keeper = (
        BE_NOBODY
        + (HARDEN.format(lock=False) if hardened else "")
        + ("print(os.getpid(), flush=True); sys.stdin.read()")
    )
    with subprocess.Popen(
        [sys.executable, "-c", keeper],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        done = program(f"{BE_NOBODY}open('/proc/{pid}/mem', 'rb')")
        running.communicate("")

    assert ("PermissionError" in done.stderr) is hardened, done.stderr


# --- the buildings ---


@pytest.fixture
def instance(short_folder: Path, made: Path, tmp_path: Path) -> Iterator[Supervisor]:
    home = short_folder / "hard"
    copy_instance(made, home)
    with mock.patch.dict("os.environ", {"LISTKEEP_HOME": str(home)}):
        supervisor = Supervisor(Instance.open(), ("keeper", "dock", "seal", "worker"))
    with supervisor:
        yield supervisor


def family(pid: int) -> list[int]:
    """Name a process and what came of it: the one that serves is a child."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def has_no_dumps(pid: int) -> bool:
    limits = Path(f"/proc/{pid}/limits").read_text()
    [core] = [line for line in limits.splitlines() if "core file" in line]
    return core.split()[4:6] == ["0", "0"]


def poll(is_so: Callable[[], bool]) -> bool:
    """Wait for a process that has just been started; nobody waits for a worker."""
    deadline = time.monotonic() + 30
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


def read_status(pid: int, name: str) -> str:
    text = Path(f"/proc/{pid}/status").read_text()
    return text.partition(f"{name}:")[2].split()[0]


def test_every_process_of_every_building_is_hardened(
    instance: Supervisor, tmp_path: Path
) -> None:
    """As the system tells it, from outside."""
    terminal = Terminal(instance.instance.home, tmp_path)
    said = terminal.ok("listkeep status --json").json["protection"]
    assert said["core_dumps"] is False
    assert (said["root"], said["root_answers"]) == ("file", True)

    for building in ("keeper", "seal", "dock", "worker"):
        pids = family(instance.pid(building))
        assert len(pids) >= (1 if building == "worker" else 2)
        for pid in pids:
            assert poll(partial(has_no_dumps, pid)), building
            if building in ("keeper", "seal"):
                locked = int(read_status(pid, "VmLck"))
                assert (locked > 0) is said["memory_locked"], building
    os.kill(family(instance.pid("keeper"))[-1], signal.SIGSEGV)
    instance._children["keeper"].process.wait(30)
    assert not [path for path in Path.cwd().glob("core*") if path.is_file()]
    assert not list(instance.instance.home.glob("core*"))


def test_what_is_not_protected_is_said(tmp_path: Path) -> None:
    """To whoever asks, and in the log."""
    text = (
        "import logging; logging.basicConfig()\n"
        "from listkeep.keeper.gate.showing import process\n"
        "process.say_what_is_open()\n"
    )
    environment = {
        **os.environ,
        "LISTKEEP_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "listkeep.keeper.project.settings",
    }
    setup = "import django; django.setup()\n"
    open_ = program(setup + text, env=environment)
    assert "could write keys to a disk" in open_.stderr
    assert "memory is not locked" in open_.stderr

    closed = program(HARDEN.format(lock=True) + setup + text, env=environment)
    assert "could write keys" not in closed.stderr
