"""Eve hands over a backup whose settings put a database where she wants it."""

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest

from listkeep.cli.running.children import own_environment
from tests.cli.stage import Terminal, copy_instance


@pytest.fixture(scope="module")
def copied(short_folder: Path, made: Path) -> Path:
    """A backup of an instance."""
    home = short_folder / "copied"
    copy_instance(made, home)
    Terminal(home, short_folder).ok("listkeep backup handed")
    return short_folder / "handed"


@pytest.mark.parametrize("kind", ["upwards", "absolute", "through a link", "itself"])
def test_settings_in_a_backup_lead_a_database_out_of_the_empty_home(
    copied: Path, tmp_path: Path, kind: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    there = Terminal(tmp_path / "there", tmp_path)
    there.home.mkdir()
    (there.home / "linked").symlink_to(outside)
    database = {
        "upwards": "../outside/planted",
        "absolute": str(outside / "planted"),
        "through a link": "linked/planted",
        "itself": ".",
    }[kind]
    lead_to(copied, database)

    ran = there._run_there(
        ["restore-backup", str(copied)], b"", own_environment(there.home)
    )

    assert ran.status == 3, ran.stderr
    assert "outside this folder" in ran.stderr
    assert not list(outside.iterdir())
    assert not list(there.home.glob("*.sqlite3"))
    assert not list(there.home.glob(".restor*")), "the next start finishes nothing"


@pytest.mark.parametrize("building", ["dock", "keeper"])
def test_settings_in_a_backup_name_a_server_that_nobody_here_named(
    copied: Path, tmp_path: Path, building: str
) -> None:
    """It would be cleared, or be given all rows."""
    there = Terminal(tmp_path / "there", tmp_path)
    there.home.mkdir()
    eve = tmp_path / "eve"
    eve.mkdir()
    lead_to(copied, "dock.sqlite3")
    lead_to(copied, f"postgresql://eve@/planted?host={eve}", building=building)

    ran = there._run_there(
        ["restore-backup", str(copied)], b"", own_environment(there.home)
    )
    lead_to(copied, f"{building}.sqlite3", building=building)

    assert ran.status == 3, ran.stderr
    assert f"a PostgreSQL server for the {building}" in ran.stderr
    assert not list(there.home.glob("*.sqlite3"))
    assert not list(there.home.glob(".restor*"))


@pytest.mark.parametrize(
    "planted",
    [
        "CREATE TRIGGER planted AFTER INSERT ON entry BEGIN DELETE FROM entry; END",
        "CREATE VIEW planted AS SELECT * FROM entry",
        "CREATE VIRTUAL TABLE planted USING fts5(words)",
    ],
)
def test_a_file_in_a_backup_does_more_than_hold_rows(
    copied: Path, tmp_path: Path, planted: str
) -> None:
    there = Terminal(tmp_path / "there", tmp_path)
    there.home.mkdir()
    honest = (copied / "dock.sqlite3").read_bytes()
    with sqlite3.connect(copied / "dock.sqlite3") as database:
        database.execute(planted)
    database.close()
    vouch(copied, copied / "dock.sqlite3")

    ran = there._run_there(
        ["restore-backup", str(copied)], b"", own_environment(there.home)
    )
    (copied / "dock.sqlite3").write_bytes(honest)
    vouch(copied, copied / "dock.sqlite3")

    assert ran.status == 1, ran.stderr
    assert "more than tables" in ran.stderr
    assert not list(there.home.glob("*.sqlite3"))


def lead_to(backup: Path, database: str, *, building: str = "dock") -> None:
    """Write settings with another place, and a manifest that fits them."""
    path = backup / f"{building}.toml"
    lines = [line for line in path.read_text().splitlines() if "database" not in line]
    path.write_text("\n".join((f'database = "{database}"', *lines, "")))
    vouch(backup, path)


def vouch(backup: Path, path: Path) -> None:
    """Write into the manifest what the file is now."""
    manifest = json.loads((backup / "manifest.json").read_text())
    manifest["files"][path.name] = {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    (backup / "manifest.json").write_text(json.dumps(manifest))
