"""A copy is made of a running instance, and put back: whole, verified, keyless."""

import base64
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from listkeep.cli.commands import backup
from listkeep.cli.commands.restore_backup import KNOWN, STATUSES
from listkeep.cli.home import Instance
from listkeep.cli.running.children import own_command, own_environment
from listkeep.cli.running.supervisor import Supervisor
from listkeep.keeper.keys import FileProvider, KeyStore
from tests.cli.stage import Ran, Terminal, copy_instance, set_cast

PARTS = {
    *("manifest.json", "cli.toml", "console.toml", "dock.toml", "keeper.toml"),
    *("dock.sqlite3", "keeper.sqlite3"),
}


def running(terminal: Terminal) -> Supervisor:
    with mock.patch.dict("os.environ", {"LISTKEEP_HOME": str(terminal.home)}):
        return Supervisor(Instance.open())


@pytest.fixture(scope="module")
def lived(short_folder: Path, made: Path) -> Iterator[Path]:
    """An instance with a list, and two copies: of before and after a complaint."""
    home = short_folder / "lived"
    copy_instance(made, home)
    terminal = Terminal(home, short_folder)
    with running(terminal):
        set_cast(terminal)
        terminal.ok("listkeep list create news --facet plan:text --as ada")
        lines = [f"q{n}@example.com,pro" for n in range(40)]
        (short_folder / "news.csv").write_text("\n".join(("email,plan", *lines, "")))
        terminal.ok("listkeep import news news.csv --as ben")
        terminal.ok("listkeep backup before.tar")
        found = terminal.ok(
            "listkeep lookup news --as ben --json", stdin="q3@example.com"
        )
        suppress = f"suppress news {found.json['token']} --reason complained"
        terminal.ok(f"listkeep {suppress} --as ben")
        terminal.ok("listkeep backup after")
    yield home
    for name in ("before.tar", "after"):
        path = short_folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture
def stopped(lived: Path, short_folder: Path) -> Iterator[Terminal]:
    """A copy of that instance, which does not run."""
    home = short_folder / "stopped"
    shutil.copytree(lived, home)
    home.chmod(0o700)
    yield Terminal(home, short_folder)
    shutil.rmtree(home)


def restore(terminal: Terminal, words: str) -> Ran:
    return terminal._run_there(
        ["restore-backup", *words.split()], b"", own_environment(terminal.home)
    )


