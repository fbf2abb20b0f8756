"""A whole instance loses its keys, and two of three holders bring them back."""

import json
import shutil
from pathlib import Path
from unittest import mock

import pyrage
import pytest

from listkeep.cli.home import Instance
from listkeep.cli.running.supervisor import Supervisor
from listkeep.core.errors import ListkeepError
from tests.cli.stage import Terminal, copy_instance, granted, set_cast

PEOPLE = "Email Address,plan\nanna@example.com,pro\nbert@example.com,free\n"


@pytest.fixture
def instance(short_folder: Path, made: Path, tmp_path: Path) -> Terminal:
    home = short_folder / "keys-lost"
    copy_instance(made, home)
    return Terminal(home, tmp_path)


def supervisor(terminal: Terminal) -> Supervisor:
    with mock.patch.dict("os.environ", {"LISTKEEP_HOME": str(terminal.home)}):
        return Supervisor(Instance.open())


def holders(folder: Path) -> str:
    """Make an age key for each holder, as `age-keygen` writes it."""
    options = []
    for name in ("cleo", "cyrus", "sam"):
        identity = pyrage.x25519.Identity.generate()
        (folder / f"{name}.txt").write_text(
            f"# public key: {identity.to_public()}\n{identity}\n"
        )
        options.append(f"--holder {name}={identity.to_public()}")
    return " ".join(options)


def reveal(terminal: Terminal) -> str:
    """Ask for the first address with nothing in the keeper's memory, and read it."""
    line = terminal.ok("listkeep tokens news --as ben").stdout.splitlines()[0]
    token = json.loads(line)["token"]
    why = "--purpose complaint --sign --as ben"
    request = terminal.ok(f"listkeep request reveal news {token} {why}").stdout.strip()
    return terminal.ok(f"listkeep reveal {request} --as ben").stdout


def test_keys_are_lost_and_two_of_three_holders_bring_them_back(
    instance: Terminal,
) -> None:
    folder, terminal = instance.folder, instance
    with supervisor(terminal):
        set_cast(terminal)
        granted(terminal, "person add sam --role support", "cleo", "cyrus")
        (folder / "people.csv").write_text(PEOPLE)
        terminal.ok("listkeep list create news --facet plan:text --as ben")
        terminal.ok("listkeep import news people.csv --as ben")
        ask = f"listkeep keys request-backup {holders(folder)} --needed 2 --as cleo"
        request = terminal.ok(ask).stdout.strip()

        alone = terminal(f"listkeep keys backup {request} --to copy")
        assert alone.status == 4
        assert "another custodian" in alone.stderr
        terminal.ok(f"listkeep approve {request} --yes --as cyrus")
        made = terminal.ok(f"listkeep keys backup {request} --to copy --json")
        assert made.json["needed"] == 2
        assert made.json["holders"] == ["cleo", "cyrus", "sam"]
        assert "@example.com" in reveal(terminal)
        running = terminal("listkeep keys restore-backup copy/keys.copy --share x")
        assert (running.status, "running already" in running.stderr) == (5, True)

    shutil.rmtree(terminal.home / "keys")
    with pytest.raises(ListkeepError), supervisor(terminal):
        pass
    for name in ("cyrus", "sam"):
        sealed = f"copy/share-{name}.age --identity {name}.txt"
        terminal.ok(f"listkeep keys open-share {sealed} > {name}.share")
    wrong = terminal("listkeep keys open-share copy/share-sam.age --identity cleo.txt")
    assert wrong.status == 1
    few = terminal("listkeep keys restore-backup copy/keys.copy --share sam.share")
    assert (few.status, "it takes 2" in few.stderr) == (3, True)
    assert not (terminal.home / "keys").exists()

    both = "--share sam.share --share cyrus.share --json"
    back = terminal.ok(f"listkeep keys restore-backup copy/keys.copy {both}")

    assert (back.json["missing"], back.json["withheld"]) == ([], 0)
    with supervisor(terminal):
        assert "@example.com" in reveal(terminal)
        last = terminal.ok("listkeep ledger verify --as ada")
        assert "the ledger is whole" in last.stderr
