"""Something does not answer: its place says so, the rest of the page stands."""

import pytest

from listkeep.core.errors import Code, ListkeepError, RefusedError
from tests.console.conftest import Buildings, Desk

PARTS = {
    "/": ["show_requests", "show_incidents", "show_lists"],
    "/lists/news": ["count", "count_facets", "read_sample", "read_history"],
    "/settings": ["show_policy", "show_budgets"],
    "/people": ["show_registry"],
}


@pytest.mark.parametrize("path", PARTS)
def test_what_is_away_leaves_its_place_with_the_reason(
    ada: Desk, buildings: Buildings, path: str
) -> None:
    buildings.away(*PARTS[path])

    answer = ada.get(path)

    assert answer.status_code == 200
    assert b"not running or not reachable" in answer.content
    assert b"listkeep up" in answer.content
    assert b"<nav" in answer.content


def test_a_whole_page_that_hangs_on_the_dock_says_so(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.away("show_lists")

    answer = ada.get("/lists")

    assert answer.status_code == 503
    assert b"not running or not reachable" in answer.content


def test_a_file_of_what_is_away_is_no_empty_file(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.away("show_registry")

    answer = ada.get("/people?as=person")

    assert answer.status_code == 503
    assert b"not running or not reachable" in answer.content


def test_a_session_that_ends_meanwhile_is_about_the_whole_page(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.broken["show_incidents"] = RefusedError(
        "not signed in", code=Code.NOT_SIGNED_IN
    )

    answer = ada.get("/")

    assert answer.status_code == 401
    assert answer.cookies["__Host-app"].value == ""


def test_our_own_fault_tells_nothing_of_itself(
    ada: Desk, buildings: Buildings, caplog: pytest.LogCaptureFixture
) -> None:
    buildings.broken["show_lists"] = ListkeepError("planted@example.com is to blame")

    answer = ada.get("/lists")

    assert answer.status_code == 500
    assert "page.broken" in caplog.text
