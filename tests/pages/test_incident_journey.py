"""An incident, from the desk of an owner to its end, with the freeze at hand."""

from collections.abc import Callable

from playwright.sync_api import expect

from listkeep.core.registry.incidents import IncidentKind
from listkeep.wire.keeper import KeeperClient
from listkeep.wire.messages import incidents as i
from tests.pages.house import House
from tests.pages.looking import look_at
from tests.pages.test_console import enter
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]
SENTENCE = "rows of newsletter do not open"


def report(house: House, kind: IncidentKind = IncidentKind.ROWS_INVALID) -> str:
    """Say that something is wrong, as the dock does; gives the incident."""
    with house.instance.dock(house.stage.carried["ada"]) as dock:
        [found] = dock.show_lists()
    key = (house.instance.home / "dock.key").read_text().strip()
    with KeeperClient(house.instance.socket, service_key=key) as keeper:
        message = i.OpenIncident(kind=kind.value, list=found.id, found=3)
        return keeper.report_incident(message).id


def test_ada_finds_it_on_her_desk_writes_down_what_it_was_and_closes_it(
    house: House, visit: Visit
) -> None:
    incident = report(house)
    ada = visit("ada")
    page = enter(house, ada)
    page.get_by_role("link", name=SENTENCE).first.click()
    expect(page.get_by_role("link", name="Freeze releases…")).to_be_visible()
    page.get_by_role("link", name="Work on it at the dock…").click()
    page.get_by_role("button", name="Go to the keeper").click()
    ada.press_passkey()
    page.get_by_label("What you found out").fill("ask anna@example.com")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("alert")).to_contain_text("could be an address")
    assert look_at(page) == []
    page.get_by_label("What you found out").fill("a disk was put back on Monday")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_text("Noted: a disk was put back on Monday")).to_be_visible()
    page.get_by_label("Why it is closed").fill("the rows were imported again")
    page.get_by_role("button", name="Close it").click()
    expect(page.get_by_text("Closed by ada")).to_be_visible()
    page.get_by_role("link", name="In the console").click()
    page.get_by_role("link", name="Go on").click()

    expect(page.get_by_text("Closed by ada")).to_be_visible()
    closed = house.recorded("incident.closed")
    assert [entry for entry in closed if entry["incident"] == incident]


def test_from_an_incident_to_a_freeze_by_keys_alone(house: House, visit: Visit) -> None:
    house.bring_in_others()  # whose releases nobody here needs
    report(house)
    page = enter(house, visit("eve"))
    page.keyboard.press("i")
    expect(page.get_by_role("heading", level=1)).to_have_text("Incidents")
    expect(page.get_by_text(SENTENCE)).to_have_count(0)  # of another tenant

    page.keyboard.press("f")
    expect(page.get_by_role("heading", level=1)).to_have_text("Freeze")
