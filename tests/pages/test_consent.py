"""An owner lets support look from her own browser, and ends it there as well."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.pages.house import House
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]


@pytest.fixture(autouse=True)
def _no_consent_stays(house: House) -> Iterator[None]:
    """One house is shared by all tests: nobody is let in after this one."""
    yield
    given = {entry["request"] for entry in house.recorded("consent.given")}
    assert len(given) == len(house.recorded("consent.withdrawn"))


def look_up(page: Page, address: str) -> None:
    page.get_by_label("List").fill("newsletter")
    page.get_by_label("Address").fill(address)
    page.get_by_role("button", name="Look up").click()


def let_support_look(owner: Visitor, who: str) -> None:
    page = owner.page
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_role("link", name="Let support look At").click()
    page.get_by_label(who).check()
    page.get_by_label("May look for").select_option(label="a day")
    page.get_by_label("Why").fill("complaint 4711")
    page.get_by_role("button", name="Write the terms").click()
    expect(page.get_by_text("They open, change and take nothing")).to_be_visible()
    page.get_by_role("button", name="Sign and ask").click()
    expect(owner.state()).to_have_text("done")


def let_support_look_no_more(owner: Visitor) -> None:
    page = owner.page
    page.get_by_role("link", name="Inbox").click()
    page.get_by_role("link", name="Let them look no more").click()
    page.get_by_label("Why").fill("it is settled")
    page.get_by_role("button", name="Write the terms").click()
    expect(page.get_by_text("It ends the moment you sign")).to_be_visible()
    page.get_by_role("button", name="Sign and ask").click()
    expect(owner.state()).to_have_text("done")


def test_ada_lets_sam_look_and_ends_it_while_he_is_signed_in(
    house: House, visit: Visit
) -> None:
    sam = visit("sam").enter_dock()
    sam.page.get_by_role("link", name="Look up").first.click()
    look_up(sam.page, "person7@example.com")
    expect(sam.page.get_by_text("There is no such list.")).to_be_visible()

    ada = visit("ada").sign_in()
    let_support_look(ada, "sam")
    ada.page.get_by_role("link", name="Inbox").click()
    expect(ada.page.get_by_text("sam, until")).to_be_visible()

    look_up(sam.page, "person7@example.com")
    expect(sam.page.get_by_role("heading", name="Found")).to_be_visible()
    assert house.recorded("support.admitted")[-1]["person"] == sam.person.person
    touched = len(house.recorded("support.admitted"))

    let_support_look_no_more(ada)
    expect(ada.page.get_by_text("ada asked")).to_be_visible()
    look_up(sam.page, "person8@example.com")

    expect(sam.page.get_by_text("There is no such list.")).to_be_visible()
    assert len(house.recorded("support.admitted")) == touched
    withdrawn = house.recorded("consent.withdrawn")[-1]
    refused = house.recorded("release.refused")[-1]
    assert (refused["what"], refused["person"]) == ("support", sam.person.person)
    assert refused["code"] == "not-found"
    assert refused["list"] == house.recorded("support.admitted")[-1]["list"]
    assert withdrawn["at"] <= refused["at"]
    sam.page.goto(house.drop)  # the session lives; it only lets him in nowhere
    expect(sam.page.get_by_role("heading", name="What passes through")).to_be_visible()


def test_sam_gives_himself_consent_with_the_keepers_own_page(
    house: House, visit: Visit
) -> None:
    before = len(house.recorded("consent.given"))
    sam = visit("sam").sign_in()
    sam.page.get_by_role("link", name="Ask", exact=True).click()
    expect(sam.page.get_by_role("link", name="Let support look")).to_have_count(0)

    told = sam.post(
        "/ask/consent.give",
        {
            "purpose": "complaint 4711",
            "hours": "24",
            "tenant": "acme",
            "subject": {"people": "all", "hours": "24"},
        },
    )

    assert told["code"] in ("not-permitted", "not-found")
    assert len(house.recorded("consent.given")) == before
