"""An instance is made whole, or nothing is left of the attempt."""

import os
import resource
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from listkeep.cli.commands.demo import _make_room
from listkeep.cli.demonstration.story import MARKER_FILE
from listkeep.cli.running.children import own_command, own_environment
from tests.cli.stage import Terminal
from tests.ports import find_port

PRIVATE = ("keys", "cli", "demo", "log", "spool", "staging", "exports")


def test_an_instance_belongs_to_its_owner_alone(bare: Terminal) -> None:
    bare.ok("listkeep init --custodian mara --custodian nils --port 8999")

    home = bare.home
    assert all(is_private(home / name) for name in ("", *PRIVATE))
    files = [path for path in home.rglob("*") if path.is_file()]
    assert all(is_private(path) for path in files), files
    assert {path.stem for path in (home / "demo/people").glob("*.json")} == {
        "mara",
        "nils",
    }
    assert 'dock = "http://127.0.0.1:8999"' in (home / "cli.toml").read_text()
    assert "port = 8999" in (home / "dock.toml").read_text()
    assert not list(home.glob(".init*"))
    key = (home / "dock.key").read_text().strip()
    databases = b"".join(path.read_bytes() for path in home.glob("*.sqlite3*"))
    assert key.encode() not in databases


def test_two_links_are_printed_and_kept_nowhere(bare: Terminal) -> None:
    ran = bare.ok(
        "listkeep init --links --profile production "
        "--seal-origin https://seal.example.com"
    )

    lines = [line.split() for line in ran.stdout.splitlines()]
    assert [name for name, _ in lines] == ["cleo", "cyrus"]
    written = b"".join(contents(bare.home).values())
    for _, link in lines:
        assert link.startswith("https://seal.example.com/enrol#e_")
        assert link.rpartition(".")[2].encode() not in written
        assert link.rpartition(".")[2] not in ran.stderr
    assert not (bare.home / "demo").exists()
    assert 'profile = "production"' in (bare.home / "cli.toml").read_text()
    settings = (bare.home / "keeper.toml").read_text()
    assert 'seal_origin = "https://seal.example.com"' in settings


def test_an_instance_that_was_not_founded_does_not_serve(bare: Terminal) -> None:
    bare.ok("listkeep init --links")

    ran = bare("listkeep serve keeper")

    assert ran.status == 6
    assert "not been founded yet" in ran.stderr
    assert bare("listkeep init").status == 5


def test_whoever_reads_the_ledger_has_to_say_how_it_began(bare: Terminal) -> None:
    bare.ok("listkeep init --links")

    ran = bare("listkeep registry verify --live")

    assert ran.status == 6
    assert 'write genesis = "DIGEST" into cli.toml' in ran.stderr


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ("--profile production", 4),
        ("--seal-origin https://seal.example.com", 2),
        ("--links --seal-origin http://seal.example.com", 3),
        ("--links --seal-origin https://seal.example.com/", 3),
    ],
)
def test_a_beginning_that_leads_nowhere_is_refused(
    bare: Terminal, options: str, status: int
) -> None:
    ran = bare(f"listkeep init {options}")

    assert ran.status == status
    assert "listkeep: hint: " in ran.stderr
    assert not bare.home.exists()


def test_a_second_instance_is_refused_and_the_first_one_left(bare: Terminal) -> None:
    bare.ok("listkeep init")
    before = contents(bare.home)

    ran = bare("listkeep init")

    assert ran.status == 5
    assert contents(bare.home) == before


def test_what_lies_in_the_way_is_not_touched(bare: Terminal) -> None:
    (bare.home / "keys").mkdir(parents=True)
    (bare.home / "keys" / "root.key").write_text("precious")

    ran = bare("listkeep init")

    assert ran.status == 5
    assert "keys" in ran.stderr
    assert contents(bare.home) == {"keys/root.key": b"precious"}


