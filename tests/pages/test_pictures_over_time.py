"""Pictures over time in a demo that stays: of a real send, and of how lists grew."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.kept import Kept, Newcomer
from tests.pages.test_console import audit


@pytest.fixture
def ben(kept: Kept, chromium: Browser) -> Page:
    """Ben's browser."""
    window = Newcomer(kept, chromium)
    window.work_as("ben")
    return window.page


def test_a_send_has_a_curve_and_names_providers(ben: Page, kept: Kept) -> None:
    ben.goto(f"{kept.app}/sends")
    ben.get_by_role("link", name=re.compile("Spring offers")).first.click()

    expect(ben.locator("#over-time canvas")).to_be_visible()
    providers = ben.locator("section:has(#providers)")
    expect(providers.locator("tbody tr").first).to_be_visible()
    expect(providers.get_by_role("row", name=re.compile("^gmail"))).to_be_visible()
    assert "@" not in providers.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_keeps_people_out_of_pictures(
    ben: Page, kept: Kept, theme: str, width: int
) -> None:
    ben.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    ben.set_viewport_size({"width": width, "height": 900})
    found = {}
    for place, link in (("lists", "newsletter"), ("sends", "Spring offers")):
        ben.goto(f"{kept.app}/{place}")
        ben.get_by_role("link", name=re.compile(link)).first.click()
        expect(ben.locator("figure.series canvas")).to_be_visible()
        ben.get_by_text("As a table").click()
        found[place] = audit(ben)
        assert ben.evaluate("document.documentElement.scrollWidth") <= width

    assert {place: told for place, told in found.items() if told} == {}
