"""Pictures over time: the table says it all, and a script is handed nothing else."""

import csv
import io
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from django.utils import timezone

from listkeep.console.desk.series import (
    HEIGHT,
    list_growth,
    path_of,
    send_series,
    spark,
)
from listkeep.core.errors import Code, UnavailableError
from listkeep.wire.answers import DockDay
from listkeep.wire.dock.sends import DockPoint, DockProgress, DockSeries
from tests.console.conftest import LIST, NOTHING, Buildings, Desk
from tests.console.test_sends import view_of

NOW = datetime(2026, 1, 10, 15, tzinfo=UTC)
EVIL = '"><script>alert(1)</script>'
POINTS = (
    DockPoint(at="2026-01-05T12:00:00Z", delivered=30, waiting=2),
    DockPoint(at="2026-01-05T12:01:00Z"),
    DockPoint(at="2026-01-05T12:02:00Z", delivered=10, failed=1),
)


def day(date: str, *, added: int = 0, changed: int = 0, removed: int = 0) -> DockDay:
    at = f"{date}T00:00:00Z"
    return DockDay(at=at, added=added, changed=changed, removed=removed)


def test_sizes_are_counted_back_from_today() -> None:
    grown = (day("2026-01-07", added=500), day("2026-01-09", added=100, removed=20))
    found = msgspec.structs.replace(LIST, entries=1_000, growth=grown)

    series = list_growth(found, days=4, now=NOW)

    assert [at[:10] for at in series.times] == [
        *("2026-01-07", "2026-01-08", "2026-01-09", "2026-01-10"),
    ]
    assert list(series.lines[0].values) == [920, 920, 1_000, 1_000]
    assert list(series.lines[1].values) == [500, 0, 100, 0]


def test_a_list_has_no_size_before_there_was_one() -> None:
    series = list_growth(LIST, days=30, now=NOW)

    assert series.first == "2026-01-05T00:00:00Z"  # it was opened that day


def test_a_send_is_drawn_with_what_came_of_it_and_without_empty_rows() -> None:
    series = send_series(DockSeries(points=POINTS))

    assert series.most == 30
    assert [numbers for _, numbers in series.rows] == [[30, 2, 0], [10, 0, 1]]
    assert [path.count("M") for _, path in series.shapes] == [2, 1, 1]


def test_the_largest_number_is_as_high_as_the_picture() -> None:
    assert f"v-{HEIGHT:.1f}" in path_of([1, 7], 7)
    assert path_of([], 0) == path_of([0, 0], 0) == ""


def test_a_small_line_of_one_day_is_none() -> None:
    assert spark([5]) == ""
    assert spark([5, 5]).startswith("M0.0 10.0")
    assert spark([1, 9]) == "M0.0 18.0L100.0 2.0"


@pytest.fixture
def running(buildings: Buildings) -> Buildings:
    buildings.requests = (view_of(),)
    buildings.outcomes = msgspec.structs.replace(
        NOTHING,
        progress=DockProgress(request="r_spring", state="running", delivered=40),
        series=DockSeries(points=POINTS),
    )
    return buildings


def test_a_send_that_goes_on_has_its_picture_drawn_anew(
    running: Buildings, ada: Desk
) -> None:
    page = ada.get("/sends/r_spring").text

    assert 'hx-select-oob="#state,#over-time,' in page
    assert 'id="over-time"' in page
    assert 'data-value="30"' in page


def test_numbers_over_time_come_as_a_file(running: Buildings, ada: Desk) -> None:
    rows = list(csv.reader(io.StringIO(ada.get("/sends/r_spring?as=series").text)))
    assert rows[:2] == [
        ["at", "delivered", "waiting", "failed"],
        ["2026-01-05T12:00:00Z", "30", "2", "0"],
    ]

    rows = list(csv.reader(io.StringIO(ada.get("/lists/l_news?as=growth").text)))
    assert rows[0] == ["day", "entries", "added", "status_changed", "removed"]
    assert rows[-1][1] == str(LIST.entries)


def test_a_name_stays_text_in_a_picture(running: Buildings, ada: Desk) -> None:
    running.lists = (msgspec.structs.replace(LIST, name=EVIL),)
    running.requests = (view_of({"list": EVIL}),)

    for path in ("/lists", "/lists/l_news", "/sends/r_spring"):
        page = ada.get(path).text
        assert "<script>alert" not in page, path
        assert EVIL not in page, path


def test_only_pages_with_a_picture_load_what_draws_it(
    running: Buildings, ada: Desk
) -> None:
    for path, draws in {
        "/lists/l_news": True,
        "/sends/r_spring": True,
        "/lists": False,
        "/": False,
        "/sends": False,
    }.items():
        assert ("uplot.min.js" in ada.get(path).text) is draws, path


def test_a_list_that_grew_today_has_a_line_in_the_overview(
    buildings: Buildings, ada: Desk
) -> None:
    yesterday = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%d")
    grown = msgspec.structs.replace(LIST, growth=(day(yesterday, added=300),))
    buildings.lists = (grown,)

    page = ada.get("/lists").text

    assert 'class="spark"' in page
    assert "How news grew" in page


def test_a_dock_that_is_away_leaves_no_picture_and_says_so(
    running: Buildings, ada: Desk
) -> None:
    running.broken["show_outcomes"] = UnavailableError(
        "the dock is not running or not reachable", code=Code.DOCK_UNAVAILABLE
    )

    page = ada.get("/sends/r_spring")

    assert page.status_code == 200
    assert "<figure" not in page.text