@pytest.mark.parametrize("kilobytes", [8, 64, 86])
def test_a_full_disk_leaves_nothing_behind(bare: Terminal, kilobytes: int) -> None:
    """No file may grow beyond a size: first the keys still fit, then one database."""
    bare.home.mkdir()
    (bare.home / "audience.csv").write_text("mine")

    done = init(bare, prepare=lambda: limit(kilobytes * 1024))

    assert done.returncode != 0
    assert b"listkeep: " in done.stderr
    assert b"Traceback" not in done.stderr
    assert contents(bare.home) == {"audience.csv": b"mine"}


def test_an_interrupted_attempt_leaves_nothing_behind(bare: Terminal) -> None:
    process = subprocess.Popen(
        own_command("init"),
        env=own_environment(bare.home),
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while not list(bare.home.glob(".init-*/keys/root.key")):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    assert process.returncode == 130
    assert not bare.home.exists()


def test_two_different_custodians_are_needed(bare: Terminal) -> None:
    for names in ("--custodian cleo", "--custodian cleo --custodian cleo"):
        ran = bare(f"listkeep init {names}")
        assert ran.status == 2
        assert "two different custodians" in ran.stderr
    assert not bare.home.exists()


def test_a_home_too_deep_for_a_socket_is_refused_at_once(bare: Terminal) -> None:
    deep = Terminal(bare.home / ("d" * 100), bare.folder)

    ran = deep("listkeep init")

    assert ran.status == 3
    assert "longer than 107 bytes" in ran.stderr
    assert not deep.home.exists()


def init(
    terminal: Terminal, *, prepare: Callable[[], None]
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        own_command("init"),
        env=own_environment(terminal.home),
        capture_output=True,
        check=False,
        preexec_fn=prepare,
        timeout=60,
    )


def limit(max_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))


def is_private(path: Path) -> bool:
    return not stat.S_IMODE(path.stat().st_mode) & 0o077


def contents(home: Path) -> dict[str, bytes]:
    return {
        os.fspath(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def test_up_makes_nothing_where_something_is(bare: Terminal) -> None:
    bare.home.mkdir(mode=0o700)
    (bare.home / "letter.txt").write_text("mine\n")

    ran = bare("listkeep up")

    assert ran.status != 0
    assert "there is no instance here yet" in ran.stderr
    assert [path.name for path in bare.home.iterdir()] == ["letter.txt"]


def test_what_a_killed_init_left_is_in_nobodys_way(bare: Terminal) -> None:
    (bare.home / ".init-0a1b2c3d").mkdir(parents=True)

    _make_room(bare.home, marker=MARKER_FILE)
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", port := find_port()))
        other.listen()
        ran = bare(f"listkeep up --port {port}")

    assert "there is nothing here yet" in ran.stderr
    assert f"port {port} of this machine" in ran.stderr


@pytest.mark.parametrize("command", ["init", "up", "demo --keep"])
def test_a_home_that_cannot_be_a_folder_is_called_by_its_name(
    bare: Terminal, command: str
) -> None:
    bare.home.write_text("a letter\n")

    ran = bare(f"listkeep {command}")

    assert ran.status == 6
    assert ran.stderr.startswith("listkeep: LISTKEEP_HOME: ")
    assert ran.stderr.splitlines()[-1].startswith("listkeep: hint: set LISTKEEP_HOME")
    assert bare.home.read_text() == "a letter\n"


def test_up_makes_no_instance_on_a_port_that_is_taken(bare: Terminal) -> None:
    ports = {name: find_port() for name in ("--port", "--seal-port", "--app-port")}
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", ports["--app-port"]))
        other.listen()

        line = " ".join(f"{name}={port}" for name, port in ports.items())
        ran = bare(f"listkeep up {line}")

    assert ran.status == 5
    assert f"port {ports['--app-port']} of this machine" in ran.stderr
    assert "another port with --app-port" in ran.stderr
    assert not bare.home.exists()
