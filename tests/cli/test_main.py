"""The edge: how each kind of failure ends, and what it never says."""

import errno
import re
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from listkeep.cli.commands import HEADINGS, MODULE_OF, status
from listkeep.cli.running.children import error_of, own_command, own_environment
from listkeep.core.errors import FAMILIES, ListkeepError
from tests.cli.stage import Terminal, copy_instance

CANARY = "canary.anna@example.com"


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make `listkeep status` fail in the middle."""

    def wall(_instance: object) -> str:
        raise error

    monkeypatch.setattr(status, "wall", wall)


@pytest.fixture
def offline(bare: Terminal, made: Path) -> Terminal:
    """A terminal on an instance that is not running."""
    copy_instance(made, bare.home)
    return bare


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_each_family_has_its_exit_status(
    family: type[ListkeepError], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, family("something is so", hint="do this"))

    ran = terminal("listkeep status")

    assert ran.status == family.exit_status
    assert ran.stdout == ""
    assert ran.stderr == "listkeep: something is so\nlistkeep: hint: do this\n"
    again = error_of(ran.status, ran.stderr)
    assert type(again) is family
    assert (again.message, again.hint) == ("something is so", "do this")


def test_a_fault_of_ours_tells_the_place_and_not_a_word(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = KeyError(CANARY)
    error.__cause__ = ValueError(CANARY)
    failing(monkeypatch, error)

    ran = terminal("listkeep status")

    assert ran.status == 70
    assert CANARY not in ran.stdout + ran.stderr
    assert re.search(r"internal error: KeyError at test_main\.py:\d+ < ", ran.stderr)


def test_the_system_is_quoted_without_the_names_of_foreign_files(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, OSError(errno.ENOSPC, CANARY, f"/elsewhere/{CANARY}"))

    ran = terminal("listkeep status")

    assert ran.status == 6
    assert ran.stderr.splitlines()[0] == "listkeep: no space left on device"
    assert CANARY not in ran.stderr


def test_a_file_of_the_instance_is_named(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(terminal.home / "cli" / "current")
    failing(monkeypatch, PermissionError(errno.EACCES, "no", place))

    ran = terminal("listkeep status")

    assert ran.stderr == "listkeep: cli/current: permission denied\n"


def test_interruption_has_its_own_status(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, KeyboardInterrupt())

    assert terminal("listkeep status").status == 130


def test_ctrl_c_ends_a_command_without_a_traceback(offline: Terminal) -> None:
    process = subprocess.Popen(
        own_command("sample", "-", "--rows", "100000000"),
        env=own_environment(offline.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)

    assert process.returncode == 130
    assert b"Traceback" not in stderr


def test_a_reader_who_leaves_is_no_error(offline: Terminal) -> None:
    process = subprocess.Popen(
        own_command("sample", "-", "--rows", "200000"),
        env=own_environment(offline.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(1)
    process.stdout.close()
    words = process.stderr.read()
    process.stderr.close()

    assert process.wait(30) == 141
    assert words == b""


@pytest.mark.parametrize(
    "line",
    ["status", "login --as ada", "list ls", "serve keeper", "migrate", "whoami"],
)
def test_without_an_instance_each_command_says_so(line: str, bare: Terminal) -> None:
    ran = bare(f"listkeep {line}")

    assert ran.status == 6
    assert ran.stderr == (
        "listkeep: there is no instance here yet\n"
        "listkeep: hint: make one with `listkeep init`, or set LISTKEEP_HOME\n"
    )
    assert not bare.home.exists()


# httpcore leaves closing a socket that did not connect to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_while_the_keeper_is_away_commands_say_so(offline: Terminal) -> None:
    ran = offline("listkeep status --json")
    assert ran.status == 6
    assert ran.json["keeper"]["running"] is False
    assert ran.stderr.splitlines()[0] == "listkeep: the keeper is not running"

    ran = offline("listkeep login --as cleo")
    assert ran.status == 6
    assert ran.stderr.splitlines()[1:] == [
        "listkeep: the keeper is not running or not reachable",
        "listkeep: hint: start it with `listkeep up`",
    ]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("colour = 1\n", "status"),
        ("dock = [\n", "status"),
        ("dock = 7\n", "whoami"),
    ],
)
def test_settings_nobody_knows_are_refused(
    text: str, command: str, offline: Terminal
) -> None:
    (offline.home / "cli.toml").write_text(text)

    ran = offline(f"listkeep {command}")

    assert ran.status == 3
    assert ran.stderr.startswith("listkeep: cli.toml cannot be used")
    assert "hint" in ran.stderr


@pytest.mark.parametrize("building", ["keeper", "dock"])
def test_a_building_refuses_settings_it_does_not_know(
    building: str, offline: Terminal
) -> None:
    (offline.home / f"{building}.toml").write_text("colour = 1\n")

    ran = offline(f"listkeep serve {building}")

    assert ran.status == 3
    assert f"{building}.toml cannot be used" in ran.stderr
    assert "Traceback" not in ran.stderr


def loaded_by(source: str) -> set[str]:
    """Tell which modules a process holds after it ran this."""
    source += "; import sys; print(*sys.modules)"
    done = subprocess.run(
        [own_command()[0], "-P", "-c", source],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return set(done.stdout.split())


def test_a_client_command_starts_without_django() -> None:
    everything = "from listkeep.cli.main import _program; _program([])"

    loaded = loaded_by(everything)

    assert {
        f"listkeep.cli.commands.{module}" for module in MODULE_OF.values()
    } <= loaded
    assert not loaded & {"django", "ninja"}


def test_a_command_loads_its_own_module_and_no_other_command() -> None:
    loaded = loaded_by("from listkeep.cli.main import _program; _program(['count'])")

    assert "listkeep.cli.commands.count" in loaded
    for other in ("audit", "ledger", "demo", "request", "restore_backup"):
        assert f"listkeep.cli.commands.{other}" not in loaded


def test_the_table_of_commands_is_what_the_modules_add() -> None:
    for module in MODULE_OF.values():
        program = typer.Typer()
        import_module(f"listkeep.cli.commands.{module}").register(program)
        groups = {group.name for group in program.registered_groups}
        commands = {
            command.name or getattr(command.callback, "__name__", "").replace("_", "-")
            for command in program.registered_commands
        }

        assert groups | commands == {w for w, m in MODULE_OF.items() if m == module}


def test_a_word_that_is_no_command_is_held_against_all_of_them(
    bare: Terminal,
) -> None:
    for word, meant in (("cuont", "count"), ("lists", "list"), ("sin", "sign")):
        ran = bare(f"listkeep {word}")

        assert ran.status == 2
        assert f"did you mean '{meant}'" in ran.stderr


def test_what_is_missing_is_called_by_its_name(bare: Terminal) -> None:
    told = {
        "listkeep send": "listkeep: REQUEST|LIST is missing",
        "listkeep send begin": "listkeep: REQUEST is missing",
    }

    for line, words in told.items():
        assert bare(line).stderr.splitlines()[0] == words


def test_help_says_no_type_of_a_switch(bare: Terminal) -> None:
    for line in ("listkeep --help", "listkeep send -h", "listkeep keys ls --help"):
        assert "<bool>" not in bare.ok(line).stdout


def test_help_names_every_command_under_its_heading(bare: Terminal) -> None:
    shown = bare.ok("listkeep --help").stdout

    for heading in HEADINGS:
        assert f" {heading} " in shown
    for word in MODULE_OF:
        assert f" {word} " in shown


def test_a_shell_completes_commands_of_any_module(bare: Terminal) -> None:
    bare.variables |= {"_LISTKEEP_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    asked = bare._run_there(
        [],
        b"",
        {**own_environment(bare.home), **bare.variables, "COMP_WORDS": "listkeep re"},
    )

    assert {"registry", "reveal", "restore-backup"} <= set(asked.stdout.split())


# What SQLite needs a file for: a temporary database that outgrows its memory.
SPILLING = """
import os, sys
from listkeep.cli import main
main.run = lambda arguments: 0
try:
    main.main()
except SystemExit:
    pass
import sqlite3
database = sqlite3.connect("")
database.execute("PRAGMA cache_size = 1")
database.execute("CREATE TABLE rows AS SELECT randomblob(1000000)")
for each in os.listdir("/proc/self/fd"):
    try:
        print(os.readlink(f"/proc/self/fd/{each}"))
    except OSError:
        pass
"""


def test_what_sqlite_sorts_on_disk_stays_in_the_instance(tmp_path: Path) -> None:
    """Also where the place for temporary files lies around it, and is walled off."""
    home = tmp_path / "var"
    (home / "staging").mkdir(parents=True)

    ran = subprocess.run(
        [sys.executable, "-c", SPILLING],
        env=own_environment(home) | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    files = [line for line in ran.stdout.splitlines() if "etilqs" in line]
    assert files
    assert all(file.startswith(f"{home}/staging/") for file in files)
