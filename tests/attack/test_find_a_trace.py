"""Somebody reads every byte that a day's work left on the disks, and looks for people.

Imports (one of them killed), a look-up, a reveal, an export (one killed as well), a
restore of the list, a backup and its restore: with files of SQLite, and on a PostgreSQL
that writes every statement into its log.
"""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from unittest import mock

import psycopg
import pyrage
import pytest

from listkeep.cli.running.children import own_environment
from tests.attack.traces import Search, spellings
from tests.cli.stage import Terminal, granted, set_cast
from tests.faults.harness import House
from tests.ports import find_port
from tests.postgres import Cluster, cluster

__all__ = ["cluster"]

WORD = "zq7trace"
ROWS = 2400  # four times as many fit into a day without an owner's signature
ENGINES = ("sqlite", "postgresql")


@dataclass
class Day:
    """Where a day's work left something."""

    house: House
    temporary: Path  # TMPDIR of every process
    server: Path | None  # PostgreSQL's folder, with its log


def person(number: int) -> str:
    return f"{WORD}.{number}@example.com"


@pytest.fixture(scope="module", params=ENGINES)
def day(request: pytest.FixtureRequest) -> Iterator[Day]:
    """Live through the day once on each engine."""
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    temporary = folder / "tmp"
    for name in ("tmp", "work"):
        (folder / name).mkdir()
    server, options, dropped = None, "", list[str]()
    if request.param == "postgresql":
        found: Cluster = request.getfixturevalue("cluster")
        _log_everything(found)
        dropped = [f"lk_{secrets.token_hex(6)}" for _ in range(2)]
        keeper, dock = (found.make(name) for name in dropped)
        server, options = found.folder, f"--database {keeper}"
    terminal = Terminal(folder / "var", folder / "work")
    with mock.patch.dict("os.environ", {"TMPDIR": str(temporary)}):
        ports = (
            f"--port {find_port()} --seal-port {find_port()} --app-port {find_port()}"
        )
        terminal.ok(f"listkeep init {ports} {options}")
        if server:
            with (terminal.home / "dock.toml").open("a") as file:
                file.write(f'database = "{dock}"\n')
            (terminal.home / "dock.sqlite3").unlink()
            terminal.ok("listkeep migrate")
        house = House(terminal, pyrage.x25519.Identity.generate())
        try:
            house.start()
            live(house)
            yield Day(house, temporary, server)
        finally:
            house.stop()
            for name in dropped:
                found.drop(name)
            shutil.rmtree(folder, ignore_errors=True)


def _log_everything(server: Cluster) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for setting in ("log_statement = 'all'", "log_min_duration_statement = 0"):
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")


def live(house: House) -> None:
    """Do a day's work with people whose addresses hold the word."""
    terminal = house.terminal
    set_cast(terminal)
    key = str(house.identity.to_public())
    granted(terminal, f"recipient add warehouse --key {key}", "ada", "amir")
    other = str(pyrage.x25519.Identity.generate().to_public())
    granted(terminal, f"recipient add printer --key {other}", "ada", "amir")
    terminal.ok("listkeep list create news --facet plan:text --as ada")
    write(house, "first.csv", range(ROWS))
    terminal("listkeep import news first.csv --map address=email --as ben")
    found = terminal.ok("listkeep lookup news --as ben --json", stdin=person(7)).json
    token = found["token"]
    terminal.ok(f"listkeep suppress news {token} --reason complained --as ben")
    reveal = f"listkeep request reveal news {token} --purpose call --sign --as ben"
    request = terminal.ok(reveal).stdout.strip()
    assert WORD in terminal.ok(f"listkeep reveal {request} --as ben").stdout
    export(house, "warehouse", kill="")
    export(house, "printer", kill="keeper")
    killed_import(house)
    terminal.ok("listkeep import news first.csv --map address=email --as ben")
    number = terminal.ok("listkeep history news --as ada --json").json[0]["number"]
    terminal(f"listkeep restore news --before {number} --yes --as ada")
    terminal.ok("listkeep backup copy.tar")
    house.stop()
    put = ["restore-backup", "copy.tar", "--older-ledger"]
    ran = terminal._run_there(put, b"", own_environment(house.home))
    assert ran.status == 0, ran.stderr
    house.start()


