"""What the dock checks before it serves anything."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from listkeep.core.errors import Code, ConflictError, MalformedError
from listkeep.dock.intake.models import Import
from listkeep.dock.lists.keeper import (
    _ports,
    get_keeper,
    read_service_key,
    use_keeper,
)
from listkeep.dock.project import start
from listkeep.dock.project.config import DockConfig
from listkeep.dock.project.database import database_settings
from listkeep.dock.project.start import check_instance, migrate_database
from listkeep.wire.keeper import KeeperClient
from tests.dock.conftest import Api
from tests.fakes.keeper import FakeKeeper

ROOT = Path(__file__).parents[2]


@pytest.fixture
def key(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = home / "dock.key"
    path.write_text("lkk_dock\n")
    path.chmod(0o600)
    monkeypatch.setattr(settings, "LISTKEEP_SERVICE_KEY_FILE", path)
    return path


@pytest.fixture
def foreign_migration() -> Iterator[MigrationRecorder]:
    """A migration this code does not know, as a newer version would leave."""
    recorder = MigrationRecorder(connection)
    recorder.record_applied("lists", "0099_from_the_future")
    yield recorder
    recorder.record_unapplied("lists", "0099_from_the_future")


def test_a_good_instance_starts(keeper: FakeKeeper, key: Path, home: Path) -> None:
    recovered = check_instance()

    assert (recovered.imports, recovered.exports) == (0, 0)
    for folder in ("staging", "exports", "forms"):
        assert (home / folder).stat().st_mode & 0o077 == 0


def test_a_start_clears_up_after_a_dock_that_died(
    keeper: FakeKeeper, ada: Api, news: str, key: Path, home: Path
) -> None:
    import_id = ada.begin_import(news)
    Import.objects.filter(pk=import_id).update(state=Import.State.RECEIVING)
    (home / "staging" / "old.sqlite3").write_bytes(b"half")

    assert check_instance().imports == 1
    assert check_instance().imports == 0

    assert ada.get(f"/imports/{import_id}").json["state"] == "failed"
    assert list((home / "staging").iterdir()) == []


def test_an_instance_of_a_newer_version_is_left_alone(
    keeper: FakeKeeper, key: Path, foreign_migration: MigrationRecorder
) -> None:
    for act in (check_instance, migrate_database):
        with pytest.raises(ConflictError) as caught:
            act()
        assert caught.value.code is Code.NEWER_VERSION
        assert caught.value.hint


def test_an_instance_that_was_not_migrated_does_not_start(
    keeper: FakeKeeper, key: Path
) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("outlet", "0001_initial")
    try:
        with pytest.raises(ConflictError) as caught:
            check_instance()
    finally:
        recorder.record_applied("outlet", "0001_initial")
    assert caught.value.code is Code.OLDER_VERSION
    assert "migrate" in caught.value.hint


def test_migrating_twice_changes_nothing(keeper: FakeKeeper, key: Path) -> None:
    migrate_database()
    migrate_database()

    assert check_instance().imports == 0


@pytest.mark.parametrize("content", [None, "", "  \n", "ü"])
def test_without_a_service_key_there_is_no_start(
    keeper: FakeKeeper, key: Path, content: str | None
) -> None:
    key.unlink()
    if content is not None:
        key.write_text(content)
        key.chmod(0o600)

    with pytest.raises(MalformedError) as caught:
        check_instance()
    assert caught.value.code is Code.CONFIG_INVALID
    assert "listkeep init" in caught.value.hint


def test_a_key_that_others_may_read_is_refused(key: Path) -> None:
    key.chmod(0o640)

    with pytest.raises(MalformedError, match="others may read"):
        read_service_key(key)


def test_the_keeper_is_reached_with_the_key_and_made_once(key: Path) -> None:
    with use_keeper(FakeKeeper()):
        pass  # leaves no keeper behind, so that this process makes its own
    first = get_keeper()
    again = get_keeper()
    _ports.clear()  # no later test speaks to a keeper that is not there

    assert isinstance(first, KeeperClient)
    assert again is first
    assert first._http.headers["authorization"] == "Bearer lkk_dock"


def test_an_address_of_postgresql_is_understood() -> None:
    found = database_settings(
        "postgresql://lk@db.test:5433/dock?passfile=dock.pgpass&sslmode=verify-full",
        home=ROOT,
    )

    names = ("ENGINE", "NAME", "USER", "HOST", "PORT")
    assert [found[name] for name in names] == [
        *("django.db.backends.postgresql", "dock", "lk", "db.test", "5433")
    ]
    assert "PASSWORD" not in found
    assert found["OPTIONS"]["passfile"] == str(ROOT / "dock.pgpass")
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert "synchronous_commit=on" in found["OPTIONS"]["options"]


@pytest.mark.parametrize(
    "text",
    [
        *("mysql://db/dock", "dock.sqlite3", "postgresql://db", "postgresql://db:x/d"),
        *("postgresql://db/d?options=-c%20x", "postgresql://lk:tulip@db.test/dock"),
    ],
)
def test_a_database_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        database_settings(text, home=ROOT)
    assert caught.value.code is Code.CONFIG_INVALID
    assert "tulip" not in f"{caught.value} {caught.value.hint}"


def test_a_server_too_old_for_lists_is_refused(
    keeper: FakeKeeper, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("about PostgreSQL's version")
    monkeypatch.setattr(start, "_OLDEST_POSTGRESQL", 990_000)

    for act in (check_instance, migrate_database):
        with pytest.raises(MalformedError, match="PostgreSQL 15") as caught:
            act()
        assert caught.value.code is Code.CONFIG_INVALID


def settings_of(home: Path) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of their own."""
    program = (
        "from listkeep.dock.project import settings as s;"
        "print(s.DATABASES['default']['NAME'], s.LISTKEEP_KEEPER_SOCKET,"
        " s.LISTKEEP_CONFIG.port, s.DEBUG)"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "LISTKEEP_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_an_instance_the_settings_have_defaults(tmp_path: Path) -> None:
    home = tmp_path / "none"

    found = settings_of(home)

    assert found.stdout.split() == [
        f"{home}/dock.sqlite3",
        f"{home}/keeper.sock",
        "8480",
        "False",
    ]
    assert not home.exists()


def test_settings_come_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "dock.toml").write_text('port = 9000\nkeeper_socket = "/run/k.sock"\n')

    found = settings_of(tmp_path)

    assert found.stdout.split()[1:3] == ["/run/k.sock", "9000"]


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dock.toml").write_text("prot = 9000\n")

    found = settings_of(tmp_path)

    assert found.returncode != 0
    assert "dock.toml" in found.stderr


def test_every_setting_has_its_manual() -> None:
    source = (ROOT / "src/listkeep/dock/project/config.py").read_text()

    for name in DockConfig.__struct_fields__:
        declaration = source.index(f"    {name}: ")
        following = source[declaration:].splitlines()[1]
        assert following.startswith('    """'), name


def test_django_itself_has_no_complaint() -> None:
    call_command("check", fail_level="WARNING")
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
