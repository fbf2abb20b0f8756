"""A copy for a printer: asked for in the console, signed by two, opened by one."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.kept import Kept, Newcomer

# To whom the demo does not write; and few, for what a printer got within thirty days
# decides who has to approve the next copy, and other tests have copies approved.
SEGMENT = 'country = "JP" and plan = "pro"'


@pytest.fixture
def come(kept: Kept, chromium: Browser) -> Iterator[list[Newcomer]]:
    """Three browsers, one for each who signs."""
    three = [Newcomer(kept, chromium) for _ in range(3)]
    yield three
    for one in three:
        one.leave()
        assert one.complaints == []


def ask(kept: Kept, ben: Newcomer, segment: str, *, why: str) -> tuple[str, str]:
    """Go from the list to the prepared request; gives it and its number of rows."""
    page = ben.page
    page.goto(f"{kept.app}/lists")
    page.get_by_role("link", name="newsletter", exact=True).click()
    page.get_by_label("Segment").fill(segment)
    expect(page.locator("#found .big")).to_contain_text(segment)
    page.get_by_role("link", name="Ask for a copy").click()
    rows = page.locator("#count b").inner_text()
    page.get_by_label("Why").fill(why)
    page.get_by_role("button", name="Prepare it").click()
    request = page.locator("main code").inner_text()
    page.get_by_role("link", name="Open the keeper's inbox").click()
    ben.be("ben")
    page.locator(f'a[href="/requests/{request}"]').click()
    page.get_by_role("button", name="Sign and ask").click()
    ben.choose("ben")
    expect(ben.state()).to_have_text("waiting")
    return request, rows


def approve(kept: Kept, who: Newcomer, name: str, request: str, rows: str) -> None:
    """Go from one's desk to the keeper, and approve by keys alone."""
    who.work_as(name)
    who.page.get_by_role("link", name="Open the keeper's inbox").press("Enter")
    who.press_passkey()
    who.choose(name)
    who.open(request).approve(rows)
    who.choose(name)


def fetch(kept: Kept, ben: Newcomer, why: str, target: Path) -> bytes:
    """Go from the desk to the dock, and download the file."""
    page = ben.page
    page.goto(f"{kept.app}/")
    page.get_by_role("link", name=re.compile(why)).click()
    page.get_by_role("link", name="Fetch it at the dock…").click()
    page.get_by_role("button", name="Go to the keeper").click()
    ben.be("ben")
    run_it(page, why)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(target)
    return target.read_bytes()


def run_it(page: Page, why: str) -> None:
    granted = page.locator("section", has_text=why)
    granted.get_by_role("button", name="Run the export").click()


def test_ben_asks_ada_approves_and_only_the_printer_reads_it(
    kept: Kept, come: list[Newcomer], tmp_path: Path
) -> None:
    ben, ada, _ = come
    ben.work_as("ben")
    why = "invitations for Japan"
    request, rows = ask(kept, ben, SEGMENT, why=why)
    approve(kept, ada, "ada", request, rows)
    expect(ada.state()).to_have_text("granted")

    copy = fetch(kept, ben, why, tmp_path / "copy.age")

    assert b".example" not in copy
    key = (kept.home / "demo" / "files" / "warehouse.key").read_text().strip()
    opened = pyrage.decrypt(copy, [pyrage.x25519.Identity.from_str(key)])
    lines = list(csv.DictReader(opened.decode().splitlines()))
    assert len(lines) == int(rows)
    assert {line["country"] for line in lines} == {"JP"}


def test_a_large_copy_takes_a_custodian_and_an_hour(
    kept: Kept, come: list[Newcomer]
) -> None:
    ben, ada, cleo = come
    ben.work_as("ben")
    request, rows = ask(kept, ben, 'plan = "pro"', why="a catalogue on paper")
    assert int(rows.replace(",", "")) > 1000
    approve(kept, ada, "ada", request, rows)
    expect(ada.state()).to_have_text("waiting")
    approve(kept, cleo, "cleo", request, rows)

    expect(cleo.page.get_by_text("time: it opens at")).to_be_visible()
    ben.page.goto(f"{kept.app}/requests/{request}")
    expect(ben.page.get_by_text("it opens at").first).to_be_visible()
