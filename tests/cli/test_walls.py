"""What a process gives up for good, and what it keeps."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from listkeep.cli.running import landlock, walls

NEEDS_IT = pytest.mark.skipif(
    landlock.version() == 0, reason="this kernel has no Landlock"
)


def inside(home: Path, text: str, building: str = "dock", **more: str) -> Any:
    """Run some lines in a process behind its wall; they leave ``told``."""
    done = subprocess.run(
        [
            *(sys.executable, "-c"),
            (
                "import json, os, sqlite3, sys, subprocess\nfrom pathlib import Path\n"
                "from listkeep.cli.running.walls import build_wall\n"
                f"home = Path({str(home)!r})\nstands = build_wall(home, {building!r})\n"
                f"{text}\nprint(json.dumps(told))"
            ),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **more},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The files of an instance, without one."""
    folder = tmp_path / "var"
    for name in ("keys", "spool", "staging", "exports", "demo"):
        (folder / name).mkdir(parents=True)
    for name in ("keys/root.key", "keeper.toml", "keeper.sqlite3", "dock.key"):
        (folder / name).write_text("")
    (folder / "dock.toml").write_text("")
    return folder


OPENS = """
def opens(path):
    try:
        path.open("rb").close()
    except PermissionError:
        return False
    return True
"""


@NEEDS_IT
def test_its_own_files_stay_and_all_others_are_gone(home: Path) -> None:
    told = inside(
        home,
        f"{OPENS}told = [each for each in ('keys/root.key', 'keeper.toml',"
        "'keeper.sqlite3', 'dock.key', 'dock.toml') if opens(home / each)]",
    )

    assert told == ["dock.key", "dock.toml"]


@NEEDS_IT
def test_what_the_settings_name_is_told_from_what_is_the_keepers(home: Path) -> None:
    """Certificates of the dock in the same folder; keys of the keeper elsewhere."""
    elsewhere = home.parent / "hsm"
    elsewhere.mkdir()
    for path in (home / "mail.pem", elsewhere / "store.key", elsewhere / "pin"):
        path.write_text("")
    (home / "dock.toml").write_text('[outlet]\ncertificate = "mail.pem"\n')
    (home / "keeper.toml").write_text(
        f'keys = "{elsewhere}/store.key"\n[root]\npin_file = "{elsewhere}/pin"\n'
    )

    told = inside(
        home,
        f"{OPENS}told = [opens(home / 'mail.pem'), opens(home.parent / 'hsm/pin'),"
        "opens(home.parent / 'hsm/store.key')]",
    )

    assert told == [True, False, False]


@NEEDS_IT
def test_the_database_is_opened_and_closed_as_often_as_one_likes(home: Path) -> None:
    told = inside(
        home,
        """
for number in range(3):
    connection = sqlite3.connect(home / "dock.sqlite3")
    with connection:
        connection.execute("CREATE TABLE IF NOT EXISTS t (n)")
        connection.execute("INSERT INTO t VALUES (?)", (number,))
    connection.close()
again = (
    f"import sqlite3; connection = sqlite3.connect({str(home / 'dock.sqlite3')!r});"
    "print(connection.execute('SELECT count(*) FROM t').fetchone()[0])"
)
told = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True)
told = told.stdout + told.stderr
""",
    )

    assert told == "3\n"
    with closing(sqlite3.connect(home / "dock.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not (home / "dock.sqlite3-wal").exists()  # nobody holds it any more


@NEEDS_IT
def test_a_program_it_starts_has_no_more_than_it(home: Path) -> None:
    told = inside(
        home,
        "told = subprocess.run(['cat', str(home / 'keys/root.key')],"
        "capture_output=True).returncode",
    )

    assert told == 1


@NEEDS_IT
def test_temporary_files_have_a_place(home: Path) -> None:
    told = inside(
        home, "import tempfile\ntold = tempfile.NamedTemporaryFile(delete=False).name"
    )

    assert Path(told).parent == home / "staging"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to give up")
@NEEDS_IT
def test_root_keeps_files_and_low_ports_and_nothing_else(home: Path) -> None:
    read = "Path('/proc/self/status').read_text().split('CapEff:')[1].split()[0]"
    told = inside(home, f"told = {read}")
    child = inside(
        home,
        "told = subprocess.run(['grep', 'CapEff', '/proc/self/status'],"
        "capture_output=True, text=True).stdout.split()[1]",
    )

    assert int(told, 16) == int(child, 16)
    assert int(told, 16) & ~0b10000001011 == 0


def test_what_is_switched_off_is_said(home: Path) -> None:
    off = {walls.OFF: "off"}

    assert inside(home, "told = stands", **off) is False
    text = "from listkeep.cli.running.walls import is_walled\ntold = is_walled(home)"
    assert inside(home, text, **off) is False
    assert inside(home, text) is (landlock.version() > 0)


def test_a_building_that_is_gone_says_nothing_any_more(home: Path) -> None:
    (home / "log").mkdir()
    (home / "log" / "dock.wall").write_text("999999999 none\n")

    assert walls.is_walled(home) is (landlock.version() > 0)
    (home / "log" / "dock.wall").write_text(f"{os.getpid()} none\n")
    assert walls.is_walled(home) is False


def test_a_dock_of_another_user_than_the_keepers_is_not_in_the_way(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot read keeper.toml, and has nobody to tell: it starts all the same."""
    monkeypatch.setattr(Path, "read_bytes", _refuse)
    found = set(walls.files_of_keeper(home))

    assert home / "keys" in found


def _refuse(_path: Path) -> bytes:
    raise PermissionError
