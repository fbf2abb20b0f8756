"""Eve hands over a backup whose settings put a database where she wants it."""

import hashlib
import json
from pathlib import Path

import pytest

from listkeep.cli.children import own_environment
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


def lead_to(backup: Path, database: str) -> None:
    """Write settings with another place, and a manifest that fits them."""
    path = backup / "dock.toml"
    lines = [line for line in path.read_text().splitlines() if "database" not in line]
    path.write_text("\n".join((f'database = "{database}"', *lines, "")))
    manifest = json.loads((backup / "manifest.json").read_text())
    manifest["files"][path.name] = {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    (backup / "manifest.json").write_text(json.dumps(manifest))
