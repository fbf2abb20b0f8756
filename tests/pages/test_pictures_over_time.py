"""Pictures over time in a demo that stays: of a real send, and of how lists grew."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.kept import Kept, Newcomer


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
