"""An owner reads a send in a browser, and what she reads is what she signs."""

from collections.abc import Callable

from playwright.sync_api import expect

from listkeep.core.canonical import encode
from listkeep.wire import messages as m
from tests.core.registry.senders import domain_subject, route_subject, send_subject
from tests.pages.house import House
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]


def enrol_ways_out(house: House) -> None:
    """Enrol what a send needs, unless it is there."""
    stage = house.stage
    if not house.recorded("route.added"):
        route, domain = (
            encode(each()).decode() for each in (route_subject, domain_subject)
        )
        stage.agree("cleo", "cyrus", "route.add", subject=route)
        stage.agree("ada", "amir", "domain.add", subject=domain)


def ask_send(house: House) -> m.RequestView:
    """Let Ben ask for a send."""
    enrol_ways_out(house)
    stage = house.stage
    said = send_subject(fields="", links="shop.example.com www.example.net")
    return stage.ask(
        "ben",
        "send",
        list="newsletter",
        selection='plan = "pro"',
        cap=60,
        recipient="relay",
        subject=encode(said).decode(),
        purpose="spring offers",
    )


def test_an_owner_sees_what_is_new_types_the_rows_and_signs(
    house: House, visit: Visit
) -> None:
    view = ask_send(house)
    ada = visit("ada").sign_in()
    expect(ada.page.get_by_text("new link domain: www.example.net")).to_be_visible()
    ada.open(view.id)
    expect(ada.page.get_by_text("Look twice")).to_be_visible()
    expect(ada.page.get_by_text("relay, to relay.example.com:587")).to_be_visible()

    ada.approve("61")
    expect(ada.alert()).to_contain_text("not the number of rows in the terms")
    ada.approve("60")

    expect(ada.state()).to_have_text("granted")
    assert house.state(view.id) == "granted"


def test_a_page_that_hides_a_link_domain_signs_nothing(
    house: House, visit: Visit
) -> None:
    """Somebody between keeper and owner makes the phish look like the newsletter."""
    view = ask_send(house)
    ada = visit("ada").sign_in().open(view.id)
    ada.page.locator("[data-term='subject.links']").evaluate(
        "place => { place.textContent = 'shop.example.com' }"
    )

    ada.approve("60")

    expect(ada.alert()).to_contain_text("shows something else")
    assert house.state(view.id) == "waiting"
