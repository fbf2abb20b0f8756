"""A planted address goes through every command; afterwards it is nowhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from listkeep.cli.commands.import_file import open_input
from tests.cli.stage import Ran, Terminal

CANARY = "quail.canary"
ADDRESS = f"{CANARY}@example.com"
BROKEN = f"{CANARY}..{CANARY}@example.com"


@pytest.fixture
def played(terminal: Terminal) -> list[Ran]:
    """What everybody was told while the address passed through."""
    file = terminal.folder / "plants.csv"
    lines = [f"{ADDRESS},a", f"{BROKEN},a", *(f"p{n}@example.com,a" for n in range(9))]
    file.write_text("\n".join(("E-mail,Plan", *lines, "")))
    terminal("listkeep list create plants --facet plan:text --as ben")
    token = terminal.ok("listkeep lookup plants --as ben --json", stdin=ADDRESS)
    return [
        terminal("listkeep import plants plants.csv --map address=E-mail --as ben"),
        terminal("listkeep import plants plants.csv --rejects --map address=Plan"),
        terminal("listkeep import plants plants.csv --format jsonl --as ben"),
        terminal(f"listkeep import {ADDRESS} plants.csv --as ben"),
        terminal(f"listkeep import plants {ADDRESS} --as ben"),
        terminal(f"listkeep lookup plants {ADDRESS} --as ben"),
        terminal("listkeep lookup plants --as ben", stdin=BROKEN),
        terminal(f"listkeep lookup plants {ADDRESS} {BROKEN} --as ben"),
        terminal(f"listkeep count plants -s 'plan = \"{ADDRESS}\"' --as ben"),
        terminal(f"listkeep count plants -s '{ADDRESS}' --as ben"),
        terminal(f"listkeep suppress plants {ADDRESS} --reason bounced --as ben"),
        terminal(f"listkeep suppress plants {token.json['token']} --reason {ADDRESS}"),
        terminal(f"listkeep request reveal plants {ADDRESS} --purpose x --as ben"),
        terminal(f"listkeep list create {ADDRESS} --as ben"),
        terminal(f"listkeep list create x --facet {ADDRESS}:text --as ben"),
        terminal(f"listkeep approve {ADDRESS} --as ben"),
        terminal(f"listkeep --{ADDRESS}"),
        terminal(f"listkeep {ADDRESS}"),
        terminal("listkeep tokens plants --as ben"),
        terminal("listkeep facets plants --as ben"),
        terminal("listkeep ledger show --as ada"),
    ]


def test_no_word_and_no_datum_holds_the_address(played: list[Ran]) -> None:
    echoed = [ran for ran in played if CANARY in ran.stdout + ran.stderr]

    assert [ran.stderr for ran in echoed] == []
    assert not any("Traceback" in ran.stderr for ran in played)
    assert not any(ran.status == 70 for ran in played)


def test_no_file_of_the_instance_holds_the_address(
    played: list[Ran], terminal: Terminal
) -> None:
    assert played
    found = [
        path.relative_to(terminal.home)
        for path in terminal.home.rglob("*")
        if path.is_file() and CANARY.encode() in path.read_bytes()
    ]

    assert found == []


def test_no_file_for_a_while_holds_what_comes_through_a_pipe(tmp_path: Path) -> None:
    """The dock wants the size first, so a pipe is held: in memory, never on a disk."""
    source = (
        "import os; from listkeep.cli.commands.import_file import open_input\n"
        "with open_input('-') as (file, size):\n"
        "    held = [os.readlink(f'/proc/self/fd/{n}')\n"
        "            for n in os.listdir('/proc/self/fd')\n"
        "            if os.path.exists(f'/proc/self/fd/{n}')]\n"
        "    print(size, file.read() == b'x' * size, any('/tmp' in h for h in held))\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", source],
        input=b"x" * 1000,
        capture_output=True,
        check=True,
        env={"TMPDIR": str(tmp_path)},
    )

    assert done.stdout.split() == [b"1000", b"True", b"False"]
    assert list(tmp_path.iterdir()) == []


def test_a_redirected_file_is_streamed_and_not_held(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(b"y" * 5000)
    source = (
        "import sys; from listkeep.cli.commands.import_file import open_input\n"
        "with open_input('-') as (file, size):\n"
        "    print(size, file is sys.stdin.buffer)\n"
    )
    with file.open("rb") as redirected:
        done = subprocess.run(
            [sys.executable, "-P", "-c", source],
            stdin=redirected,
            capture_output=True,
            check=True,
        )

    assert done.stdout.split() == [b"5000", b"True"]


def test_a_named_file_tells_its_size(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(b"z" * 77)

    with open_input(str(file)) as (source, size):
        assert (size, source.read()) == (77, b"z" * 77)
