"""The pictures in the README are of the pages there are: this test makes them.

They are of the demo that stays, as its people see it. ``LISTKEEP_REWRITE_PICTURES=1``
writes them anew. Otherwise each page is opened the same way, so that a picture of a
page that is gone is noticed.
"""

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.house.sizes import ROOT
from tests.pages.kept import Kept, Newcomer

FOLDER = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 800
README = (ROOT / "README.md").read_text(encoding="utf-8")
REWRITES = bool(os.environ.get("LISTKEEP_REWRITE_PICTURES"))
SEGMENT = 'country = "DE" and plan in ("pro", "team")'


@pytest.fixture
def newcomer(kept: Kept, chromium: Browser) -> Iterator[Newcomer]:
    window = Newcomer(kept, chromium)
    yield window
    window.leave()


def show_desk(page: Page) -> None:
    expect(page.get_by_role("heading", name="Waiting for your")).to_be_visible()


def show_list(page: Page) -> None:
    page.get_by_role("link", name="Lists", exact=True).click()
    page.get_by_role("link", name="newsletter", exact=True).click()
    page.get_by_label("Segment").fill(SEGMENT)
    page.get_by_role("button", name="Count").click()
    page.wait_for_url("**/*country*")
    expect(page.get_by_role("link", name="Write to them")).to_be_visible()


def show_send(page: Page) -> None:
    page.get_by_role("link", name="Sends", exact=True).click()
    page.locator("tbody tr", has_text="weekly letter").get_by_role("link").first.click()
    expect(page.get_by_text("So far")).to_be_visible()
    if REWRITES:  # its page follows it: some minutes later there is something to see
        minutes = page.locator("figure[data-step='60'] details tbody tr")
        minutes.nth(5).wait_for(state="attached", timeout=400_000)


PAGES: dict[str, tuple[str, Literal["light", "dark"], Callable[[Page], None]]] = {
    "desk": ("ada", "light", show_desk),
    "list": ("ben", "dark", show_list),
    "send": ("ada", "light", show_send),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_picture_of_the_readme_is_of_a_page_there_is(
    newcomer: Newcomer, name: str
) -> None:
    who, theme, show = PAGES[name]
    newcomer.work_as(who)
    newcomer.page.emulate_media(color_scheme=theme)
    newcomer.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    show(newcomer.page)

    compare(newcomer.page, name)


def test_the_picture_of_the_demo_is_of_the_page_behind_its_link(
    newcomer: Newcomer,
) -> None:
    newcomer.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    expect(newcomer.page.get_by_text("var/demo/files/new-readers.csv")).to_be_visible()

    compare(newcomer.page, "demo")


def compare(page: Page, name: str) -> None:
    """Hold the page against its picture; by size, for the rest differs by the hour."""
    path = FOLDER / f"{name}.png"
    if REWRITES:
        page.screenshot(path=path)

    assert f"docs/pictures/{name}.png" in README
    assert size_of(path) == (WIDTH, HEIGHT)


def size_of(path: Path) -> tuple[int, int]:
    """Read the size of a PNG."""
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return width, height
