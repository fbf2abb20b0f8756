"""The first journey: a file, a segment, a send that is approved elsewhere, real mail.

Ben and Ada each have a browser and nothing else. The mail goes through the delivery
proxy's own path into the demo's mail server, which turns some of it away.
"""

import re
import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.kept import Kept, Newcomer

SEGMENT = 'country = "PL" and plan = "team"'
WHY = "summer offers for teams"


@pytest.fixture
def pair(kept: Kept, chromium: Browser) -> Iterator[tuple[Newcomer, Newcomer]]:
    """Ben at his desk and Ada at hers."""
    both = Newcomer(kept, chromium), Newcomer(kept, chromium)
    yield both
    for one in both:
        one.leave()
        assert one.complaints == []


def test_a_first_journey_ends_with_mail_that_was_delivered(
    kept: Kept, pair: tuple[Newcomer, Newcomer]
) -> None:
    ben, ada = pair
    page = ben.page
    ben.work_as("ben")
    bring_in(kept, ben)
    rows = choose_segment(page)
    hand_over_letter(kept, ben)
    request = prepare(page, rows)
    page.get_by_role("link", name="Open the keeper's inbox").click()
    ben.be("ben")
    page.locator(f'a[href="/requests/{request}"]').click()
    expect(page.locator("#request")).to_contain_text(SEGMENT)
    page.get_by_role("button", name="Sign and ask").click()
    ben.choose("ben")
    expect(ben.state()).to_have_text("waiting")

    ada.work_as("ada")
    expect(ada.page.get_by_text(WHY)).to_be_visible()
    ada.page.get_by_role("link", name="Open the keeper's inbox").click()
    ada.be("ada")
    ada.open(request).approve(rows)
    ada.choose("ada")
    expect(ada.state()).to_have_text("granted")

    page.goto(f"{kept.app}/")
    page.get_by_role("link", name=re.compile(WHY)).click()
    page.get_by_role("link", name="See how it goes").click()
    page.get_by_role("link", name="Begin at the dock…").click()
    page.get_by_role("button", name="Begin to send").click()
    page.get_by_role("link", name="In the console").click()
    page.get_by_role("link", name="Go on").click()

    see_it_end(kept, page, request, int(rows))


def bring_in(kept: Kept, ben: Newcomer) -> None:
    """Import the file that lies there, from the page of the list and back to it."""
    page = ben.page
    page.get_by_role("link", name="Lists", exact=True).click()
    page.get_by_role("link", name="newsletter", exact=True).click()
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_role("button", name="Go to the keeper").click()
    ben.be("ben")
    file = kept.home / "demo" / "files" / "new-readers.csv"
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Look at the file first").click()
    expect(page.get_by_role("cell", name="addresses")).to_be_visible()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Import this file").click()
    expect(page.get_by_role("status")).to_contain_text("Done")
    page.get_by_role("link", name="Back to the list").click()
    page.get_by_role("link", name="Go on").click()


def choose_segment(page: Page) -> str:
    """Type a segment, and go on with those it counts; gives how many they are."""
    page.get_by_label("Segment").fill(SEGMENT)
    expect(page.locator("#found .big")).to_contain_text(SEGMENT)
    page.get_by_role("link", name="Write to them").click()
    expect(page.get_by_label("Segment")).to_have_value(SEGMENT)
    return page.locator("#count b").inner_text()


def hand_over_letter(kept: Kept, ben: Newcomer) -> None:
    """Leave the form for the dock, and find it as it was left."""
    page = ben.page
    page.get_by_label("Why").fill(WHY)
    page.get_by_role("link", name=re.compile("Hand (one|another one) over")).click()
    letter = kept.home / "demo" / "files" / "summer.eml"
    page.get_by_label("Template").set_input_files(letter)
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("heading", name="Summer is here, {reader}")).to_be_visible()
    page.get_by_role("link", name="Ask to send it").click()
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_label("Why")).to_have_value(WHY)
    expect(page.get_by_label("Segment")).to_have_value(SEGMENT)
    expect(page.get_by_role("radio", name=re.compile("Summer"))).to_be_checked()


def prepare(page: Page, rows: str) -> str:
    """Have the terms written for as many as there are."""
    expect(page.locator("#count")).to_contain_text(f"{rows} subscribed now")
    page.get_by_role("button", name="Prepare it").click()
    return page.locator("main code").inner_text()


def see_it_end(kept: Kept, page: Page, request: str, rows: int) -> None:
    """Watch the page until nothing is under way, without touching it."""
    expect(page.locator("#state")).to_have_text("done", timeout=90_000)
    legend = page.locator("#so-far .legend")
    expect(legend).to_contain_text("under way 0")
    told = re.findall(r"(delivered|failed|left)\s*([\d,]+)", legend.inner_text())
    count = {name: int(number) for name, number in told}
    assert count["delivered"] + count["failed"] == rows
    assert count["delivered"] > count["failed"]
    providers = page.locator("section:has(#providers)")
    lines = providers.locator("tbody tr")
    expect(lines.first).to_be_visible()
    shares = [int(line.locator("td").first.inner_text()) for line in lines.all()]
    assert sum(shares) == count["delivered"]
    with sqlite3.connect(kept.home / "dock.sqlite3") as db:
        (delivered,) = db.execute(
            "SELECT count(*) FROM mail_delivery WHERE request = ? AND state = ?",
            [request, "delivered"],
        ).fetchone()
    assert delivered == count["delivered"]
    assert "@" not in page.locator("main").inner_text().replace("news@", "")
