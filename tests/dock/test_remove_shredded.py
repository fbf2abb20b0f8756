"""Rows of lists that were shredded go, and those of others stay."""

from collections.abc import Iterator

import pytest

from listkeep.dock.lists import removal
from listkeep.dock.lists.models import Change, Entry, PastEntry
from listkeep.wire.messages import keys as k
from tests.dock.conftest import Api
from tests.fakes.keeper import FakeKeeper


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
