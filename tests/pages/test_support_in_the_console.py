"""Support answers a complaint; and nobody's menu leads to a refusal."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.house import House
from tests.pages.test_consent import let_support_look, let_support_look_no_more, look_up
from tests.pages.test_console import enter
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]


@pytest.mark.parametrize("name", ["ada", "ben", "cleo", "sam"])
def test_no_item_of_the_menu_refuses_whom_it_is_offered(
    house: House, visit: Visit, name: str
) -> None:
    if name == "sam":
        house.stage.sign_in("sam")
    page = enter(house, visit(name))
    menu = page.locator("nav.rail a[href^='/'], a.freeze")
    places = [str(each.get_attribute("href")) for each in menu.all()]
    assert len(places) >= 4

    for place in places:
        answer = page.goto(f"{house.app}{place}")
        assert answer is not None
        assert answer.status == 200, place
    offered = {place: place in places for place in ("/people", "/sends", "/freeze")}
    expected = {"ada": 3, "ben": 1, "cleo": 3, "sam": 0}
    assert sum(offered.values()) == expected[name], offered


def test_sam_answers_a_complaint_and_sees_no_address_but_the_one_he_was_told(
    house: House, visit: Visit
) -> None:
    ada, sam = visit("ada").sign_in(), visit("sam")
    let_support_look(ada, "sam")
    page = enter(house, sam)

    page.get_by_role("link", name="Look up").click()
    page.get_by_role("button", name="Go to the keeper").click()
    sam.press_passkey()
    page.wait_for_url(f"{house.drop}/look-up")
    look_up(page, "person9@example.com")

    expect(page.get_by_role("heading", name="Found")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("subscribed")
    seen = set(re.findall(r"[\w.]+@example\.com", page.content()))
    assert seen == {"person9@example.com"}
    told = house.recorded("support.admitted")[-1]
    assert told["person"] == sam.person.person
    let_support_look_no_more(ada)
