"""A file comes in: from the console to the dock, step by step, and back to the list."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.pages.house import House
from tests.pages.looking import look_at
from tests.pages.test_console import enter
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]
ODD = "Kontakt;Tarif;Seit\n" + "".join(
    f"walker{n}@example.com;{'pro' if n % 2 else 'free'};2026-01-{n % 28 + 1:02}\n"
    for n in range(40)
)


def go_to_import(house: House, visitor: Visitor) -> Page:
    """From the list in the console to the form at the dock; he signs in there."""
    page = enter(house, visitor)
    page.goto(f"{house.app}/lists")
    page.get_by_role("link", name="newsletter").click()
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_role("button", name="Go to the keeper").click()
    visitor.press_passkey()
    # The dock remembers what he came for.
    page.wait_for_url(re.compile(rf"{re.escape(house.drop)}/import/l_"))
    expect(page.get_by_role("heading", name="Import into newsletter")).to_be_visible()
    return page


def choose(page: Page, file: Path, button: str) -> None:
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name=button).click()


def test_a_file_is_brought_in_step_by_step_and_the_console_sees_none_of_it(
    house: House, visit: Visit, tmp_path: Path
) -> None:
    file = tmp_path / "kontakte.csv"
    file.write_text(ODD)
    ben = visit("ben")
    page = go_to_import(house, ben)
    sent: list[str] = []
    page.on("request", lambda each: sent.append(f"{each.method} {each.url}"))
    step = page.locator(".way [aria-current]")
    expect(step).to_have_text("The file")

    choose(page, file, "Look at the file first")
    expect(step).to_have_text("Its columns")
    expect(page.get_by_role("alert")).to_contain_text("No column is known")
    assert look_at(page) == []
    page.get_by_label("Column of the address").select_option("Kontakt")
    page.get_by_label("Column of facet plan").select_option("Tarif")

    choose(page, file, "Look at the file first")
    expect(step).to_have_text("Dry run")
    row = page.locator("tr", has_text="Tarif")
    expect(row).to_contain_text("text, 2 different")
    expect(page.locator("tr", has_text="Seit")).to_contain_text("dates")
    expect(page.get_by_role("status")).to_contain_text(re.compile(r"Good rows\s*40"))
    assert "walker" not in page.content()
    assert look_at(page) == []

    choose(page, file, "Import this file")
    expect(step).to_have_text("Into the list")
    expect(page.get_by_role("status")).to_contain_text("Done")
    page.get_by_role("link", name="Back to the list").click()
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("heading", name="newsletter")).to_be_visible()
    assert "walker" not in page.content()
    posts = [each for each in sent if each.startswith("POST")]
    assert len(posts) == 3
    assert all(each.startswith(f"POST {house.drop}/import/") for each in posts)
