from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import pytest

from listkeep.core.errors import UnavailableError
from listkeep.wire.flows import challenge_of
from tests.dock.conftest import Api
from tests.dock.pages.conftest import ORIGIN, SEAL, Browser, Page
from tests.fakes.keeper import FakeKeeper


def attributes(cookie: str) -> dict[str, object]:
    [morsel] = SimpleCookie(cookie).values()
    return {n: value for n, value in morsel.items() if value and n != "expires"}


def test_the_button_leads_to_the_keepers_page_and_nowhere_else(
    browser: Browser,
) -> None:
    told = browser.begin()

    assert told["client"] == "s_dockdockdock"
    assert told["redirect"] == f"{ORIGIN}/signed-in"
    state, _, verifier = browser.cookies["__Host-flow"].partition(".")
    assert told["state"] == state
    assert told["challenge"] == challenge_of(verifier)
    assert verifier not in told.values()


def test_only_the_page_with_the_button_may_lead_there(
    browser: Browser, ben: Api
) -> None:
    policy = browser.get("/sign-in").headers["content-security-policy"]
    assert f"form-action 'self' {SEAL};" in policy

    home = browser.sign_in(ben).get("/")
    assert "form-action 'self';" in home.headers["content-security-policy"]


def test_somebody_signs_in_looks_around_and_signs_out(
    browser: Browser, ben: Api, keeper: FakeKeeper
) -> None:
    assert browser.get("/").status == 401
    browser.sign_in(ben)

    home = browser.get("/")
    assert (home.status, "ben" in home.words) == (200, True)
    session = browser.cookies["__Host-drop"]
    assert browser.submit(home, "/sign-out").status == 200
    assert "__Host-drop" not in browser.cookies
    browser.cookies["__Host-drop"] = session
    assert browser.get("/").status == 401
    assert (
        "session has ended" in Browser(keeper, {"__Host-drop": session}).get("/").text
    )


def test_cookies_are_for_this_host_and_no_script(browser: Browser, ben: Api) -> None:
    flow = browser.post("/sign-in").cookies["__Host-flow"]
    told = browser.begin()
    back = browser.come_back(browser.code_for(ben, told), told["state"])

    strict = {"path": "/", "secure": True, "httponly": True}
    assert attributes(flow) == {**strict, "max-age": "600", "samesite": "Lax"}
    session = attributes(back.cookies["__Host-drop"])
    assert session == {**strict, "max-age": "28800", "samesite": "Strict"}


def test_the_way_back_is_a_page_that_goes_on_by_itself(
    browser: Browser, ben: Api
) -> None:
    told = browser.begin()

    back = browser.come_back(browser.code_for(ben, told), told["state"])

    assert '<meta http-equiv="refresh" content="0; url=/">' in back.text
    assert "__Host-flow" not in browser.cookies


def test_a_link_from_elsewhere_leads_on_because_strict_cookies_stay_away(
    browser: Browser, bens: Browser
) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site"}

    page = browser.get("/exports", **elsewhere)

    assert page.status == 200
    assert '<meta http-equiv="refresh" content="0; url=/exports">' in page.text
    assert page.cookies == {}  # or a link could sign somebody out
    assert browser.get("/exports", **{"Sec-Fetch-Site": "same-origin"}).status == 401


# --- attackers ------------------------------------------------------------------


def test_a_code_from_another_browser_signs_nobody_in(
    browser: Browser, keeper: FakeKeeper, eve: Api
) -> None:
    """Eve sends Ben her own way back, so that he uploads into her account."""
    eves = Browser(keeper)
    told = eves.begin()
    code = eves.code_for(eve, told)

    for bens in (browser, Browser(keeper)):
        if bens is browser:
            bens.begin()  # he was just about to sign in
        page = bens.come_back(code, told["state"])
        assert (page.status, "not begun in this browser" in page.words) == (403, True)
        assert "__Host-drop" not in bens.cookies
    assert eves.come_back(code, told["state"]).status == 403  # it is spent by now


def test_a_link_that_was_begun_elsewhere_brings_its_sender_no_session(
    browser: Browser, keeper: FakeKeeper, ben: Api
) -> None:
    """Mallory sends Ben the keeper's link of a flow of her own; Ben signs."""
    mallory = Browser(keeper)
    told = mallory.begin()
    code = browser.code_for(ben, told)

    assert browser.come_back(code, told["state"]).status == 403
    assert "__Host-drop" not in mallory.cookies
    assert mallory.come_back(code, told["state"]).status == 403  # she read it somewhere
    assert "__Host-drop" not in mallory.cookies


