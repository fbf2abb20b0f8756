"""Somebody looks on while long work goes on, with a script and without one."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.http import HttpResponse
from playwright.sync_api import BrowserContext, Page, expect

from listkeep.dock.intake.models import Import
from listkeep.dock.pages import answers, views
from listkeep.dock.pages.assets import SCRIPT, assets
from tests.dock.pages.conftest import Browser
from tests.dock.pages.test_import import GOOD, bring_in
from tests.dock.pages.test_in_chromium import chromium, port, pytestmark, sign_in
from tests.dock.pages.test_join_in_chromium import audit

__all__ = ["port", "pytestmark"]


@pytest.fixture
def path(bens: Browser, news: str) -> str:
    """Where an import of Ben's goes on."""
    path = bring_in(bens, news, GOOD).location
    advance(1024, "receiving")
    return path


def advance(received: int, state: str) -> None:
    """Let it come further; the browser's thread may not wait for a database."""

    def write() -> None:
        bens = Import.objects.filter(principal="ben")
        bens.update(state=state, received_bytes=received, size_bytes=4096)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(write).result()


def look(context: BrowserContext, port: int, path: str) -> tuple[Page, list[str]]:
    """Open Ben's page, with a clock of ours; gives what it complains about."""
    told: list[str] = []
    page = sign_in(context, port)
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(error.message))
    page.clock.install()
    page.goto(f"http://drop.localhost:{port}{path}")
    return page, told


def test_what_changed_is_put_in_and_what_has_the_focus_stays(
    path: str, port: int
) -> None:
    with chromium() as context:
        page, told = look(context, port, path)
        status, bar = page.get_by_role("status"), page.get_by_role("progressbar")
        expect(page.get_by_text("looks again by itself")).to_be_visible()
        assert audit(page) == []
        page.get_by_role("link", name="Look now").focus()
        page.evaluate("document.querySelector('[role=status]').isTheSame = true")

        advance(2048, "receiving")
        page.clock.run_for(2_000)
        expect(bar).to_have_attribute("value", "2048")
        expect(status).to_contain_text("1.0")  # nobody is told of every look
        for _ in range(4):
            with page.expect_response("**/imports/*"):
                page.clock.run_for(2_000)
        expect(status).to_contain_text("2.0")
        expect(page.get_by_role("link", name="Look now")).to_be_focused()

        advance(4096, "done")
        page.clock.run_for(2_000)
        expect(status).to_have_text("Done.")
        # A screen reader hears of an element it knew, and of no other.
        assert page.evaluate("document.querySelector('[role=status]').isTheSame")
        expect(page).to_have_title("Import done · Listkeep drop")
        expect(page.get_by_role("main")).to_be_focused()  # the link is gone
        expect(bar).to_have_count(0)
    assert told == []


def test_without_a_script_a_link_looks_again(path: str, port: int) -> None:
    with chromium() as first:
        assert first.browser
        context = first.browser.new_context(java_script_enabled=False)
        page = sign_in(context, port)
        page.goto(f"http://drop.localhost:{port}{path}")
        expect(page.get_by_text("looks again by itself")).to_be_hidden()
        advance(4096, "done")
        page.get_by_role("link", name="Look now").press("Enter")
        expect(page.get_by_role("status")).to_have_text("Done.")


def test_a_session_that_ended_leads_to_where_one_signs_in(path: str, port: int) -> None:
    with chromium() as context:
        page, _ = look(context, port, path)
        context.clear_cookies()
        page.clock.run_for(2_000)
        expect(page.get_by_role("button", name="Go to the keeper")).to_be_visible()


def test_markup_that_got_into_the_page_runs_no_script_of_its_own(
    path: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one script may run, it is this one, as it was shipped."""
    planted = (
        '<p onclick="document.title = 1">x</p><script>document.title = "taken"</script>'
        '<script src="/exports"></script><script src="/assets/follow.js"></script>'
    )

    def plant(*given: Any, **more: Any) -> HttpResponse:
        response = answers.show_work(*given, **more)
        response.content += planted.encode()
        return response

    monkeypatch.setattr(views, "show_work", plant)
    with chromium() as context:
        page, told = look(context, port, path)
        page.get_by_text("x", exact=True).click()
        assert page.title() == "Import receiving · Listkeep drop"
    assert len([each for each in told if "script-src" in each]) == 4


def test_the_page_allows_its_script_by_hash_and_no_other_page_does(
    bens: Browser, path: str
) -> None:
    policy = bens.get(path).headers["content-security-policy"]

    assert f"script-src '{assets()[SCRIPT].integrity}';" in policy
    assert "unsafe" not in policy
    assert "script" not in bens.get("/import").headers["content-security-policy"]


@pytest.mark.parametrize("site", ["same-site", "cross-site", "none"])
def test_another_site_reads_how_far_the_work_is(
    bens: Browser, path: str, site: str
) -> None:
    fetched = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}

    assert bens.get(path, **fetched, **{"Sec-Fetch-Site": site}).status == 403
    own = {**fetched, "Sec-Fetch-Site": "same-origin"}
    assert bens.get(path, **own).status == 200
    assert bens.get("/import", **own).status == 403
    assert bens.post("/sends/request", {}, **own).status == 403
