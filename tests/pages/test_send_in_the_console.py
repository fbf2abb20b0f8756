"""A send, from a template to its numbers: dock, console, keeper, and another device."""

import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.dock.letters import eml
from tests.pages.house import House
from tests.pages.test_approve_a_send import enrol_ways_out
from tests.pages.test_console import enter
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]
TEXT = "Dear reader,\n\nspring is here: https://shop.example.com/spring\n"
HTML = '<html><body><p>Dear reader</p><a href="https://shop.example.com/spring">Go</a></body></html>'
LETTER = eml(TEXT, HTML, Subject="Spring offers", From="News <news@news.example>")


def hand_over(house: House, visitor: Visitor, folder: Path) -> str:
    """Hand a template over at the dock, where files go; gives its digest."""
    file = folder / "spring.eml"
    file.write_bytes(LETTER)
    visitor.enter_dock()
    page = visitor.page
    page.get_by_role("link", name="Import", exact=True).click()
    list_id = page.get_by_role("link", name="newsletter").get_attribute("href")
    assert list_id is not None
    page.goto(f"{house.drop}/templates/{list_id.rpartition('/')[2]}")
    page.get_by_label("Template").set_input_files(file)
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("heading", name="Spring offers")).to_be_visible()
    return page.url.rpartition("/")[2]


def ask(page: Page, purpose: str, *, cap: str = "60") -> str:
    """Fill in the form of a send, and have it prepared."""
    page.keyboard.press("s")
    page.get_by_role("link", name="Ask for a send").first.click()
    page.get_by_role("link", name="newsletter").click()
    page.get_by_label("Segment").fill('plan = "pro"')
    expect(page.locator("#count")).to_contain_text("60 subscribed now")
    page.get_by_label("Rows at most").fill(cap)
    page.get_by_role("radio").first.check()
    page.get_by_label("Messages an hour at most").fill("500")
    page.get_by_label("Why").fill(purpose)
    page.get_by_role("button", name="Prepare it").click()
    return page.locator("main code").inner_text()


def write_outcomes(house: House, request: str) -> None:
    """Write what a worker writes: some delivered, some not."""
    with sqlite3.connect(house.instance.home / "dock.sqlite3") as db:
        rows = db.execute(
            "SELECT list_id, token FROM entry WHERE list_id ="
            " (SELECT list_id FROM mail_merge WHERE request = ?) LIMIT 60",
            [request],
        ).fetchall()
        now = int(time.time())
        for number, (list_id, token) in enumerate(rows):
            state, code = ("delivered", "2.0.0")
            if number >= 50:
                state, code = (
                    ("deferred", "4.7.0") if number % 2 else ("failed", "5.1.1")
                )
            db.execute(
                "INSERT INTO mail_delivery (list_id, request, token, trigger, state,"
                " reply, code, attempts, holder, at)"
                " VALUES (?, ?, ?, '', ?, 250, ?, 1, '', ?)",
                [list_id, request, token, state, code, now - 60 * number],
            )
        for kinds in (
            "0, state, CASE state WHEN 'delivered' THEN '' ELSE code END",
            "at / 60, state, ''",
        ):
            db.execute(
                "INSERT INTO mail_tally (list_id, request, minute, state, code,"  # noqa: S608 - ours
                " provider, part, messages, gone)"
                f" SELECT list_id, request, {kinds}, '', 0, COUNT(*), 0"
                " FROM mail_delivery WHERE request = ? GROUP BY 1, 2, 3, 4, 5",
                [request],
            )


