"""Rows of lists that were shredded go, and those of others stay."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from listkeep.dock.intake import jobs as intake
from listkeep.dock.intake.models import Import, RejectedLine
from listkeep.dock.lists import removal
from listkeep.dock.lists.models import Change, Entry, PastEntry
from listkeep.dock.outlet import jobs as outlet
from listkeep.dock.outlet.exports import export_path
from listkeep.dock.outlet.models import ExportRun
from listkeep.wire.messages import keys as k
from tests.dock.conftest import HEADER, Api
from tests.fakes.keeper import FakeKeeper

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "PAGE_ROWS", 3)


@pytest.fixture
def gone(keeper: FakeKeeper, ada: Api) -> str:
    list_id = ada.open_list("gone")
    lines = [f"u{n}@example.com,pro,DE,U{n}" for n in range(8)]
    ada.fill(list_id, *lines)
    ada.fill(list_id, *lines[:4])
    return list_id


def remove(keeper: FakeKeeper, answers: Iterator[bool] | None = None) -> int:
    lists = keeper.read_keys(k.ReadKeys()).gone
    return removal.remove_lists(
        lists, keep_on=lambda: next(answers) if answers else True
    )


def test_everything_of_it_goes_and_nothing_of_others(
    keeper: FakeKeeper, news: str, gone: str
) -> None:
    keeper.gone = (gone,)

    assert remove(keeper) == 8 + 4 + 2

    for table in (Entry, PastEntry, Change):
        assert not table.objects.filter(list_id=gone).exists()
    assert Entry.objects.filter(list_id=news).count() == 4
    assert remove(keeper) == 0


def test_a_list_that_is_there_keeps_its_rows(keeper: FakeKeeper, gone: str) -> None:
    assert remove(keeper) == 0
    assert Entry.objects.filter(list_id=gone).count() == 8


def test_a_worker_that_is_told_to_stop_goes_on_later(
    keeper: FakeKeeper, gone: str
) -> None:
    keeper.gone = (gone,)

    remove(keeper, iter([True, False]))
    assert Entry.objects.filter(list_id=gone).count() == 5

    remove(keeper)
    assert not removal.has_rows(gone)


def test_its_imports_and_restores_go_and_those_of_others_stay(
    keeper: FakeKeeper, ada: Api, news: str, gone: str
) -> None:
    answer = ada.send(gone, HEADER.encode() + b"no address,pro,DE,Anna\n")
    assert answer.status != 200, "so there are lines that were turned away"
    before = Import.objects.filter(list_id=news).count()
    keeper.gone = (gone,)

    assert intake.forget_shredded(keeper.gone) == 3
    assert intake.forget_shredded(keeper.gone) == 0

    assert not Import.objects.filter(list_id=gone).exists()
    assert not RejectedLine.objects.filter(source__list_id=gone).exists()
    assert Import.objects.filter(list_id=news).count() == before > 0


def test_its_finished_exports_go_with_their_files(
    news: str, gone: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "LISTKEEP_HOME", tmp_path)
    (tmp_path / "exports").mkdir()
    state = ExportRun.State
    for number, (list_id, ended) in enumerate(
        ((gone, state.DONE), (gone, state.RUNNING), (news, state.DONE))
    ):
        run = ExportRun.objects.create(
            id=f"x{number}",
            request=f"r{number}",
            list_id=list_id,
            principal="ada",
            format="csv",
            state=ended,
            created_at=NOON,
            changed_at=NOON,
        )
        export_path(run.id).write_bytes(b"age")

    assert outlet.forget_shredded([gone]) == 1
    assert outlet.forget_shredded([gone]) == 0

    assert set(ExportRun.objects.values_list("id", flat=True)) == {"x1", "x2"}
    kept = {path.stem for path in (tmp_path / "exports").iterdir()}
    assert kept == {"x1", "x2"}
