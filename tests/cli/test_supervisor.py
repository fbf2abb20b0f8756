"""The supervisor: starts, restarts, stops, and never leaves anybody behind."""

import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from listkeep.cli.commands.status import NO_WALL
from listkeep.cli.home import Instance, Seal
from listkeep.cli.running.children import own_command, own_environment, run_own
from listkeep.cli.running.supervisor import (
    BUILDINGS,
    CONSOLE,
    SEAL,
    WORKER,
    Supervisor,
    is_healthy,
)
from listkeep.core.errors import ConflictError, ListkeepError, MalformedError
from listkeep.wire.base import MEDIA_TYPE
from tests.cli.stage import Terminal, copy_instance
from tests.house.test_configuration_page import PAGE, documented
from tests.ports import find_port

# When a socket is gone between two looks, httpcore leaves closing it to the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)


ALL = (*BUILDINGS, SEAL, CONSOLE)


@pytest.fixture
def stopped(bare: Terminal, made: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An instance nobody has started."""
    copy_instance(made, bare.home)
    monkeypatch.setenv("LISTKEEP_HOME", str(bare.home))
    return Instance.open()


@pytest.fixture
def up(stopped: Instance) -> Iterator[subprocess.Popen[bytes]]:
    """`listkeep up` as a process of its own, which has said all it says."""
    process = start_up(stopped.home)
    wait_until(lambda: "logs are in" in said(stopped.home))
    assert all(is_healthy(stopped, name) for name in ALL)
    yield process
    process.kill()
    process.wait()


def start_up(home: Path) -> subprocess.Popen[bytes]:
    """Start `listkeep up`; what it says stands beside the instance."""
    with home.with_name("up.err").open("wb") as file:
        return subprocess.Popen(
            own_command("up"), env=own_environment(home), stderr=file
        )


def said(home: Path) -> str:
    return home.with_name("up.err").read_text()


def test_both_answer_and_both_stop(stopped: Instance) -> None:
    with Supervisor(stopped) as supervisor:
        assert is_healthy(stopped, "keeper")
        assert is_healthy(stopped, "dock")
        mode = stopped.socket.stat().st_mode & 0o777
        groups = [supervisor.pid(name) for name in ("keeper", "dock")]

    assert mode == 0o600
    assert not is_healthy(stopped, "keeper")
    assert not is_healthy(stopped, "dock")
    assert not any(is_alive(group) for group in groups)


def test_a_killed_keeper_comes_back(stopped: Instance) -> None:
    with Supervisor(stopped) as supervisor:
        first = supervisor.pid("keeper")
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: supervisor.tend() == ["keeper"])
        wait_until(lambda: is_healthy(stopped, "keeper"))

        assert supervisor.pid("keeper") != first
        assert supervisor.restarts == 1
        wait_until(lambda: not is_alive(first))


def test_a_child_that_keeps_dying_is_restarted_ever_later(stopped: Instance) -> None:
    with Supervisor(stopped) as supervisor:
        (stopped.home / "dock.key").unlink()
        os.kill(supervisor.pid("dock"), signal.SIGKILL)
        started = time.monotonic()
        while time.monotonic() - started < 4:
            supervisor.tend()
            time.sleep(0.02)

        assert 1 <= supervisor.restarts <= 4


def test_a_killed_worker_comes_back_and_stops_with_the_others(
    stopped: Instance,
) -> None:
    with Supervisor(stopped, (*BUILDINGS, WORKER)) as supervisor:
        first = supervisor.pid(WORKER)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: supervisor.tend() == [WORKER])
        second = supervisor.pid(WORKER)

        assert second != first
        wait_until(lambda: not is_alive(first))
    assert not is_alive(second)


def test_a_worker_told_to_stop_lets_go_of_its_lease(
    stopped: Instance, tmp_path: Path
) -> None:
    terminal = Terminal(stopped.home, tmp_path)
    with Supervisor(stopped, (*BUILDINGS, WORKER)):
        wait_until(lambda: "ok" in terminal.ok("listkeep job ls").stdout)

    # Somebody who still held it would be told to do this instead.
    assert "old-exports is done" in terminal.ok("listkeep job run old-exports").stderr


def test_a_killed_supervisor_takes_its_children_along(
    stopped: Instance, up: subprocess.Popen[bytes]
) -> None:
    up.kill()
    up.wait()

    wait_until(lambda: not any(is_healthy(stopped, name) for name in ALL))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_up_says_where_things_are_and_stops_when_told(
    stopped: Instance, up: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    up.send_signal(number)
    status = up.wait(60)

    words = said(stopped.home).splitlines()
    assert status == 0
    assert words[0] == f"listkeep: the keeper is at {stopped.socket}"
    assert words[1].startswith(f"listkeep: the dock is at {stopped.config.dock}")
    assert stopped.app is not None
    assert words[2] == f"listkeep: people work at {stopped.app.app_origin}"
    assert words[3] == f"listkeep: people sign at {stopped.seal.seal_origin}"
    assert words[4].endswith(f"and export at {stopped.drop.drop_origin}")
    assert words[5].startswith("listkeep: the worker tells contacts")
    assert words[6].endswith((": Landlock keeps the others out of its files", NO_WALL))
    assert words[-1] == "listkeep: stopped"
    assert not is_healthy(stopped, "keeper")


def test_up_waits_until_an_instance_is_founded(bare: Terminal) -> None:
    port = find_port()
    bare.ok(f"listkeep init --links --seal-port {port}")
    up = start_up(bare.home)
    wait_until(lambda: "the pages for that are at" in said(bare.home))
    assert "nobody has founded this instance yet" in bare("listkeep status").stderr
    up.send_signal(signal.SIGTERM)
    up.wait(60)

    words = said(bare.home).splitlines()
    assert words[0].startswith("listkeep: nobody has founded this instance yet")
    assert words[1] == (
        f"listkeep: the pages for that are at http://seal.localhost:{port}"
    )
    assert words[2:] == ["listkeep: stopped"]
    assert not (bare.home / "log" / "keeper.log").exists()


def test_up_in_an_empty_folder_makes_an_instance_to_be_founded(bare: Terminal) -> None:
    port = find_port()
    up = subprocess.Popen(
        own_command(
            *("up", f"--port={find_port()}", f"--app-port={find_port()}"),
            f"--seal-port={port}",
        ),
        env=own_environment(bare.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: is_listening_on(port))
    up.send_signal(signal.SIGTERM)
    stdout, stderr = up.communicate(timeout=60)

    links = [line.split(" ") for line in stdout.decode().splitlines()]
    assert [name for name, _ in links] == ["cleo", "cyrus"]
    assert all(
        link.startswith(f"http://seal.localhost:{port}/enrol#") for _, link in links
    )
    assert stderr.decode().startswith("listkeep: there is nothing here yet")


def is_listening_on(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def test_up_refuses_a_second_one(
    stopped: Instance, up: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    ran = Terminal(stopped.home, tmp_path)("listkeep up")

    assert ran.status == 5
    assert "running already" in ran.stderr
    assert up.poll() is None


def test_a_socket_left_behind_is_removed(stopped: Instance) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(stopped.socket))

    with Supervisor(stopped):
        assert is_healthy(stopped, "keeper")


def test_a_socket_somebody_listens_on_is_left_alone(stopped: Instance) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as other:
        other.bind(str(stopped.socket))
        other.listen()
        other.settimeout(0.1)
        with pytest.raises(ConflictError) as caught:
            serve(stopped, "keeper")

        assert "listens on the keeper's socket" in caught.value.message
        assert stopped.socket.exists()


def test_a_file_in_place_of_the_socket_is_left_alone(stopped: Instance) -> None:
    stopped.socket.write_text("precious")

    with pytest.raises(ConflictError):
        serve(stopped, "keeper")

    assert stopped.socket.read_text() == "precious"


def test_a_stranger_on_the_port_of_the_dock_is_no_dock(stopped: Instance) -> None:
    place = ("127.0.0.1", int(stopped.config.dock.rpartition(":")[2]))
    with HTTPServer(place, BaseHTTPRequestHandler) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(ConflictError) as caught:
            Supervisor(stopped, ("dock",)).start()
        other.shutdown()

    assert "where the dock would" in caught.value.message


def test_a_taken_port_is_named(stopped: Instance) -> None:
    port = int(stopped.config.dock.rpartition(":")[2])
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(ConflictError) as caught:
            serve(stopped, "dock")

    assert str(port) in caught.value.message


def test_the_pages_answer_on_their_port_to_their_name_and_no_wire_message(
    stopped: Instance,
) -> None:
    host = stopped.seal.seal_origin.partition("://")[2]
    place = f"http://127.0.0.1:{stopped.seal.port}"
    kind = {"content-type": MEDIA_TYPE, "host": host, "connection": "close"}
    with Supervisor(stopped, ALL), httpx.Client(base_url=place) as browser:
        assert browser.get("/alive", headers={"host": host}).status_code == 204
        assert browser.get("/alive").status_code == 421
        for path in ("health", "requests/show", "sign-in/finish", "reveals/run"):
            told = browser.post(f"/v1/{path}", content=b"\x80", headers=kind)
            assert told.status_code == 403
            assert MEDIA_TYPE not in told.headers["content-type"]


def test_the_socket_has_no_page(stopped: Instance) -> None:
    with Supervisor(stopped):
        transport = httpx.HTTPTransport(uds=str(stopped.socket))
        with httpx.Client(transport=transport, base_url="http://keeper") as browser:
            for path in ("/", "/sign-in", "/ask", "/alive", "/static/seal.js"):
                told = browser.get(path)
                assert told.is_error
                assert told.headers["content-type"] == MEDIA_TYPE


def test_pages_whose_signatures_would_not_count_are_not_served(
    stopped: Instance,
) -> None:
    settings = stopped.home / "keeper.toml"
    origin = stopped.seal.seal_origin
    settings.write_text(settings.read_text().replace(origin, "http://seal.example"))

    with pytest.raises(ConflictError, match="do not count"):
        serve(stopped, "seal")


@pytest.mark.parametrize(
    "origin",
    ["http://seal.localhost/", "HTTP://seal.localhost", "seal.localhost", "http://a b"],
)
def test_an_origin_that_browsers_spell_otherwise_is_refused(
    stopped: Instance, origin: str
) -> None:
    settings = stopped.home / "keeper.toml"
    settings.write_text(settings.read_text().replace(stopped.seal.seal_origin, origin))

    with pytest.raises(MalformedError, match="not an origin"):
        serve(stopped, "seal")


def test_the_command_line_and_the_keeper_agree_where_the_pages_are() -> None:
    assert documented(PAGE, "keeper.toml")["seal_origin"] == Seal().seal_origin


@pytest.mark.parametrize("building", ["keeper", "dock"])
def test_an_instance_of_a_newer_version_is_not_served(
    stopped: Instance, building: str, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(stopped.home / f"{building}.sqlite3")) as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES (?, '9999_future', '2030-01-01')",
            ("gate" if building == "keeper" else "lists",),
        )
        database.commit()
    terminal = Terminal(stopped.home, tmp_path)

    for line in ("listkeep up", f"listkeep migrate {building}"):
        ran = terminal(line)
        assert ran.status == 5, line
        assert "newer version" in ran.stderr
        assert "hint" in ran.stderr


def test_a_rolled_back_ledger_is_not_served(stopped: Instance) -> None:
    old = (stopped.home / "keeper.sqlite3").read_bytes()
    with Supervisor(stopped), stopped.keeper() as keeper:
        Terminal(stopped.home, stopped.home).ok("listkeep login --as cleo")
        assert keeper.health().ledger_size > 0
    for path in stopped.home.glob("keeper.sqlite3-*"):
        path.unlink()
    (stopped.home / "keeper.sqlite3").write_bytes(old)

    with pytest.raises(ListkeepError) as caught:
        Supervisor(stopped).start()

    assert caught.value.exit_status == 1
    assert "cannot be trusted" in caught.value.message


def test_the_logs_are_json_and_private(stopped: Instance) -> None:
    with Supervisor(stopped):
        pass

    for name in ("keeper", "dock"):
        log = stopped.home / "log" / f"{name}.log"
        assert log.stat().st_mode & 0o077 == 0
        assert all(line.startswith("{") for line in log.read_text().splitlines())


def serve(instance: Instance, building: str) -> None:
    """Serve one building in the foreground; the error it ends with is raised."""
    run_own("serve", building, home=instance.home)


def is_alive(group: int) -> bool:
    """Tell whether a process of this group runs; one that only waits does not."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # it ended meanwhile
            continue
        if int(its_group) == group and state not in "ZX":
            return True
    return False


def wait_until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
