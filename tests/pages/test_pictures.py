"""The pictures in the README are of the pages there are: this test makes them.

``LISTKEEP_REWRITE_PICTURES=1`` writes them anew. Otherwise each page is opened the same
way, so that a picture of a page that is gone is noticed.
"""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.house.sizes import ROOT
from tests.pages.house import House
from tests.pages.test_console import enter, open_list
from tests.pages.visitor import Visitor

FOLDER = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 760
README = (ROOT / "README.md").read_text(encoding="utf-8")


def show_desk(house: House, page: Page) -> None:
    page.goto(f"{house.app}/")
    expect(page.get_by_role("heading", name="Waiting")).to_be_visible()


PAGES: dict[str, tuple[Literal["light", "dark"], Callable[[House, Page], None]]] = {
    "desk": ("light", show_desk),
    "list": ("dark", open_list),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_picture_of_the_readme_is_of_a_page_there_is(
    house: House, visit: Callable[[str], Visitor], name: str
) -> None:
    theme, show = PAGES[name]
    house.ask_export("ben", 850)
    house.ask_export("ivan", 100, purpose="postcards for the spring fair")
    page = enter(house, visit("ada"))
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    show(house, page)
    path = FOLDER / f"{name}.png"
    if os.environ.get("LISTKEEP_REWRITE_PICTURES"):
        FOLDER.mkdir(exist_ok=True)
        page.screenshot(path=path)

    assert f"docs/pictures/{name}.png" in README
    assert size_of(path) == (WIDTH, HEIGHT)


def size_of(path: Path) -> tuple[int, int]:
    """Read the size of a PNG."""
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return width, height
