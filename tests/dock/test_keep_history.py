"""What a list was before is kept for a while, and ends are told."""

from collections.abc import Iterator

import pytest

from listkeep.core.errors import (
    UnavailableError,
)
from listkeep.dock.intake import jobs
from listkeep.dock.intake.models import Restore
from listkeep.dock.lists.models import PastEntry
from tests.dock.conftest import Api
from tests.dock.taking_back import (
    Clock,
    begin,
    change_people,
    facets,
    preview,
    still_clock,
    take_back,
)
from tests.fakes.keeper import FakeKeeper


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    with still_clock() as clock:
        yield clock


@pytest.fixture
def before(clock: Clock, ada: Api, news: str) -> str:
    """Anna and Emil as they were: she changes, he comes, and Bert unsubscribes."""
    return change_people(clock, ada, news)


def test_what_is_not_kept_any_more_is_not_taken_back_to(
    clock: Clock, keeper: FakeKeeper, ada: Api, news: str, before: str
) -> None:
    between = clock.tick(20 * 86_400)
    ada.fill(news, "bert@example.com,pro,US,Bert")
    clock.tick(11 * 86_400)

    assert jobs.drop_history(now=clock(), keep_on=lambda: True) == 1

    answer = preview(ada, news, before)
    assert (answer.status, answer.json["code"]) == (403, "expired")
    assert preview(ada, news, between).json["changes"] == 1
    assert jobs.drop_history(now=clock(), keep_on=lambda: True) == 0
    page = ada.get(f"/lists/{news}/history").json["changes"]
    assert [change["can_undo"] for change in page] == [True, False, False]


def test_what_is_dropped_while_a_list_is_taken_back_does_not_leave_it_half_restored(
    clock: Clock, ada: Api, news: str, before: str
) -> None:
    """It was looked at in time, and run when a part of the rows was gone already."""
    rows = facets(ada, news)
    begun = begin(ada, news, before)
    clock.tick(31 * 86_400)
    jobs.drop_history(now=clock(), keep_on=lambda: True)

    answer = ada.post(f"/restores/{begun.json['id']}/run", {})

    assert (answer.status, answer.json["code"]) == (409, "busy")
    assert facets(ada, news) == rows


def test_a_sweep_that_is_stopped_goes_on_the_next_time(
    clock: Clock, ada: Api, news: str, before: str
) -> None:
    clock.tick(40 * 86_400)
    assert jobs.drop_history(now=clock(), keep_on=lambda: False) == 0

    assert preview(ada, news, before).json["code"] == "expired"
    assert PastEntry.objects.exists()
    assert jobs.drop_history(now=clock(), keep_on=lambda: True) == 1
    assert not PastEntry.objects.exists()


def test_a_history_is_read_page_by_page_newest_first(
    ada: Api, news: str, before: str
) -> None:
    assert before
    first = ada.get(f"/lists/{news}/history", limit="1").json
    second = ada.get(f"/lists/{news}/history", limit="1", cursor=first["cursor"]).json

    assert [change["number"] for change in first["changes"]] == [2]
    assert second["changes"] == [
        {
            "number": 1,
            "kind": "import",
            "at": "2026-01-05T12:00:00Z",
            "who": "ada",
            "source": second["changes"][0]["source"],
            "moment": None,
            "added": 0,  # of four: small imports are rounded, here as elsewhere
            "updated": 0,
            "removed": 0,
            "rounded": True,
            "can_undo": True,
        }
    ]


def test_a_restore_nobody_went_on_with_is_ended(
    clock: Clock, keeper: FakeKeeper, ada: Api, news: str, before: str
) -> None:
    begin(ada, news, before)
    clock.tick(86_401)

    assert jobs.close_abandoned(keeper=keeper, clock=clock) == 1

    restore = Restore.objects.get()
    assert (restore.state, restore.is_reported) == ("failed", True)
    assert keeper.restores["i1"].end


def test_an_end_the_keeper_was_not_told_is_told_later(
    clock: Clock, keeper: FakeKeeper, ada: Api, news: str, before: str
) -> None:
    keeper.break_at("finish_restore", UnavailableError("away"))
    assert take_back(ada, news, before).json["state"] == "done"
    assert not Restore.objects.get().is_reported

    keeper._faults.clear()
    jobs.close_abandoned(keeper=keeper, clock=clock)

    assert Restore.objects.get().is_reported
    assert keeper.restores["i1"].end
    assert keeper.restores["i1"].end.committed