def named(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def digests(home: Path) -> dict[str, bytes]:
    """What counts of an instance, folded into one file each."""
    found = {}
    for name in ("dock.sqlite3", "keeper.sqlite3"):
        with sqlite3.connect(home / name) as database:
            found[name] = "\n".join(database.iterdump()).encode()
        database.close()
    return found


def status_of(terminal: Terminal, address: str) -> str:
    found = terminal.ok("listkeep lookup news --as ben --json", stdin=address).json
    return str(found["status"])


# --- what is in it, and what is not ---


def test_a_copy_has_these_files_and_no_other(lived: Path, short_folder: Path) -> None:
    with tarfile.open(short_folder / "before.tar") as archive:
        names = archive.getnames()

    assert names[0] == "manifest.json"
    assert set(names) == PARTS == named(short_folder / "after")
    for path in (short_folder / "after").iterdir():
        assert path.stat().st_mode & 0o077 == 0
    assert (short_folder / "before.tar").stat().st_mode & 0o077 == 0
    assert lived.exists()


def test_no_key_is_in_a_copy(lived: Path, short_folder: Path) -> None:
    keys = lived / "keys"
    store = KeyStore(keys, FileProvider(keys / "root.key"))
    secrets = [(keys / "root.key").read_bytes()]
    secrets += [store.get(name) for name in store.export()]
    spelt = [
        spelling
        for secret in secrets
        for spelling in (
            *(secret, secret.hex().encode(), secret.hex().upper().encode()),
            base64.b64encode(secret).rstrip(b"="),
            base64.urlsafe_b64encode(secret).rstrip(b"="),
        )
    ]
    spelt += [path.read_bytes() for path in keys.glob("*.key")]
    spelt.append((lived / "dock.key").read_bytes().strip())
    spelt += [
        line.encode()
        for path in (lived / "demo" / "people").glob("*.json")
        for line in json.loads(path.read_text())["private_key"].split("\n")[1:3]
    ]
    data = (short_folder / "before.tar").read_bytes()
    data += b"".join(p.read_bytes() for p in (short_folder / "after").iterdir())

    assert len(secrets) > 5
    assert not [number for number, each in enumerate(spelt) if each in data]
    assert (short_folder / "after" / "cli.toml").read_bytes() in data


def test_no_address_is_in_a_copy(lived: Path, short_folder: Path) -> None:
    data = (short_folder / "before.tar").read_bytes()

    assert lived.exists()
    assert b"@example.com" not in data


def test_a_password_in_settings_stays_behind(stopped: Terminal) -> None:
    settings = stopped.home / "dock.toml"
    text = settings.read_text() + "# postgresql://dock:tulip@db.example/dock\n"
    settings.write_text(text)
    stopped.ok("listkeep backup copy")
    try:
        kept = (stopped.folder / "copy" / "dock.toml").read_text()
    finally:
        shutil.rmtree(stopped.folder / "copy")

    assert "tulip" not in kept
    assert "postgresql://dock@db.example/dock" in kept


@pytest.mark.parametrize("name", ["copy.tar", "copy"])
def test_once_a_copy_has_its_name_nothing_else_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The next backup of that name is refused, and would clear nothing away."""
    target, folder = tmp_path / name, tmp_path / f".{name}.part"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    rename, beside = Path.rename, list[set[str]]()

    def renamed(self: Path, to: Path) -> Path:
        done = rename(self, to)
        beside.append(named(tmp_path))
        return done

    monkeypatch.setattr(Path, "rename", renamed)
    backup._move(folder, target)

    assert beside == [{name}]


# --- put back ---


def test_an_empty_folder_becomes_the_instance(
    lived: Path, short_folder: Path, tmp_path: Path
) -> None:
    there = Terminal(short_folder / "there", tmp_path)
    ran = restore(there, f"{short_folder / 'after'}")
    assert ran.status == 0, ran.stderr
    assert "put keys and dock.key back as well" in ran.stderr

    assert there("listkeep serve keeper").status == 6, "without keys it does not start"
    shutil.copytree(lived / "keys", there.home / "keys")
    shutil.copytree(lived / "demo", there.home / "demo")
    shutil.copy(lived / "dock.key", there.home)
    there.ok("listkeep migrate")
    with running(there):
        there.ok("listkeep login --as ben")
        assert there.ok("listkeep count news --as ben").stdout == "40\n"
        assert there.ok("listkeep ledger verify --as ben --json").json["verified"]


def test_a_dock_that_is_older_learns_whom_the_keeper_suppressed(
    stopped: Terminal,
) -> None:
    ran = restore(stopped, f"{stopped.folder / 'before.tar'} --only dock")
    assert ran.status == 0, ran.stderr
    with running(stopped):
        stopped.ok("listkeep login --as ben")
        assert status_of(stopped, "q3@example.com") == "complained"
        assert status_of(stopped, "q4@example.com") == "subscribed"
        segment = "--segment 'status = subscribed'"
        assert stopped.ok(f"listkeep count news {segment} --as ben").stdout == "39\n"
    assert not (stopped.home / KNOWN).exists()


def test_a_keeper_that_is_older_learns_whom_the_rest_knew_as_suppressed(
    stopped: Terminal,
) -> None:
    """Everything is put back but what was suppressed since."""
    words = f"{stopped.folder / 'before.tar'} --older-ledger"
    ran = restore(stopped, words)
    assert ran.status == 0, ran.stderr
    assert stopped("listkeep serve keeper").status == 1
    for name in ("cleo", "cyrus"):
        done = stopped._run_there(
            ["ledger", "recover", "--as", name, "--yes"],
            b"",
            own_environment(stopped.home),
        )
        assert done.status == 0, done.stderr
    with running(stopped):
        stopped.ok("listkeep login --as cleo")
        told = stopped.ok(
            "listkeep ledger show --event entries.suppressed --as cleo --json"
        )
        assert [entry["reason"] for entry in told.json] == ["complained"]
        stopped.ok("listkeep login --as ben")
        segment = "--segment 'status = complained'"
        assert stopped.ok(f"listkeep count news {segment} --as ben").stdout == "1\n"
    assert not (stopped.home / KNOWN).exists()


def test_a_longer_ledger_is_not_given_up_in_passing(stopped: Terminal) -> None:
    before = digests(stopped.home)
    for words in ("", "--only keeper"):
        ran = restore(stopped, f"{stopped.folder / 'before.tar'} {words}")
        assert ran.status == 5
        assert "longer than the one in the backup" in ran.stderr
    assert digests(stopped.home) == before


def test_the_words_for_statuses_are_the_docks() -> None:
    source = (
        "from django.conf import settings; import django;"
        "django.setup();"
        "from listkeep.dock.lists.statuses import STATUSES; print(*STATUSES)"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "listkeep.dock.project.settings",
    }
    done = subprocess.run(
        [*own_command()[:2], "-c", source],
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )

    assert done.stdout.split() == list(STATUSES)


# --- what is not believed ---


def packed(folder: Path, name: str, change: Callable[[Path], None]) -> Path:
    target = folder / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder / "after", target)
    change(target)
    return target


def edit_row(folder: Path) -> None:
    with sqlite3.connect(folder / "dock.sqlite3") as database:
        database.execute("UPDATE entry SET status = 0")
    database.close()


def cut(folder: Path) -> None:
    data = (folder / "keeper.sqlite3").read_bytes()
    (folder / "keeper.sqlite3").write_bytes(data[: len(data) // 2])


def cut_ledger_and_say_so(folder: Path) -> None:
    """Leave entries out, and write a manifest that fits the file."""
    path = folder / "keeper.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute(
            'DELETE FROM ledger_entry WHERE "index" = '
            '(SELECT max("index") FROM ledger_entry)'
        )
    database.close()
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["keeper.sqlite3"] = {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def say(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


BAD: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "a row was edited": (edit_row, 1, "not the file that was copied"),
    "a file is cut": (cut, 1, "not the file that was copied"),
    "a file is missing": (lambda f: (f / "dock.sqlite3").unlink(), 6, "no such backup"),
    "the ledger is shorter": (cut_ledger_and_say_so, 1, "not the one that was signed"),
    "another size is said": (say(ledger_size=1), 1, "not the one that was signed"),
    "another instance": (say(keeper="k_other"), 5, "another instance"),
    "another key": (say(ledger_key="k_other+00+AA"), 5, "another instance"),
    "a newer form": (say(format=2), 5, "newer version"),
    "newer tables": (say(migrations={"dock": ["lists.9999_x"]}), 5, "newer version"),
    "a further field": (say(more="1"), 3, "no backup"),
    "a path": (say(files={"../x": {"bytes": 1, "sha256": ""}}), 3, "no backup"),
    "no manifest": (lambda f: (f / "manifest.json").unlink(), 3, "no backup"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_copy_is_refused_before_anything_is_touched(
    stopped: Terminal, what: str
) -> None:
    change, status, says = BAD[what]
    folder = packed(stopped.folder, "bad", change)
    before = named(stopped.home)

    ran = restore(stopped, str(folder))

    assert ran.status == status, ran.stderr
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr
    assert named(stopped.home) - before <= {
        *("supervisor.lock", "seal.lock", "restore.lock")
    }


@pytest.mark.parametrize("kind", ["a path upwards", "a link", "a stray", "no archive"])
def test_an_archive_that_reaches_elsewhere_is_refused(
    stopped: Terminal, kind: str
) -> None:
    path = stopped.folder / "bad.tar"
    if kind == "no archive":
        path.write_bytes(b"x" * 2000)
    else:
        shutil.copy(stopped.folder / "before.tar", path)
        member = tarfile.TarInfo(
            "../planted" if kind == "a path upwards" else "planted"
        )
        if kind == "a link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        with tarfile.open(path, "a") as archive:
            archive.addfile(member, io.BytesIO())

    ran = restore(stopped, str(path))

    assert ran.status == 3, ran.stderr
    assert not (stopped.folder / "planted").exists()
    assert not list(stopped.home.glob(".restoring-*"))


def test_a_running_instance_is_not_replaced(terminal: Terminal) -> None:
    terminal.ok("listkeep backup own")
    ran = restore(terminal, str(terminal.folder / "own"))

    assert ran.status == 5
    assert "running already" in ran.stderr


def test_a_copy_is_never_overwritten(terminal: Terminal) -> None:
    (terminal.folder / "mine.tar").write_text("mine")

    assert terminal("listkeep backup mine.tar").status == 5
    assert (terminal.folder / "mine.tar").read_text() == "mine"