def write(house: House, name: str, numbers: range) -> None:
    """Write a file with good lines, and some that are turned away."""
    lines = [f"{person(n)},pro,{WORD} {n}" for n in numbers]
    lines += [f"{WORD}..broken@example.com,pro,x", f"{WORD} at example.com,pro,x"]
    text = "\n".join(("email,plan,name", *lines, ""))
    (house.terminal.folder / name).write_text(text)


def export(house: House, recipient: str, *, kill: str) -> None:
    terminal = house.terminal
    ran = terminal.ok(
        "listkeep request export news --segment 'plan = \"pro\"' --rows 1000 "
        f"--recipient {recipient} --purpose cards --sign --as ben"
    )
    request = ran.stdout.strip()
    terminal.ok(f"listkeep approve {request} --rows 1000 --yes --as ada")
    process = house.spawn("export", request, "--output", f"x{kill}.age", "--as", "ben")
    if kill:
        cut_short(house, process, kill)
    process.wait(60)
    assert kill or process.returncode == 0


def killed_import(house: House) -> None:
    write(house, "second.csv", range(ROWS, 3 * ROWS))
    words = ("import", "news", "second.csv", "--map", "address=email", "--as", "ben")
    cut_short(house, house.spawn(*words), "dock")


def cut_short(house: House, process: Popen[bytes], victim: str) -> None:
    """Kill a building in the middle, and look at what lies there before it starts."""
    with suppress(TimeoutExpired):
        process.wait(0.8)
    house.kill(victim, process)
    process.wait(60)
    hits = search(house.home)
    assert hits == {}
    house.stop()
    house.start()
    for name in ("ada", "ben", "amir", "cleo"):
        house.terminal.ok(f"listkeep login --as {name}")


def search(folder: Path) -> dict[str, list[str]]:
    return Search(WORD).in_folder(folder)


def test_no_file_of_the_instance_names_a_person(day: Day) -> None:
    aside = list(day.house.home.glob("before-restore-*"))
    assert aside or day.server, "nothing was set aside"
    assert (day.house.home / "log" / "dock.log").stat().st_size > 0
    assert search(day.house.home) == {}


def test_no_temporary_file_names_a_person(day: Day) -> None:
    assert search(day.temporary) == {}


def test_no_copy_or_export_names_a_person(day: Day) -> None:
    """The files people brought themselves are the only ones that do."""
    brought = {"first.csv", "second.csv"}
    work = day.house.terminal.folder

    assert (work / "copy.tar").stat().st_size > 200_000
    assert set(search(work)) == brought


def test_no_page_nor_log_of_the_server_names_a_person(day: Day) -> None:
    if day.server is None:
        assert (day.house.home / "dock.sqlite3").exists()
        return
    assert b"statement:" in (day.server / "log").read_bytes()
    with psycopg.connect(_any_database(day), autocommit=True) as connection:
        connection.execute("CHECKPOINT")

    assert search(day.server) == {}


def _any_database(day: Day) -> str:
    line = next(
        line
        for line in (day.house.home / "dock.toml").read_text().splitlines()
        if line.startswith("database")
    )
    return line.split('"')[1]


@pytest.mark.parametrize("spelling", sorted(spellings(WORD)))
def test_the_search_would_have_found_it(tmp_path: Path, spelling: str) -> None:
    data = b"\x00" * 50 + spellings(WORD)[spelling] + b"\xff" * 50
    (tmp_path / "page").write_bytes(data)

    assert spelling in search(tmp_path)["page"]
