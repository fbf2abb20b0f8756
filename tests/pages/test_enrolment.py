"""People make passkeys over a link, and use them."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.pages.guest import Guest, approve, ask_for_place, help_out, invite
from tests.pages.house import House
from tests.pages.test_console import enter
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]
Welcome = Callable[[], Guest]


@pytest.fixture
def welcome(house: House, chromium: Browser) -> Iterator[Welcome]:
    """Give somebody a browser without any passkey."""
    guests: list[Guest] = []

    def enter() -> Guest:
        guests.append(Guest(house.origin, chromium))
        return guests[-1]

    yield enter
    for guest in guests:
        guest.leave()
    assert [words for guest in guests for words in guest.complaints] == []


def test_nora_makes_two_passkeys_and_signs_in_with_each(
    house: House, visit: Visit, welcome: Welcome
) -> None:
    ada, nora = visit("ada").sign_in(), welcome()
    nora.follow(invite(ada, "nora"))
    expect(nora.page.locator("#says")).to_have_text("ada invites you to acme.")
    expect(nora.page.locator("#role")).to_have_text("marketer")
    nora.make_passkey()
    nora.change_device()
    nora.make_passkey()
    words = nora.finish()
    expect(nora.page.locator("#next")).to_contain_text("ada compares them")
    nora.change_device()

    request = ask_for_place(ada, words, "a new colleague")
    amir = visit("amir").sign_in()
    approve(amir, request)
    expect(amir.state()).to_have_text("done")

    for device in (0, 1):
        nora.take_device(device)
        nora.sign_in()
        expect(nora.page.get_by_text("nora")).to_be_visible()
        nora.page.get_by_role("button", name="Sign out").click()
        expect(nora.page.get_by_role("button", name="Use my passkey")).to_be_visible()


def test_a_link_goes_on_after_a_reload_and_in_a_second_browser(
    house: House, visit: Visit, welcome: Welcome
) -> None:
    link = invite(visit("ada").sign_in(), "nils")
    first, second = welcome().follow(link), welcome()
    first.make_passkey()
    assert "#" not in first.page.url

    first.page.reload()
    expect(first.page.locator("#keys li:not(.open)")).to_have_count(1)
    second.follow(link)

    expect(second.page.locator("#keys li:not(.open)")).to_have_count(1)
    assert second.finish()


def test_ivan_lost_his_passkey_and_two_owners_help_him(
    house: House, visit: Visit, welcome: Welcome
) -> None:
    ivan = welcome()
    ivan.page.goto(f"{house.app}/")
    ivan.page.get_by_text("Lost your passkey?").click()
    expect(ivan.page.get_by_text("Nobody at a help desk")).to_be_visible()
    ada = visit("ada")
    enter(house, ada).get_by_role("link", name="People").click()
    ada.page.get_by_role("link", name="Bring somebody in, or help after a loss").click()
    ada.press_passkey()
    expect(ada.page.get_by_role("link", name="Inbox")).to_be_visible()
    ivan.follow(help_out(ada, "ivan"))
    expect(ivan.page.locator("#says")).to_contain_text("take the place of all")
    ivan.make_passkey()
    words = ivan.finish()
    request = ask_for_place(ada, words, "lost on a train")

    amir = visit("amir").sign_in()
    amir.open(request)
    expect(amir.page.get_by_text("24 hours after the last approval")).to_be_visible()
    expect(amir.page.get_by_text("For another 72 hours ivan")).to_be_visible()
    approve(amir, request)

    expect(amir.page.get_by_text("time: it opens at")).to_be_visible()
    assert house.state(request) == "waiting"
    ivan.page.goto(house.origin)
    ivan.page.get_by_role("button", name="Use my passkey").click()
    expect(ivan.alert()).to_contain_text("passkey")  # which signs for nobody yet

    old = visit("ivan").sign_in()  # the thief's version: the old key is not lost
    old.page.goto(f"{house.origin}/")
    old.page.evaluate(f"location.assign('/requests/{request}')")
    old.page.get_by_role("button", name="Deny").click()
    old.page.get_by_role("dialog").get_by_role("button", name="Deny").click()
    expect(old.state()).to_have_text("denied")
    assert house.state(request) == "denied"


def test_a_passkey_is_made_on_a_phone_in_the_dark_without_a_mouse(
    house: House, visit: Visit, welcome: Welcome
) -> None:
    link, guest = invite(visit("ada").sign_in(), "tilda"), welcome()
    page = guest.page
    page.set_viewport_size({"width": 360, "height": 640})
    page.emulate_media(color_scheme="dark")
    guest.follow(link)
    expect(page.get_by_role("heading", name="Your passkeys")).to_be_focused()

    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Make a passkey")).to_be_focused()
    page.keyboard.press("Enter")
    finish = page.get_by_role("button", name="That is all of them")
    expect(finish).to_be_visible()
    page.keyboard.press("Tab")
    expect(finish).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Your six words")).to_be_focused()
    expect(page.get_by_label("Your six words").locator("li")).to_have_count(6)
    wide = "document.documentElement.scrollWidth > window.innerWidth"
    assert not page.evaluate(wide)


# --- what attackers try --------------------------------------------------------------


def test_a_link_is_used_a_second_time(
    house: House, visit: Visit, welcome: Welcome
) -> None:
    link = invite(visit("ada").sign_in(), "olaf")
    assert welcome().enrol(link)

    mallory = welcome().follow(link)

    assert mallory.is_told_nothing
    link = link.replace("#", "#x")
    assert welcome().follow(link).is_told_nothing
    assert welcome().follow(f"{house.origin}/enrol").is_told_nothing


def test_a_link_is_opened_in_a_frame(
    house: House, visit: Visit, welcome: Welcome
) -> None:
    link, mallory = invite(visit("ada").sign_in(), "pia"), welcome()

    page = mallory.go_elsewhere(
        "http://app.localhost",
        f'<iframe src="{link}" allow="publickey-credentials-create *"></iframe>',
    )
    page.wait_for_load_state("networkidle")

    (frame,) = page.main_frame.child_frames
    assert frame.locator("#create").count() == 0
    assert "seal.localhost" not in frame.evaluate("location.href")
    mallory.complaints.clear()  # the browser complains about the frame, as it should


def test_another_origin_finishes_somebodys_link(
    house: House, visit: Visit, welcome: Welcome
) -> None:
    link = invite(visit("ada").sign_in(), "quin")
    guest = welcome().follow(link)
    guest.make_passkey()
    mallory = welcome()
    mallory.go_elsewhere("http://evil.seal.localhost")

    told = mallory.page.evaluate(
        """async ([place, link]) => {
            const body = JSON.stringify({ link });
            const options = { method: "POST", mode: "no-cors", body };
            const answer = await fetch(place, options).catch(() => null);
            return answer ? answer.type : "no answer";
        }""",
        [f"{house.origin}/enrol/finish", link.partition("#")[2]],
    )

    assert told in ("opaque", "no answer")
    mallory.complaints.clear()
    guest.page.reload()
    assert guest.finish()  # so it was open still


def test_the_secret_of_a_link_is_looked_for_in_logs_and_tables(
    house: House, visit: Visit, welcome: Welcome
) -> None:
    link = invite(visit("ada").sign_in(), "rosa")
    guest = welcome().follow(link)
    guest.make_passkey()
    guest.finish()
    secret = link.rpartition(".")[2]
    assert len(secret) == 43

    files = [path for path in house.instance.home.rglob("*") if path.is_file()]
    assert any(path.name == "seal.log" for path in files)
    for path in files:
        assert secret.encode() not in path.read_bytes(), path.name
    assert not [url for url, _ in guest.posts if secret in url]


def test_a_page_that_says_another_person_is_enrolled_gets_no_signature(
    house: House, visit: Visit, welcome: Welcome
) -> None:
    """Somebody between keeper and page has the new key sign something else."""
    link, guest = invite(visit("ada").sign_in(), "sven"), welcome()
    guest.page.route(
        "**/enrol/statement",
        lambda route: route.fulfill(
            json={"statement": '{"credential":"AA","decision":"approve","keeper":"k"}'}
        ),
    )
    guest.follow(link)

    guest.page.locator("#create").click()

    expect(guest.alert()).to_be_visible()
    assert not [url for url, _ in guest.posts if url.endswith("/enrol/key")]
