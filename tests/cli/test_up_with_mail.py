"""`listkeep up` where there is mail: all six say where they are, come back and stop."""

import os
import signal
from pathlib import Path

import pytest

from listkeep.cli.commands.up import _buildings
from listkeep.cli.home import Instance
from listkeep.cli.running.supervisor import (
    BUILDINGS,
    CONSOLE,
    PROXY,
    SEAL,
    SINK,
    WORKER,
    Supervisor,
    is_healthy,
)
from listkeep.drill.provider import make_place
from tests.cli.stage import Terminal, copy_instance
from tests.cli.test_supervisor import is_alive, said, start_up, wait_until
from tests.ports import find_port

SIX = (*BUILDINGS, CONSOLE, PROXY, SINK, WORKER)
ANSWER = tuple(name for name in SIX if name != WORKER)

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def stopped(bare: Terminal, made: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An instance with a proxy and a mail server of its own, which nobody started."""
    copy_instance(made, bare.home)
    place = make_place(
        port=find_port(), returns_port=find_port(), mail_domain="bounce.example.com"
    )
    place.write(bare.home)
    with (bare.home / "dock.toml").open("a") as settings:
        settings.write(f'[outlet]\nlisten = "127.0.0.1:{find_port()}"\n')
    monkeypatch.setenv("LISTKEEP_HOME", str(bare.home))
    return Instance.open()


def test_all_six_run_say_where_they_are_and_stop(stopped: Instance) -> None:
    up = start_up(stopped.home)
    try:
        wait_until(lambda: "logs are in" in said(stopped.home))
        assert _buildings(stopped) == SIX
        for name in (*ANSWER, SEAL):
            assert is_healthy(stopped, name), name
    finally:
        up.send_signal(signal.SIGTERM)
        assert up.wait(60) == 0

    words = said(stopped.home)
    assert stopped.drop.proxy is not None
    for line in (
        f"the keeper is at {stopped.socket}",
        f"the dock is at {stopped.config.dock}",
        "people work at http://app.localhost",
        "people sign at http://seal.localhost",
        f"the delivery proxy takes mail at 127.0.0.1, port {stopped.drop.proxy[1]}",
        "mail of this demo ends at 127.0.0.1, port ",
        "the worker tells contacts",
    ):
        assert words.count(line) == 1, line
    for name in (*ANSWER, SEAL):
        assert not is_healthy(stopped, name), name


@pytest.mark.parametrize("name", [CONSOLE, PROXY, SINK])
def test_what_is_killed_comes_back_where_it_was(stopped: Instance, name: str) -> None:
    with Supervisor(stopped, ("keeper", "dock", name)) as supervisor:
        assert is_healthy(stopped, name)
        first = supervisor.pid(name)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: supervisor.tend() == [name])
        second = supervisor.pid(name)
        supervisor.wait_ready(name, timeout_seconds=60)

        assert second != first
        assert supervisor.restarts == 1

    assert not is_alive(second)
    assert not is_healthy(stopped, name)
