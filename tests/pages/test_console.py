"""The console in a browser: journeys, keys, and what keeps people out."""

import gzip
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.pages.house import House
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]
MOST_BYTES = 60_000
COVER = """() => {
    const here = document.activeElement;
    if (here === document.body) return { name: "", under: "" };
    const { left, right, top, bottom } = here.getClientRects()[0];
    const name = here.textContent.trim() || here.tagName;
    // Of what is longer than what is seen, or goes over its edge, a part is enough.
    const across = (Math.max(left, 0) + Math.min(right, innerWidth)) / 2;
    const middle = (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2;
    const ends = [top + 2, bottom - 2];
    for (const height of bottom - top > innerHeight / 2 ? [middle] : ends) {
        const upper = document.elementFromPoint(across, height);
        if (!upper || (!here.contains(upper) && !upper.contains(here)))
            return { name, under: upper?.outerHTML.slice(0, 60) ?? "the edge" };
    }
    return { name, under: "" };
}"""


def enter(house: House, visitor: Visitor) -> Page:
    """Be signed in to the console."""
    del house
    page = visitor.begin_at("console").page
    expect(page.get_by_role("link", name="Desk")).to_be_visible()
    return page


def sign_in(house: House, visitor: Visitor) -> Page:
    """Sign in to the console by the passkey, as somebody would."""
    page = visitor.page
    page.goto(f"{house.app}/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Sign in to console")).to_be_visible()
    visitor.press_passkey()
    page.get_by_role("link", name="Go to my desk").click()
    expect(page.get_by_role("link", name="Desk")).to_be_visible()
    page.wait_for_load_state()  # until then the script has heard no key
    return page


def open_list(house: House, page: Page) -> None:
    page.goto(f"{house.app}/lists")
    page.get_by_role("link", name="newsletter").click()
    expect(page.get_by_role("heading", name="newsletter")).to_be_visible()


def test_ada_sees_her_list_counts_a_segment_and_no_letter_of_an_address(
    house: House, visit: Visit
) -> None:
    page = sign_in(house, visit("ada"))
    open_list(house, page)

    expect(page.locator("#found .big")).to_have_text("120 entries")
    page.get_by_label("Segment").fill('plan = "pro"')
    expect(page.locator("#found .big")).to_have_text('60 in plan = "pro"')
    page.get_by_text("Examples: 20 entries").click()
    rows = page.locator("#found details tbody tr")
    expect(rows).to_have_count(20)
    assert "example.com" not in page.content()
    assert "person" not in page.locator("main").inner_text()


def test_a_bar_leads_to_those_it_counts_without_any_script(
    house: House, visit: Visit
) -> None:
    page = enter(house, visit("ada"))
    open_list(house, page)

    page.get_by_role("link", name="free", exact=True).click()

    expect(page.locator("#found .big")).to_have_text('60 in plan = "free"')
    expect(page.get_by_label("Segment")).to_have_value('plan = "free"')


def test_a_segment_with_a_fault_says_where(house: House, visit: Visit) -> None:
    page = enter(house, visit("ada"))
    open_list(house, page)

    page.get_by_label("Segment").fill('plam = "pro"')

    expect(page.locator("#found [role=status]")).to_contain_text("column 1")


