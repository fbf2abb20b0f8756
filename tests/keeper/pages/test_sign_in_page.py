import html
import re

import pytest

from listkeep.core.grants import SignIn
from listkeep.keeper.pages.visits import COOKIE
from listkeep.wire import messages as m
from tests.keeper.forgery import forge
from tests.keeper.instance import SERVICES
from tests.keeper.pages.browsing import Browser, posted
from tests.keeper.world import World


def asked(browser: Browser, path: str = "/sign-in") -> SignIn:
    """Read what the page would have a passkey sign."""
    text = re.findall('data-statement="([^"]*)"', browser.get(path).text)[0]
    return SignIn.parse(html.unescape(text).encode())


def assertion(world: World, name: str, statement: SignIn) -> m.Assertion:
    return world.meet(name).sign(statement)


def test_a_passkey_signs_in_and_the_session_is_in_a_strict_cookie(
    served: World, nobody: Browser
) -> None:
    signed = assertion(served, "ben", asked(nobody))

    told = nobody.post("/sign-in", posted(served, "ben", signed))

    assert told.goes_to == "/"
    cookie = nobody.client.cookies[COOKIE]
    assert (
        cookie["secure"],
        cookie["httponly"],
        cookie["samesite"],
        cookie["path"],
    ) == (*(True, True, "Strict", "/"),)
    assert cookie["domain"] == ""
    assert cookie.value not in told.text
    assert nobody.get("/").status == 200


def test_the_page_says_what_its_challenge_is(nobody: Browser) -> None:
    page = nobody.get("/sign-in").text
    text = html.unescape(re.findall('data-statement="([^"]*)"', page)[0])
    (challenge,) = re.findall('data-challenge="([0-9a-f]{64})"', page)

    assert SignIn.parse(text.encode()).challenge().hex() == challenge
    assert 'data-rp-id="seal.localhost"' in page


@pytest.mark.parametrize(
    "query", ["?next=/requests/r_aaaaaaaaaaaa", "?go=/ask", "?return_to=//evil.test"]
)
def test_no_address_says_where_to_go_after_signing_in(
    served: World, nobody: Browser, query: str
) -> None:
    signed = assertion(served, "ben", asked(nobody, f"/sign-in{query}"))

    told = nobody.post(f"/sign-in{query}", posted(served, "ben", signed))

    assert told.goes_to == "/"


def test_a_sign_in_is_taken_once(served: World, nobody: Browser) -> None:
    body = posted(served, "ben", assertion(served, "ben", asked(nobody)))
    nobody.post("/sign-in", body)

    assert nobody.post("/sign-in", body).code == "replayed"


def test_an_approval_posted_as_a_sign_in_is_no_sign_in(
    served: World, nobody: Browser
) -> None:
    view = served.ask_export("ben", served.list_with_rows(1), 1)
    body = posted(served, "ada", served.statement("ada", view, "approve"))

    assert nobody.post("/sign-in", body).status == 400
    assert COOKIE not in nobody.client.cookies


def test_a_sign_in_for_the_dock_opens_nothing_here(
    served: World, nobody: Browser
) -> None:
    statement = asked(nobody)
    for_dock = SignIn(
        keeper=statement.keeper,
        service=SERVICES["dock"][0],
        nonce=statement.nonce,
        binding="",
    )
    body = posted(served, "ben", assertion(served, "ben", for_dock))

    before = len(served.entries())

    assert nobody.post("/sign-in", body).code == "not-permitted"
    assert len(served.entries()) == before


def test_somebody_elses_passkey_is_not_mine(served: World, nobody: Browser) -> None:
    signed = forge(served.meet("eve"), asked(nobody))
    body = posted(served, "ben", signed)

    assert nobody.post("/sign-in", body).code == "signature-invalid"


def test_a_stranger_is_told_that_the_passkey_is_unknown(
    served: World, nobody: Browser
) -> None:
    served.meet("mallory")
    body = posted(served, "mallory", assertion(served, "mallory", asked(nobody)))

    assert nobody.post("/sign-in", body).code == "credential-unknown"


@pytest.mark.parametrize("part", ["signature", "client_data", "authenticator_data"])
@pytest.mark.parametrize("text", ["", "=", "*", "A" * 5000])
def test_a_garbled_signature_is_refused(
    served: World, nobody: Browser, part: str, text: str
) -> None:
    body = posted(served, "ben", assertion(served, "ben", asked(nobody)))

    told = nobody.post("/sign-in", body | {part: text})

    assert told.status in (400, 403, 422)
    assert COOKIE not in nobody.client.cookies


def test_signing_out_ends_the_session_and_takes_the_cookie_back(
    served: World, ben: Browser
) -> None:
    assert ben.post("/sign-out").goes_to == "/sign-in"

    assert ben.client.cookies[COOKIE].value == ""
    assert ben.client.cookies[COOKIE]["secure"]
    assert served.events(1) == ["session.ended"]
    ben.client.cookies[COOKIE] = ben.token
    assert ben.get("/").goes_to == "/sign-in"


@pytest.mark.parametrize("service", ["dock", "console"])
def test_a_session_of_another_service_is_none_here_and_recorded(
    served: World, nobody: Browser, service: str
) -> None:
    nobody.client.cookies[COOKIE] = served.session("ben", service)

    assert nobody.get("/").goes_to == "/sign-in"

    entry = served.newest("session.refused")
    assert (entry["person"], entry["service"]) == (served.meet("ben").person, "keeper")


def test_an_idle_session_has_to_sign_in_again(served: World, ben: Browser) -> None:
    served.wait(minutes=14, seconds=59)
    assert ben.get("/").status == 200
    served.wait(minutes=15)
    assert ben.get("/").goes_to == "/sign-in"
    assert ben.post("/ask/export").code == "not-signed-in"
