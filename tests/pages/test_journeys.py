"""What people do on the pages, from the first touch of a passkey to the last."""

import base64
import hashlib
from collections.abc import Callable

from playwright.sync_api import expect

from listkeep.core.canonical import parse
from listkeep.core.grants import Terms
from listkeep.wire import messages as m
from listkeep.wire.base import encode
from tests.pages.house import House
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]


def test_ben_asks_and_ada_approves_in_a_browser_of_her_own(
    house: House, visit: Visit
) -> None:
    ben = visit("ben").sign_in()
    ben.page.get_by_role("link", name="Ask", exact=True).click()
    ben.page.get_by_role("link", name="A copy").click()
    ben.page.locator("select[name=list]").select_option("newsletter")
    ben.page.get_by_label("Which entries").fill('plan = "pro"')
    ben.page.get_by_label("Rows at most").fill("850")
    ben.page.get_by_label("For whom").select_option("warehouse")
    ben.page.get_by_label("Why").fill("autumn letter, printed there")
    ben.page.get_by_role("button", name="Write the terms").click()
    expect(ben.state()).to_have_text("draft")
    ben.page.get_by_role("button", name="Sign and ask").click()
    expect(ben.state()).to_have_text("waiting")
    request = ben.page.url.rpartition("/")[2]

    ada = visit("ada").sign_in().open(request)
    expect(ada.page.get_by_text("ben (marketer) asks")).to_be_visible()
    ada.approve("850")

    expect(ada.state()).to_have_text("granted")
    assert house.state(request) == "granted"


def test_a_large_copy_waits_for_a_custodian_and_an_hour(
    house: House, visit: Visit
) -> None:
    view = house.ask_export("ivan", 5000)
    visit("ada").sign_in().open(view.id).approve("5,000")
    cleo = visit("cleo").sign_in().open(view.id)
    cleo.approve("5000")

    expect(cleo.page.get_by_text("time: it opens at")).to_be_visible()
    assert house.state(view.id) == "waiting"


def test_a_denial_is_one_key_and_one_confirmation(house: House, visit: Visit) -> None:
    view = house.ask_export()
    ada = visit("ada").sign_in().open(view.id)

    ada.page.keyboard.press("d")
    expect(ada.page.get_by_role("dialog")).to_contain_text("Deny")
    ada.page.keyboard.press("Escape")
    expect(ada.page.get_by_role("dialog")).to_be_hidden()
    assert house.state(view.id) == "waiting"
    ada.page.keyboard.press("d")
    ada.page.keyboard.press("Enter")

    expect(ada.state()).to_have_text("denied")
    assert house.state(view.id) == "denied"


def test_a_wrong_count_is_not_signed_and_the_right_one_is(
    house: House, visit: Visit
) -> None:
    view = house.ask_export()
    ada = visit("ada").sign_in().open(view.id)

    ada.approve("85")
    expect(ada.alert()).to_contain_text("not the number of rows in the terms")
    assert not [url for url, _ in ada.posts if url.endswith("/sign")]
    ada.approve("850")

    expect(ada.state()).to_have_text("granted")


def test_ben_withdraws_what_he_asked_for(house: House, visit: Visit) -> None:
    view = house.ask_export()
    ben = visit("ben").sign_in().open(view.id)

    ben.page.get_by_role("button", name="Withdraw").click()
    ben.page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()

    expect(ben.state()).to_have_text("denied")


def test_the_inbox_is_walked_by_keys_alone(house: House, visit: Visit) -> None:
    house.ask_export()
    ada = visit("ada").sign_in()
    page = ada.page

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator(".lines a").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("#request")).to_be_visible()
    page.wait_for_load_state()  # until then a page's script has heard no key
    page.keyboard.press("m")
    expect(page.get_by_role("heading", name="ada")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("i")
    expect(page.get_by_text("Waiting for me")).to_be_visible()


def test_ending_all_sessions_ends_those_of_other_browsers(
    house: House, visit: Visit
) -> None:
    left_open = visit("amir").sign_in()
    left_open.remember_count()
    here = visit("amir").sign_in()
    before = len(house.recorded("session.ended"))

    here.page.get_by_role("link", name="Me", exact=True).click()
    here.page.get_by_role("button", name="End all of them").click()

    expect(here.page.get_by_role("button", name="Use my passkey")).to_be_visible()
    assert len(house.recorded("session.ended")) >= before + 2
    left_open.page.reload()
    expect(left_open.page.get_by_role("button", name="Use my passkey")).to_be_visible()
    here.remember_count()
    house.stage.sign_in("amir")  # the house's own were among them


def test_signing_out_is_over_at_once(visit: Visit) -> None:
    ben = visit("ben").sign_in()

    ben.page.get_by_role("button", name="Sign out").click()
    expect(ben.page.get_by_role("button", name="Use my passkey")).to_be_visible()
    ben.page.goto(ben.house.origin)

    expect(ben.page.get_by_role("button", name="Use my passkey")).to_be_visible()


def test_rows_come_in_the_fragment_and_go_from_the_screen(
    house: House, visit: Visit
) -> None:
    tokens, batch = house.sealed_rows(2)
    ben = visit("ben").sign_in()
    request = ben.ask_reveal(tokens)

    rows = base64.urlsafe_b64encode(encode(batch)).decode().rstrip("=")
    place = f"{house.origin}/reveal/{request}"
    page = ben.go_elsewhere("http://drop.localhost:8480")
    page.evaluate("(place) => location.assign(place)", f"{place}#rows={rows}")
    button = page.get_by_role("button", name="Show the rows")
    expect(button).to_be_visible()
    assert page.url == place
    button.click()

    expect(page.get_by_role("cell", name="@example.com")).to_have_count(2)
    assert house.state(request) == "done"
    page.get_by_role("button", name="Hide them now").click()
    expect(page.get_by_role("cell", name="@example.com")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("No sealed rows came along")).to_be_visible()


def test_the_key_of_a_service_is_made_in_the_browser(
    house: House, visit: Visit
) -> None:
    ada = visit("ada").sign_in()
    ada.page.get_by_role("link", name="Ask", exact=True).click()
    ada.page.get_by_role("link", name="Enrol software").click()
    key = ada.page.locator("#key")
    expect(key).to_contain_text("lkk_s_")
    shown = key.inner_text()
    ada.page.get_by_label("Name").fill("shop")
    ada.page.get_by_label("Why").fill("the shop counts")
    ada.page.get_by_label("I have kept it").check()
    ada.page.get_by_role("button", name="Write the terms").click()
    expect(ada.state()).to_have_text("draft")

    assert shown not in str(ada.posts)
    name = ada.page.url.rpartition("/")[2]
    message = m.ShowRequest(session=house.stage.direct["ada"], request=name)
    (view,) = house.keeper.show_requests(message).requests
    subject = parse(Terms.parse(view.terms).subject.encode())
    assert subject["verifier"] == hashlib.sha256(shown.encode()).hexdigest()
    assert shown.startswith(f"lkk_{subject['id']}_")
