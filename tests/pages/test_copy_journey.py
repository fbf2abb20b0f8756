"""A copy for a printer, by keys alone: asked for, signed by two, opened by one."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest
from playwright.sync_api import Browser, expect

from tests.pages.kept import Kept
from tests.pages.typist import Typist

# To whom the demo does not write; and few, for what a printer got within thirty days
# decides who has to approve the next copy, and other tests have copies approved.
SEGMENT = 'country = "JP" and plan = "pro"'


@pytest.fixture
def come(kept: Kept, chromium: Browser) -> Iterator[list[Typist]]:
    """Three browsers, one for each who signs; nobody has a mouse."""
    three = [Typist(kept, chromium) for _ in range(3)]
    yield three
    for one in three:
        one.leave()
        assert one.complaints == []


def ask(ben: Typist, segment: str, *, why: str) -> tuple[str, str]:
    """Go from the desk to the signed request; gives it and its number of rows."""
    page = ben.page
    page.keyboard.press("l")
    ben.arrive("Lists")
    ben.link(re.compile("^newsletter$"))
    ben.arrive("newsletter")
    page.keyboard.press("/")
    page.keyboard.type(segment)
    expect(page.locator("#found .big")).to_contain_text(segment)
    ben.link("Ask for a copy")
    rows = page.locator("#count b").inner_text()
    ben.write("Why", why)
    ben.button("Prepare it")
    expect(page.get_by_role("link", name="Open the keeper's inbox")).to_be_visible()
    request = page.locator("main code").inner_text()
    ben.link("Open the keeper's inbox")
    ben.be("ben")
    ben.enter(page.locator(f'a[href="/requests/{request}"]'))
    ben.button("Sign and ask")
    ben.choose("ben")
    expect(ben.state()).to_have_text("waiting")
    return request, rows


def approve(who: Typist, name: str, request: str, rows: str) -> None:
    """Go from one's desk to the keeper, read the number there, and type it."""
    who.work_as(name)
    who.link("Open the keeper's inbox")
    who.be(name)
    who.enter(who.page.locator(f'a[href="/requests/{request}"]'))
    expect(who.page.locator("#request")).to_have_attribute("data-request", request)
    who.page.wait_for_load_state()
    who.page.keyboard.press("a")
    who.write("How many rows may leave at most?", rows)
    who.page.keyboard.press("Enter")
    who.choose(name)


def fetch(kept: Kept, ben: Typist, why: str, target: Path) -> bytes:
    """Go from the desk to the dock, and download the file."""
    page = ben.page
    page.goto(f"{kept.app}/")
    ben.link(re.compile(why))
    ben.link("Fetch it at the dock…")
    ben.button("Go to the keeper")
    ben.be("ben")
    granted = page.locator("section", has_text=why)
    ben.enter(granted.get_by_role("button", name="Run the export"))
    expect(page.get_by_role("status")).to_contain_text("Done")
    with page.expect_download() as download:
        ben.link(re.compile("Download"))
    download.value.save_as(target)
    return target.read_bytes()


def test_ben_asks_ada_approves_and_only_the_printer_reads_it(
    kept: Kept, come: list[Typist], tmp_path: Path
) -> None:
    ben, ada, _ = come
    ben.work_as("ben")
    why = "invitations for Japan"
    request, rows = ask(ben, SEGMENT, why=why)
    approve(ada, "ada", request, rows)
    expect(ada.state()).to_have_text("granted")

    copy = fetch(kept, ben, why, tmp_path / "copy.age")

    assert b".example" not in copy
    key = (kept.home / "demo" / "files" / "warehouse.key").read_text().strip()
    opened = pyrage.decrypt(copy, [pyrage.x25519.Identity.from_str(key)])
    lines = list(csv.DictReader(opened.decode().splitlines()))
    assert len(lines) == int(rows)
    assert {line["country"] for line in lines} == {"JP"}


def test_a_large_copy_takes_a_custodian_and_an_hour(
    kept: Kept, come: list[Typist]
) -> None:
    ben, ada, cleo = come
    ben.work_as("ben")
    request, rows = ask(ben, 'plan = "pro"', why="a catalogue on paper")
    assert int(rows.replace(",", "")) > 1000
    approve(ada, "ada", request, rows)
    expect(ada.state()).to_have_text("waiting")
    approve(cleo, "cleo", request, rows)

    expect(cleo.page.get_by_text("time: it opens at")).to_be_visible()
    ben.page.goto(f"{kept.app}/requests/{request}")
    expect(ben.page.get_by_text("it opens at").first).to_be_visible()
