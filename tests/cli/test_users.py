"""Who a building becomes when root starts it, and when it rather does not start."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from listkeep.cli.running import users
from listkeep.cli.running.users import DOCK_USER, KEEPER_USER, User, Users, find_users
from listkeep.core.errors import RefusedError

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
ME = User(64103, 64103)
Named = Callable[[str, str], None]


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Named:
    """Name users, as root would find them."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def name(keeper: str, dock: str) -> None:
        monkeypatch.setenv(KEEPER_USER, keeper)
        monkeypatch.setenv(DOCK_USER, dock)

    return name


def test_users_are_named_by_number_or_by_name(named: Named) -> None:
    named("64101", "nobody")

    found = find_users()

    assert found is not None
    assert found.keeper == User(64101, 64101)
    assert found.dock.uid not in (0, 64101)


def test_where_there_are_no_such_users_nothing_changes(named: Named) -> None:
    named("nobody-of-this-name", "nobody-of-that-name")

    assert find_users() is None


def test_who_is_not_root_becomes_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv(KEEPER_USER, "64101")

    assert find_users() is None


@pytest.mark.parametrize(
    ("keeper", "dock"),
    [
        ("64101", "nobody-of-this-name"),
        ("nobody-of-this-name", "64101"),
        ("64101", "64101"),
        ("0", "64101"),
        ("64101", "0"),
    ],
)
def test_half_a_wall_is_refused(named: Named, keeper: str, dock: str) -> None:
    named(keeper, dock)

    with pytest.raises(RefusedError):
        find_users()


@AS_ROOT
def test_a_folder_is_handed_over_with_all_that_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "staging" / "deep"
    folder.mkdir(parents=True)
    (folder / "rows").write_text("")

    users._hand_over(tmp_path / "staging", ME)

    assert {path.stat().st_uid for path in (folder, folder / "rows")} == {ME.uid}
    assert tmp_path.stat().st_uid == 0


# --- what attackers try --------------------------------------------------------------


@AS_ROOT
def test_a_link_in_the_docks_folder_leads_to_a_file_of_root(tmp_path: Path) -> None:
    secret, folder = tmp_path / "shadow", tmp_path / "staging"
    secret.write_text("")
    folder.mkdir()
    (folder / "link").symlink_to(secret)
    (tmp_path / "exports").symlink_to(tmp_path)

    users._hand_over(folder, ME)
    users._hand_over(tmp_path / "exports", ME)

    assert (secret.stat().st_uid, tmp_path.stat().st_uid) == (0, 0)


@AS_ROOT
def test_a_file_of_root_has_another_name_in_the_docks_folder(tmp_path: Path) -> None:
    secret, folder = tmp_path / "shadow", tmp_path / "staging"
    secret.write_text("")
    folder.mkdir()
    (folder / "name").hardlink_to(secret)

    with pytest.raises(RefusedError, match="another name"):
        users._hand_over(folder, ME)

    assert secret.stat().st_uid == 0


@AS_ROOT
def test_settings_name_a_file_outside_of_the_instance(tmp_path: Path) -> None:
    """Root gives nothing away that lies elsewhere, whatever dock.toml says."""
    home, secret = tmp_path / "var", tmp_path / "shadow"
    (home / "keys").mkdir(parents=True)
    for path in (secret, home / "cli.toml", home / "dock.sqlite3"):
        path.write_text("")
    (home / "dock.toml").write_text(f'smtp_password_file = "{secret}"\n')
    both = Users(User(64101, 64101), ME)

    users._give_all(home, both, is_keeper=False)

    assert secret.stat().st_uid == 0
    assert (home / "dock.sqlite3-wal").stat().st_uid == ME.uid
    assert home.stat().st_uid == 64101
