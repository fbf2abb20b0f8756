"""Files are put in place of others, and the power goes at each step."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unittest import mock

import pytest

from listkeep.cli.commands import restore_backup
from listkeep.cli.copies import putting_back
from listkeep.cli.copies.databases import DOCK, KEEPER, Database, ServerAwayError
from listkeep.cli.copies.manifest import Manifest


class Killed(BaseException):
    """The process is gone."""


def test_a_kill_at_any_step_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every change of a name is a step; before and after each the power goes."""
    outcomes = set()
    for step in range(60):
        home, staged = _scene(tmp_path / str(step))
        with monkeypatch.context() as patched:
            survived = _die_at(patched, step)
            with suppress(Killed):
                putting_back.commit(home, staged, PLAN)
        putting_back.finish(home)
        found = {
            name: (home / name).read_text() if (home / name).exists() else ""
            for name in ("a.db", "a.db-wal", "b.db")
        }
        outcomes.add(tuple(found.values()))
        assert not (home / putting_back.READY).exists()
        if survived():
            break
    else:
        pytest.fail("it has more steps than were tried")

    assert outcomes == {("old", "old", "old"), ("new", "", "new")}


PLAN = putting_back.Plan(aside="aside", files={"a": "a.db", "b": "b.db"}, dumps={})


def _scene(folder: Path) -> tuple[Path, Path]:
    home, staged = folder / "home", folder / "home" / ".restoring-1"
    staged.mkdir(parents=True)
    for name in ("a.db", "a.db-wal", "b.db"):
        (home / name).write_text("old")
    for name in ("a", "b"):
        (staged / name).write_text("new")
    return home, staged


def _die_at(patched: pytest.MonkeyPatch, step: int) -> Callable[[], bool]:
    """Die before the n-th change of a name, or after it; tell whether it came to it."""
    count = [0]
    rename, unlink = Path.rename, Path.unlink

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def act(*args: object, **facts: object) -> object:
            number, count[0] = count[0], count[0] + 2
            if number == step:
                raise Killed
            result = real(*args, **facts)
            if number + 1 == step:
                raise Killed
            return result

        return act

    patched.setattr(Path, "rename", counted(rename))
    patched.setattr(Path, "unlink", counted(unlink))
    return lambda: count[0] <= step


def test_rows_an_intruder_planted_hide_nobody_who_was_suppressed(
    tmp_path: Path,
) -> None:
    """In the database that is replaced because he was in it."""
    token = bytes(range(16))
    path = tmp_path / "dock.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE entry (list_id TEXT, token BLOB, status)")
        database.executemany(
            "INSERT INTO entry VALUES (CAST(? AS TEXT), ?, ?)",
            [
                (b"l_news l_more", token, 1),
                (b"l_news\nl_more", token, 1),
                (b"l_\xff", token, 1),
                ("l_zoë", token, 1),
                (b"l_news", b"short", 1),
                (b"l_news", "text", 1),
                (b"l_news", token, 77),
                (b"l_news", token, "sub scribed"),
                (b"l_news", token, 3),
            ],
        )
    database.close()

    known = restore_backup.keep_suppressions(tmp_path, tmp_path, [Database(DOCK, path)])

    assert known.read_text() == f"l_news {token.hex()} complained\n"


def test_a_server_that_does_not_answer_is_not_taken_for_one_that_is_lost(
    tmp_path: Path,
) -> None:
    """It may be back before the copy is put there, with suppressions that are newer."""
    lists = Database(DOCK, None, f"postgresql://dock@/lists?host={tmp_path}")
    ledger = Database(KEEPER, None, f"postgresql://keeper@/ledger?host={tmp_path}")
    older = mock.create_autospec(Manifest, instance=True, ledger_size=7)

    with pytest.raises(ServerAwayError):
        restore_backup.keep_suppressions(tmp_path, tmp_path, [lists])
    with pytest.raises(ServerAwayError):
        restore_backup._require_newer(ledger, older, may_shrink=True)