def test_a_send_is_prepared_signed_approved_elsewhere_and_watched(
    house: House, visit: Visit, tmp_path: Path
) -> None:
    enrol_ways_out(house)
    ben, amir = visit("ben"), visit("amir")
    hand_over(house, ben, tmp_path)
    page = enter(house, ben)
    request = ask(page, "spring offers for pro")

    # At the keeper he reads what the form said, and signs.
    page.get_by_role("link", name="Open the keeper's inbox").click()
    ben.press_passkey()
    page.locator(f'a[href="/requests/{request}"]').click()
    facts = page.locator("#request dl")
    for words in (
        *("spring offers for pro", 'plan = "pro"', "News <news@news.example>"),
        *("Spring offers", "shop.example.com", "relay, to relay.example.com:587"),
    ):
        expect(facts.first).to_contain_text(words)
    expect(facts.first.locator("[data-term='subject.pace']")).to_have_text("500")
    page.get_by_role("button", name="Sign and ask").click()
    expect(ben.state()).to_have_text(re.compile("waiting|granted"))

    # On another device an owner approves what is new.
    if house.state(request) == "waiting":
        amir.sign_in().open(request).approve("60")
        expect(amir.state()).to_have_text("granted")

    page.goto(f"{house.app}/sends/{request}")
    page.get_by_role("link", name="Begin at the dock…").click()
    page.get_by_role("button", name="Begin to send").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()

    write_outcomes(house, request)
    page.get_by_role("link", name="In the console").click()
    page.get_by_role("link", name="Go on").click()
    legend = page.locator("#progress ~ .legend")
    expect(legend).to_contain_text("delivered 50")
    expect(legend).to_contain_text("failed 5")
    expect(page.locator("#reasons ~ .scroll")).to_contain_text("5.1.1")
    expect(page.locator("section:has(#providers)")).to_contain_text("provider:text")
    assert "example.com" not in page.locator("section:has(#returned)").inner_text()
    assert_one_can_go_along(page)


def test_a_standing_send_is_prepared_approved_and_begun_for_an_application(
    house: House, visit: Visit, tmp_path: Path
) -> None:
    enrol_ways_out(house)
    ben, amir = visit("ben"), visit("amir")
    digest = hand_over(house, ben, tmp_path)
    page = enter(house, ben)
    page.goto(f"{house.app}/sends/new")
    page.get_by_role("link", name="newsletter").click()
    page.get_by_role("link", name="By itself").click()
    form = page.url
    page.locator("#triggers").fill("Welcome, basket")
    template = page.locator(f"input[value='{digest}']")
    template.check()
    # To the dock and back: what was typed and chosen is still there.
    page.get_by_role("link", name="Hand another one over").click()
    expect(page.get_by_role("button", name="Keep it")).to_be_visible()
    page.goto(form)
    expect(page.locator("#triggers")).to_have_value("Welcome, basket")
    expect(template).to_be_checked()
    page.get_by_label("Messages at most, in all").fill("60")
    page.get_by_label("Messages an hour").fill("500")
    page.get_by_label("Why").fill("a welcome to the new")
    page.get_by_role("button", name="Prepare it").click()
    request = page.locator("main code").inner_text()

    page.get_by_role("link", name="Open the keeper's inbox").click()
    ben.press_passkey()
    page.locator(f'a[href="/requests/{request}"]').click()
    triggers = page.locator("#request [data-term='subject.triggers']")
    expect(triggers).to_have_text("basket welcome")
    page.get_by_role("button", name="Sign and ask").click()
    expect(ben.state()).to_have_text("waiting")
    amir.sign_in().open(request).approve("60")
    expect(amir.state()).to_have_text("granted")

    page.goto(f"{house.app}/sends/{request}")
    page.get_by_role("link", name="Begin at the dock…").click()
    page.get_by_role("button", name="Let it begin").click()
    expect(page.get_by_text("It goes on")).to_be_visible()
    page.goto(f"{house.app}/sends/{request}")
    expect(page.locator("#state")).to_have_text("running")
    expect(page.locator("section:has(#signed)")).to_contain_text("basket welcome")


def assert_one_can_go_along(page: Page) -> None:
    """A picture has a legend that says what is at a time, and a table behind it."""
    picture = page.locator("#over-time figure.series")
    expect(picture.locator("canvas")).to_be_visible()
    picture.locator(".plot").focus()
    page.keyboard.press("End")
    expect(picture.locator(".u-legend")).to_contain_text("delivered1")
    picture.get_by_text("As a table").click()
    expect(picture.locator("details tbody tr")).to_have_count(60)
