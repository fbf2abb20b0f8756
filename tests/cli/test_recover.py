"""The ledger's database of an instance is lost, and an old copy put back."""

import shutil
from pathlib import Path
from unittest import mock

import pytest

from listkeep.cli.home import Instance
from listkeep.cli.running.supervisor import Supervisor
from tests.cli.stage import Ran, Terminal, copy_instance


@pytest.fixture(scope="module")
def went_on(short_folder: Path, made: Path) -> Path:
    """An instance that ran for a while, with the only copy that was made before."""
    home = short_folder / "went-on"
    copy_instance(made, home)
    copy = (home / "keeper.sqlite3").read_bytes()
    run_for_a_while(Terminal(home, short_folder))
    for name in ("keeper.sqlite3-wal", "keeper.sqlite3-shm"):
        (home / name).unlink(missing_ok=True)
    (home / "keeper.sqlite3").write_bytes(copy)
    return home


@pytest.fixture
def lost(went_on: Path, bare: Terminal) -> Terminal:
    """That instance, whose ledger's database was put back from the copy."""
    shutil.copytree(went_on, bare.home)
    bare.home.chmod(0o700)
    return bare


def run_for_a_while(terminal: Terminal) -> None:
    with (
        mock.patch.dict("os.environ", {"LISTKEEP_HOME": str(terminal.home)}),
        Supervisor(Instance.open(), ("keeper",)),
    ):
        for name in ("cleo", "cyrus"):
            terminal.ok(f"listkeep login --as {name}")


def recover(terminal: Terminal, words: str = "") -> Ran:
    return terminal._run_there(
        ["ledger", "recover", *words.split()], b"", environment(terminal)
    )


def environment(terminal: Terminal) -> dict[str, str]:
    from listkeep.cli.running.children import own_environment  # noqa: PLC0415

    return own_environment(terminal.home)


def test_two_custodians_bring_an_instance_back(lost: Terminal) -> None:
    refused = lost("listkeep serve keeper")
    assert refused.status == 1
    assert "`listkeep ledger recover`" in refused.stderr

    shown = recover(lost, "--json")
    assert shown.status == 0, shown.stderr
    assert shown.json["left"] == 1
    assert shown.json["lost"] >= 4
    assert shown.json["may_sign"] == ["cleo", "cyrus"]
    assert shown.json["newest_that_is_left"] < shown.json["last_written"]

    assert recover(lost, "--as cleo").status == 2, "nobody was there to confirm"
    first = recover(lost, "--as cleo --yes --json")
    assert first.json["signed_by"] == ["cleo"], first.stderr
    assert lost("listkeep serve keeper").status == 1
    second = recover(lost, "--as cyrus --yes")
    assert second.status == 0, second.stderr
    assert "everything is frozen" in second.stderr

    run_for_a_while(lost)
    assert recover(lost).status == 5


@pytest.mark.parametrize("name", ["eve", "../cleo"])
def test_nobody_else_signs(lost: Terminal, name: str) -> None:
    ran = recover(lost, f"--as {name} --yes")

    assert ran.status == 4
    assert "one of cleo, cyrus" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_keeper_that_runs_is_left_alone(bare: Terminal, made: Path) -> None:
    copy_instance(made, bare.home)
    with (
        mock.patch.dict("os.environ", {"LISTKEEP_HOME": str(bare.home)}),
        Supervisor(Instance.open(), ("keeper",)),
    ):
        ran = recover(bare)

    assert ran.status == 5
    assert "running already" in ran.stderr
