"""Incidents at the dock's pages: noted on and closed by whom they concern."""

import pytest

from listkeep.dock.watch.models import IncidentLine
from tests.dock.conftest import Api
from tests.dock.pages.conftest import Browser
from tests.dock.test_incidents import found
from tests.fakes.keeper import FakeKeeper


@pytest.fixture
def adas(keeper: FakeKeeper, ada: Api) -> Browser:
    return Browser(keeper).sign_in(ada)


def act(browser: Browser, incident: str, **fields: str) -> tuple[int, str]:
    token = browser.get("/").field("token")
    page = browser.post(f"/incidents/{incident}", {"token": token, **fields})
    return page.status, page.words


def test_ada_notes_what_she_knows_and_closes_it(
    keeper: FakeKeeper, adas: Browser, news: str
) -> None:
    incident = found(keeper, news)

    assert act(adas, incident, act="note", note="a restore\nof yesterday")[0] == 303
    assert "Noted: a restore of yesterday" in adas.get(f"/incidents/{incident}").words
    assert act(adas, incident, act="close", reason="it was us")[0] == 303

    words = adas.get(f"/incidents/{incident}").words
    assert "Closed by ada: it was us" in words
    assert "Write it down" not in words


@pytest.mark.parametrize(
    "text",
    ["", "   ", "ask anna@example.com", "x" * 501, "a\x00b", "a\u202eb"],
    ids=["nothing", "blanks", "an-address", "long", "nul", "turned-around"],
)
@pytest.mark.parametrize("kind", ["note", "close"])
def test_a_text_that_may_not_be_kept_is_refused_and_stays_in_the_form(
    keeper: FakeKeeper, adas: Browser, news: str, text: str, kind: str
) -> None:
    incident = found(keeper, news)
    before = IncidentLine.objects.count()

    status, words = act(adas, incident, act=kind, note=text, reason=text)

    assert status == 400
    assert "could be an address" in words or "characters" in words
    assert IncidentLine.objects.count() == before


def test_there_is_no_third_act(keeper: FakeKeeper, adas: Browser, news: str) -> None:
    assert act(adas, found(keeper, news), act="forget")[0] == 400


@pytest.mark.parametrize("fields", [{}, {"act": "note", "note": "x"}])
def test_eve_and_ben_learn_of_none(
    keeper: FakeKeeper,
    bens: Browser,
    eves: Browser,
    news: str,
    fields: dict[str, str],
) -> None:
    incident = found(keeper, news)

    for browser in (bens, eves):
        assert browser.get(f"/incidents/{incident}").status == 404
        assert act(browser, incident, **fields)[0] == 404
    assert not IncidentLine.objects.filter(what="noted").exists()
