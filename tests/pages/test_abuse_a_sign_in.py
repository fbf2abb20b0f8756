"""A sign-in that began in one place is led to another.

Whatever reached the keeper in somebody's name left its reason in the ledger.
"""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from listkeep.core.errors import ListkeepError
from listkeep.core.grants import SignIn
from listkeep.wire import messages as m
from listkeep.wire.flows import BegunFlow, begin_flow, cli_client
from tests.pages.forging import statement_of
from tests.pages.house import House
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]
TERMINAL = "http://127.0.0.1:1/"


def refusals(house: House, visitor: Visitor) -> list[str]:
    """Read why sign-ins in this person's name were refused."""
    return [
        entry["code"]
        for entry in house.recorded("sign-in.refused")
        if entry["person"] == visitor.person.person
    ]


def sessions(house: House, visitor: Visitor) -> int:
    started = house.recorded("session.started")
    return len([e for e in started if e["person"] == visitor.person.person])


def words_of(url: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


def redeem(house: House, flow: BegunFlow, code: str, verifier: str = "") -> str:
    """Redeem a code as a program on this computer; tell why not."""
    message = m.RedeemCode(
        code=code, verifier=verifier or flow.verifier, client=flow.client
    )
    with pytest.raises(ListkeepError) as caught:
        house.keeper.redeem_code(message)
    return caught.value.code.value


def terminals_code(house: House, ben: Visitor) -> tuple[BegunFlow, str]:
    """Have Ben sign in for a terminal, and read the code on its way back."""
    flow = begin_flow(cli_client(), redirect=TERMINAL)
    caught = ben.catch(TERMINAL)
    ben.page.goto(flow.authorize_url(house.origin))
    ben.press_passkey()
    expect(ben.page.get_by_role("heading", name="caught")).to_be_visible()
    told = words_of(caught[0])
    assert told["state"] == flow.state
    return flow, told["code"]


def test_a_sign_in_is_relayed_from_another_browser(house: House, visit: Visit) -> None:
    """Ivan begins, Ben signs: the code reaches Ben's browser, which began nothing."""
    ivan, ben = visit("ivan"), visit("ben")
    link, before = ivan.begin_at_dock(), sessions(house, ben)
    ben.page.goto(link)

    with ben.page.expect_navigation(url=f"{house.drop}/signed-in?**"):
        ben.press_passkey()

    expect(ben.alert()).to_contain_text("not begun in this browser")
    assert refusals(house, ben)[-1] == "not-permitted"
    ivan.page.goto(ben.page.url)  # had he read it: it is spent
    expect(ivan.alert()).to_be_visible()
    assert refusals(house, ben)[-1] == "replayed"
    for each in (ben, ivan):
        each.page.goto(house.drop)
        expect(each.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert sessions(house, ben) == before


def test_a_signature_for_one_browser_is_posted_for_another(
    house: House, visit: Visit
) -> None:
    ivans = visit("ivan").begin_at_dock()
    ben = visit("ben")
    ben.begin_at_dock()
    ben.page.route(
        "**/authorize?*",
        lambda route: route.continue_(
            url=ivans if route.request.method == "POST" else None
        ),
    )

    ben.press_passkey()

    expect(ben.alert()).to_contain_text("signed for another browser or program")
    assert refusals(house, ben)[-1] == "not-permitted"


def test_a_code_is_used_twice(house: House, visit: Visit) -> None:
    ben = visit("ben")
    addresses: list[str] = []
    ben.page.on("request", lambda request: addresses.append(request.url))
    ben.enter_dock()
    (place,) = {url for url in addresses if "/signed-in?" in url}

    ben.page.goto(place)

    expect(ben.alert()).to_contain_text("not begun in this browser")
    assert refusals(house, ben)[-1] == "replayed"


def test_a_terminals_code_is_used_twice(house: House, visit: Visit) -> None:
    ben = visit("ben")
    flow, code = terminals_code(house, ben)
    message = m.RedeemCode(code=code, verifier=flow.verifier, client=flow.client)
    session = house.keeper.redeem_code(message)

    assert redeem(house, flow, code) == "replayed"

    assert refusals(house, ben)[-1] == "replayed"
    house.keeper.end_session(m.EndSession(session=session.session))


def test_a_code_is_redeemed_by_a_program_that_read_it(
    house: House, visit: Visit
) -> None:
    ben = visit("ben")
    before = sessions(house, ben)
    flow, code = terminals_code(house, ben)
    other = begin_flow(flow.client, redirect=flow.redirect)

    assert redeem(house, flow, code, verifier=other.verifier) == "not-permitted"

    assert refusals(house, ben)[-1] == "not-permitted"
    assert redeem(house, flow, code) == "replayed"  # nobody has it any more
    assert sessions(house, ben) == before


def test_a_code_of_the_dock_is_redeemed_by_a_program(
    house: House, visit: Visit
) -> None:
    ben = visit("ben")
    ben.begin_at_dock()
    caught = ben.catch(f"{house.drop}/signed-in")
    ben.press_passkey()
    expect(ben.page.get_by_role("heading", name="caught")).to_be_visible()
    flow = begin_flow(house.instance.config.dock_service, redirect=TERMINAL)

    assert redeem(house, flow, words_of(caught[0])["code"]) == "not-permitted"

    assert refusals(house, ben)[-1] == "not-permitted"


@pytest.mark.parametrize(
    "redirect",
    [
        "{origin}/requests/{request}",
        "{drop}/exports",
        "http://app.localhost/signed-in",
        "http://127.0.0.1:1/requests",
        "https://evil.example/",
    ],
)
def test_a_redirect_expects_a_sign_in_and_lands_elsewhere(
    house: House, visit: Visit, redirect: str
) -> None:
    view = house.ask_export()
    ada = visit("ada").sign_in()
    place = redirect.format(origin=house.origin, drop=house.drop, request=view.id)
    for client in (house.instance.config.dock_service, cli_client()):
        link = begin_flow(client, redirect=place).authorize_url(house.origin)
        page = ada.go_elsewhere("http://app.localhost")

        page.evaluate("(place) => location.assign(place)", link)

        title = "nobody of this name signs people in from there"
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        assert page.url == link
        assert page.locator("#sign-in, [data-decision]").count() == 0
    assert house.state(view.id) == "waiting"


def test_a_sign_in_for_the_dock_is_posted_as_an_approval(
    house: House, visit: Visit
) -> None:
    view = house.ask_export()
    ada = visit("ada").sign_in()
    ada.begin_at_dock()
    ada.press_passkey()
    ada.page.wait_for_url(f"{house.drop}/")
    (body,) = [body for url, body in ada.posts if "/authorize?" in url]
    ada.page.goto(house.origin)
    ada.open(view.id)
    statement = statement_of(ada, view, "approve").format().decode()

    told = ada.post(f"/requests/{view.id}/sign", {**body, "rows": "850"})
    assert told["code"] == house.refusal(view.id) == "message-invalid"
    told = ada.post(
        f"/requests/{view.id}/sign", {**body, "statement": statement, "rows": "850"}
    )
    assert told["code"] == house.refusal(view.id) == "signature-invalid"
    assert house.state(view.id) == "waiting"


def test_an_approval_is_planted_on_the_page_for_a_sign_in(
    house: House, visit: Visit
) -> None:
    view = house.ask_export()
    ada = visit("ada")
    ada.begin_at_dock()
    planted = statement_of(ada, view, "approve").format().decode()
    button = ada.page.locator("#sign-in")
    button.evaluate("(e, text) => { e.dataset.statement = text; }", planted)

    button.click()

    expect(ada.alert()).to_contain_text("something else than a sign-in")
    assert not [url for url, _ in ada.posts if "/authorize?" in url]
    assert house.state(view.id) == "waiting"


def test_a_subdomain_signs_for_the_dock_and_hands_it_in(
    house: House, visit: Visit
) -> None:
    """Its page gets a signature, and a program that says what it likes posts it."""
    ben = visit("ben")
    link = ben.begin_at_dock()
    text = ben.page.locator("#sign-in").get_attribute("data-statement") or ""
    ben.go_elsewhere("http://evil.seal.localhost")
    signed = ben.ask_passkey(SignIn.parse(text.encode()).challenge())

    answer = httpx.post(
        link.replace("seal.localhost", "127.0.0.1"),
        json={**signed, "statement": text},
        headers={
            "Host": house.origin.partition("://")[2],
            "Origin": house.origin,
            "Sec-Fetch-Site": "same-origin",
        },
        trust_env=False,
    )

    assert answer.json()["code"] == "signature-invalid"
    assert refusals(house, ben)[-1] == "signature-invalid"


def test_the_docks_own_page_asks_for_a_signature(house: House, visit: Visit) -> None:
    view = house.ask_export()
    ada = visit("ada").enter_dock()

    signed = ada.ask_passkey(statement_of(ada, view, "approve").challenge())

    assert signed["refused"] in ("NotAllowedError", "SecurityError")
    assert house.state(view.id) == "waiting"
    ada.complaints.clear()  # the browser says that the page may not, as it should


def test_related_origins_are_claimed_by_whoever_would_gain(
    house: House, visit: Visit
) -> None:
    """Only the keeper could name them; neither it nor the dock does."""
    view = house.ask_export()
    ada = visit("ada")
    asked: list[str] = []
    ada.context.on("request", lambda request: asked.append(request.url))
    for origin in (house.origin, house.drop):
        host = origin.partition("://")[2]
        answer = httpx.get(
            f"http://127.0.0.1:{host.partition(':')[2]}/.well-known/webauthn",
            headers={"Host": host},
            trust_env=False,
        )
        assert answer.status_code == 404
        assert "origins" not in answer.text
    everyone = '{"origins": ["http://app.localhost", "http://drop.localhost"]}'
    ada.context.route(
        "**/.well-known/webauthn",
        lambda route: route.fulfill(body=everyone, content_type="application/json"),
    )
    ada.go_elsewhere("http://app.localhost")

    signed = ada.ask_passkey(statement_of(ada, view, "approve").challenge())

    assert signed == {"refused": "SecurityError"}


def test_the_page_for_a_sign_in_is_shown_in_a_frame(house: House, visit: Visit) -> None:
    flow = begin_flow(
        house.instance.config.dock_service, redirect=f"{house.drop}/signed-in"
    )
    ada = visit("ada").sign_in()
    page = ada.go_elsewhere(
        "http://app.localhost",
        f'<iframe src="{flow.authorize_url(house.origin)}"'
        ' allow="publickey-credentials-get *"></iframe>',
    )
    page.wait_for_load_state("networkidle")

    (frame,) = page.main_frame.child_frames
    assert frame.locator("#sign-in").count() == 0
    ada.complaints.clear()  # the browser complains about the frame, as it should


def test_a_page_that_opened_the_keepers_keeps_no_hold_of_it(
    house: House, visit: Visit
) -> None:
    ada = visit("ada")
    page = ada.go_elsewhere("http://app.localhost")
    flow = begin_flow(
        house.instance.config.dock_service, redirect=f"{house.drop}/signed-in"
    )

    with page.expect_popup() as opened:
        page.evaluate(
            "(url) => { self.it = open(url); }", flow.authorize_url(house.origin)
        )
    expect(opened.value.get_by_role("button", name="Use my passkey")).to_be_visible()

    assert page.evaluate("() => self.it.closed")  # severed (COOP)
    assert opened.value.evaluate("() => opener") is None


def test_a_session_is_used_from_another_service(house: House, visit: Visit) -> None:
    ben, thief = visit("ben").sign_in().enter_dock(), visit("ada")
    cookies = {each["name"]: each for each in ben.context.cookies()}
    seal, drop = cookies["__Host-listkeep"], cookies["__Host-drop"]
    before = len(house.recorded("session.refused"))
    thief.context.add_cookies(
        [
            {**seal, "value": drop["value"]},  # type: ignore[typeddict-item]
            {**drop, "value": seal["value"]},  # type: ignore[typeddict-item]
        ]
    )

    thief.page.goto(house.drop)
    expect(thief.page.get_by_text("Your session has ended.")).to_be_visible()
    thief.page.goto(house.origin)
    expect(thief.page.get_by_role("button", name="Use my passkey")).to_be_visible()

    refused = house.recorded("session.refused")[before:]
    assert {(each["person"], each["service"]) for each in refused} == {
        (ben.person.person, house.instance.config.dock_service),
        (ben.person.person, "keeper"),
    }
    thief.context.add_cookies([seal, drop])  # type: ignore[list-item]
    for origin in (house.origin, house.drop):  # in their place they do count
        thief.page.goto(origin)
        expect(thief.page.get_by_text("ben").first).to_be_visible()