def test_a_freeze_is_prepared_here_signed_at_the_keeper_and_lifted_by_two(
    house: House, visit: Visit
) -> None:
    house.bring_in_others()  # whose releases nobody here needs
    eve = visit("eve")
    page = enter(house, eve)
    page.keyboard.press("f")
    page.get_by_label("Why").fill("a phish came in")
    page.get_by_role("button", name="Prepare it").click()
    request = page.locator("main code").inner_text()

    page.get_by_role("link", name="Open the keeper's inbox").click()
    eve.press_passkey()
    pile = page.locator("section", has=page.get_by_role("heading", name="Prepared"))
    pile.locator(f'a[href="/requests/{request}"]').click()
    page.get_by_role("button", name="Sign and ask").click()
    expect(eve.state()).to_have_text("done")

    page.goto(f"{house.app}/")
    expect(page.get_by_role("heading", name="Frozen")).to_be_visible()

    page.get_by_role("link", name="Ask to lift it").click()
    page.get_by_label("Why").fill("it was a drill")
    page.get_by_role("button", name="Prepare it").click()
    lift = page.locator("main code").inner_text()
    page.get_by_role("link", name="Open the keeper's inbox").click()
    page.locator(f'a[href="/requests/{lift}"]').click()
    page.get_by_role("button", name="Sign and ask").click()
    expect(eve.state()).to_have_text("waiting")
    eli = visit("eli").sign_in().open(lift)
    eli.page.keyboard.press("a")
    eli.page.keyboard.press("Enter")
    expect(eli.state()).to_have_text("done")

    page.goto(f"{house.app}/")
    expect(page.get_by_role("heading", name="Frozen")).to_have_count(0)


def test_what_waits_leads_to_its_terms_and_to_the_inbox(
    house: House, visit: Visit
) -> None:
    view = house.ask_export("ben", 12, purpose="a letter on paper")
    page = enter(house, visit("ada"))

    page.locator(f'main a[href="/requests/{view.id}"]').first.click()

    expect(page.get_by_text("a letter on paper").first).to_be_visible()
    expect(page.get_by_text("another owner").first).to_be_visible()
    page.get_by_text("The exact terms people sign").click()
    assert (
        view.terms.decode()[:20]
        in page.locator("pre").inner_text().replace("\n", "").replace(" ", "")
        or "12" in page.locator("pre").inner_text()
    )
    link = page.get_by_role("link", name="Sign in the keeper's inbox")
    assert link.get_attribute("href") == f"{house.origin}/"


def test_the_keyboard_is_enough(house: House, visit: Visit) -> None:
    page = enter(house, visit("ada"))

    for key, heading in (("l", "Lists"), ("r", "Requests"), ("a", "Activity")):
        page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("l")
    page.get_by_role("link", name="newsletter").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("newsletter")
    page.keyboard.press("/")
    expect(page.get_by_label("Segment")).to_be_focused()
    page.keyboard.type("l")  # in a field, keys are letters
    expect(page.get_by_label("Segment")).to_have_value("l")


def test_nothing_lies_over_what_has_the_focus_on_the_way_back_up(
    house: House, visit: Visit
) -> None:
    """WCAG 2.4.11, with the bar that stays; the smallest is 1280 by 1024 at 400 %."""
    page = enter(house, visit("ada"))
    page.goto(f"{house.app}/activity")
    for width, height in ((1440, 700), (390, 700), (320, 256)):
        page.set_viewport_size({"width": width, "height": height})
        page.locator("main a").last.focus()
        seen = [page.evaluate(COVER)]
        while seen[-1]["name"]:
            page.keyboard.press("Shift+Tab")
            seen.append(page.evaluate(COVER))

        assert len(seen) > 30
        assert [each for each in seen if each["under"]] == []


def test_activity_follows_what_happens(house: House, visit: Visit) -> None:
    page = enter(house, visit("ada"))
    page.goto(f"{house.app}/activity")
    view = house.ask_export("ben", 3)

    expect(page.locator(f'tbody.new a[href="/requests/{view.id}"]')).to_be_visible()

    page.locator("tbody.new td a").first.click()
    expect(page.get_by_role("heading", name="Its proof")).to_be_visible()


def test_a_first_visit_loads_little_and_nothing_from_elsewhere(
    house: House, visit: Visit
) -> None:
    page = enter(house, visit("ada"))
    loaded: list[tuple[str, int]] = []
    page.on(
        "response", lambda each: loaded.append((each.url, len(compress(each.body()))))
    )
    page.context.clear_cookies(name="nothing")

    page.goto(f"{house.app}/lists")
    page.wait_for_load_state("networkidle")

    assert {url.split("/")[2] for url, _ in loaded} == {house.app.split("/")[2]}
    assert sum(size for _, size in loaded) <= MOST_BYTES


def compress(data: bytes) -> bytes:
    return gzip.compress(data)
