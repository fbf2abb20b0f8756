"""Pages of other origins want a signature in the keeper's name.

Whatever reached the keeper as a statement left its reason in the ledger.
"""

from collections.abc import Callable

import pytest

from tests.pages.forging import assertion, hand_in, statement_of
from tests.pages.house import House
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]


@pytest.mark.parametrize(
    "origin",
    ["http://app.localhost", "http://localhost", "http://drop.localhost:8480"],
)
def test_another_origin_asks_for_a_signature_in_the_keepers_name(
    house: House, visit: Visit, origin: str
) -> None:
    view = house.ask_export()
    ada = visit("ada")
    ada.go_elsewhere(origin)

    signed = ada.ask_passkey(statement_of(ada, view, "approve").challenge())

    assert signed == {"refused": "SecurityError"}
    assert house.state(view.id) == "waiting"


def test_a_subdomain_gets_a_signature_and_the_keeper_refuses_it(
    house: House, visit: Visit
) -> None:
    """Browsers let a sub-domain sign for the name above it: the origin tells."""
    view = house.ask_export()
    ada = visit("ada")
    ada.go_elsewhere("http://evil.seal.localhost")
    statement = statement_of(ada, view, "approve")

    signed = ada.ask_passkey(statement.challenge())

    assert "signature" in signed
    code = hand_in(house, view, assertion(statement, signed))
    assert code == house.refusal(view.id) == "signature-invalid"
    assert house.state(view.id) == "waiting"


def test_the_same_host_on_another_port_gets_a_signature_that_does_not_count(
    house: House, visit: Visit
) -> None:
    view = house.ask_export()
    ada = visit("ada")
    ada.go_elsewhere("http://seal.localhost:1")
    statement = statement_of(ada, view, "approve")

    signed = ada.ask_passkey(statement.challenge())

    code = hand_in(house, view, assertion(statement, signed))
    assert code == house.refusal(view.id) == "signature-invalid"


def test_a_page_shows_the_keeper_in_a_frame(house: House, visit: Visit) -> None:
    view = house.ask_export()
    ada = visit("ada").sign_in()
    place = f"{house.origin}/requests/{view.id}"
    page = ada.go_elsewhere(
        "http://app.localhost",
        f'<iframe src="{place}" allow="publickey-credentials-get *"></iframe>',
    )
    page.wait_for_load_state("networkidle")

    (frame,) = page.main_frame.child_frames
    assert frame.locator("#request").count() == 0
    assert frame.locator("#sign-in").count() == 0
    assert "seal.localhost" not in frame.evaluate("location.href")
    ada.complaints.clear()  # the browser complains about the frame, as it should


def test_related_origins_are_not_offered(house: House, visit: Visit) -> None:
    ada = visit("ada").sign_in()

    status = ada.page.evaluate(
        "async () => (await fetch('/.well-known/webauthn')).status"
    )

    assert status == 404
