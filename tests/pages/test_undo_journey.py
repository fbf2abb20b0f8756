"""A large change is undone: from the list to the dock, to a signature, and back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.pages.kept import Kept, Newcomer


@pytest.fixture
def come(kept: Kept, chromium: Browser) -> Iterator[tuple[Newcomer, Newcomer]]:
    """Ben's browser and Ada's."""
    ben, ada = Newcomer(kept, chromium), Newcomer(kept, chromium)
    yield ben, ada
    for one in (ben, ada):
        one.leave()
        assert one.complaints == []


def test_ben_takes_the_first_import_back_once_ada_has_signed(
    kept: Kept, come: tuple[Newcomer, Newcomer]
) -> None:
    ben, ada = come
    ben.work_as("ben")
    page = ben.page
    page.goto(f"{kept.app}/lists")
    page.get_by_role("link", name="newsletter", exact=True).click()
    page.get_by_role("link", name="Undo change 1", exact=True).click()
    page.get_by_role("button", name="Go to the keeper").click()
    ben.be("ben")
    expect(page.get_by_role("heading", name="Take newsletter back")).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("alert")).to_contain_text("need an owner's signature")

    page.get_by_role("link", name="Ask for a signature").click()
    if page.get_by_role("link", name="Go on").count():
        page.get_by_role("link", name="Go on").click()
    rows = page.get_by_label("Entries at most").input_value()
    page.get_by_label("Why").fill("the wrong file")
    page.get_by_role("button", name="Prepare it").click()
    request = page.locator("main code").inner_text()
    page.get_by_role("link", name="Open the keeper's inbox").click()
    ben.be("ben")
    page.locator(f'a[href="/requests/{request}"]').click()
    page.get_by_role("button", name="Sign and ask").click()
    ben.choose("ben")
    _approve(ada, request, rows)
    expect(ada.state()).to_have_text("granted")

    page.reload()
    page.get_by_role("link", name="Go on at the dock").click()
    expect(page.get_by_text("It was signed for")).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Went", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_role("link", name="Undo this undo")).to_be_visible()


def _approve(ada: Newcomer, request: str, rows: str) -> None:
    """Go from the desk to the keeper, read the number there, and approve."""
    ada.work_as("ada")
    ada.page.get_by_role("link", name="Open the keeper's inbox").press("Enter")
    ada.be("ada")
    ada.open(request)
    expect(ada.page.locator("main")).to_contain_text(f"{int(rows):,}")
    ada.page.get_by_role("button", name="Approve").click()
    dialog = ada.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Approve").click()
    ada.choose("ada")
