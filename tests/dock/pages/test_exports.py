from concurrent.futures import ThreadPoolExecutor

import pytest

from listkeep.core.errors import Code, RefusedError
from listkeep.dock.outlet.models import ExportRun
from listkeep.dock.pages import runs
from tests.dock.conftest import Api
from tests.dock.pages.conftest import Browser, Page
from tests.fakes.keeper import FakeKeeper


def run(browser: Browser, request: str, file_format: str = "csv") -> Page:
    """Press the button, and wait until the run has ended."""
    page = browser.get("/exports")
    sent = browser.submit(page, "/exports", request=request, format=file_format)
    runs._pool.submit(int).result()  # the one thread is free again
    return sent


@pytest.fixture(autouse=True)
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_pool", ThreadPoolExecutor(1))


@pytest.fixture
def granted(keeper: FakeKeeper, news: str) -> str:
    return keeper.grant_export(news, selection='plan = "pro"', cap=10, by="ben")


def test_a_granted_export_is_run_with_a_button_and_downloaded(
    bens: Browser, keeper: FakeKeeper, granted: str
) -> None:
    words = bens.get("/exports").words
    assert 'at most 10 of plan = "pro"' in words
    assert "news → warehouse" in words

    sent = run(bens, granted)
    page = bens.get(sent.location)
    file = bens.get(f"{sent.location}/file")

    assert sent.status == 303
    assert "Done: 2 sealed rows went to the keeper." in page.words
    assert "age --decrypt --identity KEYFILE" in page.words
    rows = sorted(keeper.open_export(file.content).splitlines())
    assert rows == ["anna@example.com", "bert@example.com"]
    assert file.headers["content-disposition"].startswith("attachment; ")
    assert file.headers["cache-control"] == "no-store"
    assert "done" in bens.get("/exports").words


def test_a_run_that_goes_on_looks_again_by_itself(
    bens: Browser, keeper: FakeKeeper, granted: str
) -> None:
    sent = run(bens, granted)
    ExportRun.objects.update(state=ExportRun.State.RUNNING)

    page = bens.get(sent.location)
    assert 'data-follow="2"' in page.text
    assert bens.get(f"{sent.location}/file").status == 409
    again = run(bens, granted)
    assert again.location == sent.location  # one run of a request at a time
    assert ExportRun.objects.count() == 1


def test_a_run_that_fails_says_why_and_what_to_do(
    bens: Browser, keeper: FakeKeeper, granted: str
) -> None:
    frozen = RefusedError("releases are frozen", code=Code.FROZEN, hint="ask an owner")
    keeper.break_at("run_export", frozen)

    page = bens.get(run(bens, granted).location)

    assert "Releases are frozen." in page.words
    assert "Ask an owner" in page.words
    assert "<script" not in page.text


def test_a_run_that_breaks_is_marked_as_failed(
    bens: Browser, keeper: FakeKeeper, granted: str
) -> None:
    def fail() -> None:
        raise KeyError("planted@example.com")

    keeper.break_at("run_export", fail)

    page = bens.get(run(bens, granted).location)

    assert "Failed" in page.words
    assert "planted" not in page.text


def test_only_what_one_asked_for_oneself_is_shown(
    bens: Browser, keeper: FakeKeeper, news: str
) -> None:
    keeper.grant_export(news, selection="all", cap=7, by="ada")
    keeper.grant_export(news, selection="all", cap=8)

    assert "Nothing is granted to you now." in bens.get("/exports").words


def test_a_format_there_is_not_is_refused(bens: Browser, granted: str) -> None:
    assert run(bens, granted, "xlsx").status == 403
    assert not ExportRun.objects.exists()


def test_somebody_elses_run_is_not_there(
    keeper: FakeKeeper, bens: Browser, eves: Browser, ada: Api, granted: str
) -> None:
    path = run(bens, granted).location

    for stranger in (eves, Browser(keeper).sign_in(ada)):
        assert stranger.get(path).status == 404
        assert stranger.get(f"{path}/file").status == 404
        assert "Past runs None yet." in stranger.get("/exports").words


def test_a_stranger_cannot_run_it(
    keeper: FakeKeeper, eves: Browser, granted: str
) -> None:
    for request in (granted, "r_nobody", ""):
        assert run(eves, request).status in (400, 404)
    assert "run_export" not in keeper.calls


def test_a_segment_and_a_name_with_markup_are_shown_as_they_are(
    bens: Browser, keeper: FakeKeeper, ada: Api
) -> None:
    planted = "<script>alert(1)</script>"
    list_id = ada.open_list("plain", facets=["plan:text"])
    record = keeper.lists[list_id]
    keeper.lists[list_id] = type(record)(
        id=record.id,
        tenant=record.tenant,
        name=planted,
        facets=record.facets,
        fields=record.fields,
        created_at=record.created_at,
    )
    keeper.grant_export(list_id, selection=f'plan = "{planted}"', cap=1, by="ben")

    page = bens.get("/exports")

    assert planted not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    for path in ("/look-up", "/import", f"/import/{list_id}"):
        assert planted not in bens.get(path).text