@pytest.mark.parametrize("state", ["", "x", "%00", "."])
def test_a_wrong_or_missing_state_signs_nobody_in(
    browser: Browser, ben: Api, state: str
) -> None:
    code = browser.code_for(ben, browser.begin())

    assert browser.come_back(code, state).status == 403
    assert browser.get(f"/signed-in?code={code}").status == 403
    assert "__Host-drop" not in browser.cookies


def test_an_injected_code_of_somebody_else_is_no_use_with_ones_own_state(
    browser: Browser, keeper: FakeKeeper, eve: Api
) -> None:
    other = Browser(keeper)
    code = other.code_for(eve, other.begin())
    told = browser.begin()

    assert browser.come_back(code, told["state"]).status == 403
    assert "__Host-drop" not in browser.cookies


def test_a_code_signs_in_once(browser: Browser, ben: Api) -> None:
    told = browser.begin()
    flow = browser.cookies["__Host-flow"]
    code = browser.code_for(ben, told)
    browser.come_back(code, told["state"])
    browser.cookies = {"__Host-flow": flow}

    assert browser.come_back(code, told["state"]).status == 403
    assert "__Host-drop" not in browser.cookies


def test_a_code_for_another_service_is_refused(
    browser: Browser, keeper: FakeKeeper, ben: Api
) -> None:
    told = browser.begin()
    code = browser.code_for(ben, {**told, "client": "s_consoleconso"})

    assert browser.come_back(code, told["state"]).status == 403
    assert "__Host-drop" not in browser.cookies


def test_a_session_the_keeper_does_not_know_for_this_dock_is_nobodys(
    browser: Browser,
) -> None:
    for value in ("lks_console_session", "lkk_acme_app", "x", "", "lks_" + "x" * 700):
        browser.cookies = {"__Host-drop": value} if value else {}
        assert browser.get("/").status == 401
        assert "__Host-drop" not in browser.cookies  # it is told to forget it


def test_a_services_key_is_no_session(browser: Browser, app: Api) -> None:
    assert app.caller is not None
    browser.cookies = {"__Host-drop": app.caller.service_key}

    assert browser.get("/").status == 401


def test_a_cookie_is_no_bearer_of_the_api(bens: Browser, news: str) -> None:
    session = bens.cookies["__Host-drop"]

    for path in ("/v1/lists", f"/v1/lists/{news}/tokens"):
        page = bens.get(path)
        assert (page.status, page.headers["www-authenticate"]) == (401, "Bearer")
        bearer = {"Authorization": f"Bearer {session}"}
        assert bens.get(path, **bearer).status == 200
    body = b'{"name": "mine"}'
    page = bens.send("POST", "/v1/lists", bens.own(), body, "application/json")
    assert page.status == 401


def test_a_bearer_is_no_cookie_of_the_pages(browser: Browser, ben: Api) -> None:
    assert ben.caller is not None
    bearer = {"Authorization": f"Bearer {ben.caller.session}"}

    assert browser.get("/", **bearer).status == 401


def test_a_keeper_that_is_away_is_told_as_it_is(
    bens: Browser, keeper: FakeKeeper
) -> None:
    keeper.break_at("who_am_i", UnavailableError("the keeper is away", hint="wait"))

    page = bens.get("/")

    assert (page.status, "The keeper is away." in page.words) == (503, True)
    assert "__Host-drop" in bens.cookies  # it may be back in a moment


def told_of(page: Page) -> dict[str, str]:
    """Give what the keeper's page is told."""
    query = parse_qs(urlsplit(page.location).query)
    return {name: value for name, [value] in query.items()}


def test_who_asked_for_a_page_is_led_to_it(browser: Browser, ben: Api) -> None:
    asked = browser.get("/import/l_news?x=1")
    told = told_of(browser.post("/sign-in", {"to": asked.field("to")}))

    back = browser.come_back(browser.code_for(ben, told), told["state"])

    assert 'content="0; url=/import/l_news?x=1"' in back.text


@pytest.mark.parametrize(
    "place",
    [
        *("https://evil.example", "//evil.example", "/\\evil.example", "javascript:1"),
        *("/sign-out", "/signed-in?code=x", "/a;url=https://evil.example", "/x\n", ""),
        f"/{'x' * 600}",
    ],
)
def test_a_sign_in_leads_nowhere_else(browser: Browser, ben: Api, place: str) -> None:
    """Somebody made the form lead to a page of theirs once it was signed."""
    answer = browser.post("/sign-in", {"to": place})
    told = told_of(answer)

    back = browser.come_back(browser.code_for(ben, told), told["state"])

    assert 'content="0; url=/"' in back.text
    assert "evil" not in back.text
