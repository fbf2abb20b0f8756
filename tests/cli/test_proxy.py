"""The delivery proxy as a process: it begins with the rest, shares its port, stops."""

import os
import signal
import smtplib
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from listkeep.cli.home import Instance
from listkeep.cli.running.supervisor import BUILDINGS, PROXY, Supervisor, greets
from listkeep.core.errors import MalformedError
from tests.cli.stage import Terminal, copy_instance
from tests.ports import find_port

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def stopped(bare: Terminal, made: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An instance with a proxy of two processes, which nobody has started."""
    copy_instance(made, bare.home)
    monkeypatch.setenv("LISTKEEP_HOME", str(bare.home))
    with (bare.home / "dock.toml").open("a") as settings:
        settings.write(f'[outlet]\nlisten = "127.0.0.1:{find_port()}"\nprocesses = 2\n')
        settings.write(f'returns_listen = "127.0.0.1:{find_port()}"\n')
    return Instance.open()


@pytest.fixture
def running(stopped: Instance) -> Iterator[Supervisor]:
    with Supervisor(stopped, (*BUILDINGS, PROXY)) as supervisor:
        yield supervisor


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(300):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to that")


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in listed.split()]


def test_it_begins_shares_its_port_and_ends(
    running: Supervisor, stopped: Instance, bare: Terminal
) -> None:
    address = stopped.drop.proxy
    assert address is not None
    parent = running.pid(PROXY)

    with smtplib.SMTP(*address, "mta.example", timeout=30) as client:
        assert client.ehlo()[0] == 250
        assert "auth" in client.esmtp_features
        assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 535  # the keeper says so
        assert client.docmd("MAIL FROM:<>")[0] == 530
    assert bare.ok("listkeep status --json").json["proxy"]["running"]

    # What comes back is taken beside it, from anybody, for sends there are: none yet.
    toml = tomllib.loads((stopped.home / "dock.toml").read_text())
    host, _, port = toml["outlet"]["returns_listen"].partition(":")
    with smtplib.SMTP(host, int(port), "mx.example", timeout=30) as client:
        assert client.ehlo()[0] == 250
        assert "auth" not in client.esmtp_features
        assert client.mail("")[0] == 250
        assert client.rcpt(f"b-{'a' * 32}@bounce.example.com")[0] == 550

    # Two share the port; one that dies is begun anew and the other goes on.
    wait_until(lambda: len(children(parent)) == 2)
    victim = children(parent)[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: greets(address))
    wait_until(lambda: victim not in children(parent) and len(children(parent)) == 2)

    # Children do not outlive their parent, however it ends.
    left = children(parent)
    os.kill(parent, signal.SIGKILL)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))
    assert running.tend() == [PROXY] or running.tend() == [PROXY]
    running.wait_ready(PROXY, timeout_seconds=30)

    # Who talks to it is told goodbye when it is told to stop.
    client = smtplib.SMTP(*address, "mta.example", timeout=30)
    client.ehlo()
    os.kill(running.pid(PROXY), signal.SIGTERM)
    assert client.getreply()[0] == 421
    client.close()
    wait_until(lambda: not greets(address))


def test_a_fault_in_the_section_stops_the_start_with_its_name(
    stopped: Instance,
) -> None:
    toml = stopped.home / "dock.toml"
    toml.write_text(toml.read_text() + 'certificate = "nowhere.pem"\n')

    with pytest.raises(MalformedError), Supervisor(stopped, BUILDINGS):
        pass


def test_without_a_section_there_is_nothing_to_serve(
    bare: Terminal, made: Path
) -> None:
    copy_instance(made, bare.home)

    ran = bare("listkeep serve proxy")

    assert ran.status == 3
    assert "outlet" in ran.stderr
