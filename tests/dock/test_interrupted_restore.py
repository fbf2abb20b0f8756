"""A restore or an erasure that is killed leaves nothing half done."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from listkeep.core.sealing import format_token
from listkeep.dock.intake.jobs import recover_imports
from listkeep.dock.intake.models import Restore
from listkeep.dock.intake.restores import show_moment
from listkeep.dock.lists.models import Change, Entry, PastEntry
from tests.dock.conftest import Api, database_address
from tests.dock.disks import nearly_full_disk
from tests.dock.interrupted_restore import ERASE, RESTORE
from tests.dock.taking_back import take_back
from tests.dock.test_import_refused import snapshot
from tests.fakes.keeper import FakeKeeper
from tests.fakes.restoring import RestoreTicket

ROOT = Path(__file__).parents[2]


@pytest.fixture
def changed(ada: Api, news: str) -> str:
    """A list with a past, and the time before it began to change."""
    first = Change.objects.get(list_id=news)
    Change.objects.filter(list_id=news).update(at=first.at - 100)
    ada.fill(news, "anna@example.com,free,FR,Anne", "emil@example.com,pro,DE,Emil")
    return show_moment(first.at - 50)


def kill_at(home: Path, list_id: str, step: str, argument: str) -> None:
    killed = subprocess.run(
        [
            *(sys.executable, "-m", "tests.dock.interrupted_restore"),
            *(database_address(), str(home), list_id, step, argument),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "listkeep.dock.project.settings",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
        },
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert killed.returncode == 9, killed.stderr.decode()


@pytest.mark.parametrize("step", RESTORE)
def test_a_restore_that_is_killed_leaves_the_list_as_it_was(
    keeper: FakeKeeper, news: str, changed: str, home: Path, step: str
) -> None:
    before, past = snapshot(news), PastEntry.objects.count()

    kill_at(home, news, step, changed)

    restore = Restore.objects.get()
    is_done = step == "reported"  # the commit is what counts, not who heard of it
    if is_done:
        assert len(snapshot(news)) == 4
        assert Change.objects.filter(kind="restore").count() == 1
    else:
        assert (snapshot(news), PastEntry.objects.count()) == (before, past)
        assert restore.state == Restore.State.RUNNING
    keeper.restores[restore.ticket] = RestoreTicket(news, 0, start=None)  # type: ignore[arg-type]

    assert recover_imports(keeper=keeper, clock=timezone.now) == (not is_done)

    restore.refresh_from_db()
    assert (restore.state, restore.is_reported) == (
        *("done" if is_done else "failed", True),
    )
    end = keeper.restores[restore.ticket].end
    assert end
    assert end.committed is is_done
    assert list((home / "staging").iterdir()) == []


@pytest.mark.parametrize("step", ERASE)
def test_an_erasure_that_is_killed_is_whole_or_can_be_run_again(  # noqa: PLR0917 - a cast of six
    keeper: FakeKeeper, ada: Api, news: str, changed: str, home: Path, step: str
) -> None:
    assert changed
    anna = keeper.token_of("acme", "anna@example.com")
    before, past = snapshot(news), PastEntry.objects.count()

    kill_at(home, news, step, format_token(anna))

    assert (snapshot(news), PastEntry.objects.count()) == (before, past)
    request = keeper.grant_erasure(news, anna, keep=False)
    body = {"request": request, "token": format_token(anna)}
    assert ada.post("/erasures", body).json == {"lists": 1, "past": 1, "kept": False}
    assert not Entry.objects.filter(token=anna).exists()


def test_a_full_disk_leaves_the_list_as_it_was(keeper: FakeKeeper, ada: Api) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a full disk of another server is not ours to make")
    many = ada.open_list("many", facets=[])
    lines = [f"u{n}@example.com,pro,DE,{'U' * 200}" for n in range(500)]
    ada.fill(many, *lines)
    Change.objects.filter(list_id=many).update(at=100)
    ada.fill(many, *lines)
    before, past = snapshot(many), PastEntry.objects.count()

    with nearly_full_disk(spare_pages=8):
        answer = take_back(ada, many, show_moment(200))

    assert (answer.status, answer.json["code"]) == (503, "dock-unavailable")
    assert "disk is full" in answer.json["detail"]
    assert (snapshot(many), PastEntry.objects.count()) == (before, past)
    assert not Change.objects.filter(kind="restore").exists()
    recover_imports(keeper=keeper, clock=timezone.now)
    assert Restore.objects.get().state == "failed"
    assert keeper.restores["i1"].end
