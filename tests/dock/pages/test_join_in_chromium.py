"""A visitor with a real browser: a form without a script, in both themes."""

from importlib.resources import files
from typing import Literal

import pytest
from playwright.sync_api import Page, Route

from listkeep.dock.intake.sign_ups.models import SignUp
from tests.dock.conftest import Api
from tests.dock.pages.links import make_form
from tests.dock.pages.test_in_chromium import chromium, port, pytestmark

__all__ = ["port", "pytestmark"]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
SITE = "http://shop.localhost"


def audit(page: Page) -> list[str]:
    """Say what keeps people out, in axe's words."""
    page.evaluate(AXE)
    told = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
    )
    assert len(told["passes"]) > 10
    return [
        f"{each['id']}: {each['nodes'][0]['target']}" for each in told["violations"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_visitor_signs_up_by_the_keyboard_alone(
    port: int, news: str, intake: Api, theme: Literal["light", "dark"]
) -> None:
    form = make_form(intake, text="Once a month.", fields={"name": "Your name"})
    with chromium() as context:
        told: list[str] = []
        context.on("console", lambda message: told.append(message.text))
        page = context.new_page()
        page.emulate_media(color_scheme=theme)
        page.goto(f"http://drop.localhost:{port}/join/{form}")
        assert audit(page) == []
        page.keyboard.press("Tab")
        page.keyboard.type("new@example.com")
        page.keyboard.press("Tab")
        page.keyboard.type("Nora")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "BUTTON"
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Look into your mailbox").wait_for()
        assert audit(page) == []
        assert page.url == f"http://drop.localhost:{port}/join/{form}"
        assert context.cookies() == []
    assert told == []
    assert SignUp.objects.count() == 1


def test_a_browser_itself_says_that_an_address_is_none(
    port: int, news: str, intake: Api
) -> None:
    form = make_form(intake)
    with chromium() as context:
        page = context.new_page()
        page.goto(f"http://drop.localhost:{port}/join/{form}")
        page.get_by_label("E-mail address").fill("no address")
        page.get_by_role("button", name="Sign up").click()
        invalid = page.locator("input:invalid")
        assert invalid.get_attribute("name") == "address"
    assert SignUp.objects.count() == 0


@pytest.mark.parametrize("is_named", [True, False])
def test_a_form_on_another_site_is_taken_if_the_form_was_made_for_it(
    port: int, news: str, intake: Api, *, is_named: bool
) -> None:
    form = make_form(intake, origins=[SITE] if is_named else [])

    def answer(route: Route) -> None:
        route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="http://drop.localhost:{port}/join/{form}">'
            '<input name="address"><button>Go</button></form>',
        )

    with chromium() as context:
        page = context.new_page()
        page.route(f"{SITE}/", answer)
        page.goto(f"{SITE}/")
        page.locator("input").fill("new@example.com")
        page.get_by_role("button").click()
        heading = "Look into your mailbox" if is_named else "That did not work"
        page.get_by_role("heading", name=heading).wait_for()
    assert SignUp.objects.count() == is_named
