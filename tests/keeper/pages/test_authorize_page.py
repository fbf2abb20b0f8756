"""The page on which a sign-in that began elsewhere is signed."""

import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from listkeep.core.grants import SignIn
from listkeep.keeper.pages.visits import COOKIE
from listkeep.wire.flows import begin_flow, challenge_of
from tests.keeper.flows import DOCK, DROP, LOOPBACK, Program, code_of
from tests.keeper.instance import SEAL, SERVICES
from tests.keeper.pages.browsing import Browser, Told, posted
from tests.keeper.world import World

CONSOLE = SERVICES["console"][0]
OTHERS = "https://evil.example/signed-in"


def path_of(program: Program) -> str:
    return program.begun.authorize_url("")


def asked_by(told: Told) -> SignIn:
    text = re.findall('data-statement="([^"]*)"', told.text)[0]
    return SignIn.parse(html.unescape(text).encode())


def sign(browser: Browser, path: str, name: str, *, at: str = "") -> Told:
    """Sign what one address asks for, and post it to another."""
    statement = asked_by(browser.get(path, site="cross-site"))
    signed = browser.world.meet(name).sign(statement)
    return browser.post(at or path, posted(browser.world, name, signed))


def test_a_sign_in_for_the_dock_goes_back_with_a_code(
    served: World, nobody: Browser
) -> None:
    dock = Program.of_dock(served)

    told = sign(nobody, path_of(dock), "ben")

    place = urlsplit(told.goes_to)
    assert f"{place.scheme}://{place.netloc}{place.path}" == DROP
    assert parse_qs(place.query)["state"] == [dock.begun.state]
    assert dock.redeem(code_of(told.goes_to)).name == "ben"
    assert COOKIE not in nobody.client.cookies  # no session of these pages
    assert nobody.get("/").goes_to == "/sign-in"


def test_the_page_says_who_asks_in_the_keepers_words(
    served: World, nobody: Browser
) -> None:
    dock = nobody.get(path_of(Program.of_dock(served)), site="cross-site")
    cli = nobody.get(path_of(Program.of_cli(served)), site="none")

    assert "Sign in to dock You come from http://drop.localhost:8480" in dock.plain
    assert "in this browser" in dock.plain
    assert "Sign in to keeper from the command line of this computer" in cli.plain
    assert "You come from http://127.0.0.1:50123" in cli.plain
    assert "in a terminal of this computer" in cli.plain
    for page in (dock, cli):
        assert page.status == 200
        assert "Signing in approves nothing" in page.plain


def test_who_is_signed_in_is_asked_all_the_same(served: World, ben: Browser) -> None:
    dock = Program.of_dock(served)

    page = ben.get(path_of(dock))

    assert asked_by(page).service == DOCK
    assert "Inbox" not in page.plain
    assert dock.redeem(code_of(sign(ben, path_of(dock), "ada").goes_to)).name == "ada"
    assert "ben" in ben.get("/me").plain


def test_a_link_shows_nothing_of_its_own(served: World, nobody: Browser) -> None:
    dock = Program.of_dock(served)

    page = nobody.get(path_of(dock), site="cross-site")

    assert dock.begun.state not in page.text
    assert challenge_of(dock.begun.verifier) not in page.text
    assert not re.search("data-(decision|term|request|challenges)=", page.text)
    assert not re.findall("<(?:a|form)[^>]*(?:evil|drop)", page.text)


@pytest.mark.parametrize(
    ("client", "redirect"),
    [
        (DOCK, OTHERS),
        (DOCK, LOOPBACK),
        (DOCK, f"{SEAL}/requests/r_aaaaaaaaaaaa"),
        (DOCK, f"{DROP}/../export"),
        (CONSOLE, DROP),
        ("cli", DROP),
        ("cli", "http://127.0.0.1:50123/requests"),
        ("cli", "http://127.0.0.1:50123@evil.example/"),
        ("cli", "javascript:alert(1)"),
        ("s_nobodynobody", DROP),
        ("<script>", DROP),
    ],
)
def test_nobody_is_sent_to_an_unregistered_redirect(
    nobody: Browser, client: str, redirect: str
) -> None:
    path = begin_flow(client, redirect=redirect).authorize_url("")

    page = nobody.get(path, site="cross-site")
    told = nobody.post(path)

    assert (page.status, told.status) == (403, 403)
    assert "Location" not in page.headers
    assert "nobody of this name signs people in from there" in page.plain
    assert "evil" not in page.text + told.text
    assert "data-statement" not in page.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("state=", "x="),
        ("challenge=", "state="),
        ("authorize?", "authorize?next=/requests/r_aaaaaaaaaaaa&"),
        ("authorize?", f"authorize?{urlencode({'redirect': OTHERS})}&"),
        ("&state=", f"&{urlencode({'redirect': OTHERS})}&state="),
    ],
)
def test_an_address_with_other_words_or_two_of_one_asks_nobody(
    served: World, nobody: Browser, before: str, after: str
) -> None:
    path = path_of(Program.of_dock(served)).replace(before, after)

    page = nobody.get(path, site="cross-site")

    assert page.status == nobody.post(path).status == 400
    assert "Location" not in page.headers
    assert "data-statement" not in page.text


@pytest.mark.parametrize("field", ["client", "redirect", "state", "challenge"])
@pytest.mark.parametrize(
    "text", ["", "\0", "\ud800", "\uff41", "a" * 20_000, "a\r\nLocation: /", "../", "%"]
)
def test_odd_words_are_refused_and_never_an_accident(
    served: World, nobody: Browser, field: str, text: str
) -> None:
    begun = Program.of_dock(served).begun
    words = {
        "client": begun.client,
        "redirect": begun.redirect,
        "state": begun.state,
        "challenge": challenge_of(begun.verifier),
    }
    query = urlencode({**words, field: text}, errors="surrogatepass")

    page = nobody.get(f"/authorize?{query}", site="cross-site")

    assert page.status == 403
    assert "Location" not in page.headers
    assert "data-statement" not in page.text


def test_a_signature_for_one_browsers_flow_finishes_no_other(
    served: World, nobody: Browser
) -> None:
    bens, mallorys = Program.of_dock(served), Program.of_dock(served)

    told = sign(nobody, path_of(bens), "ben", at=path_of(mallorys))

    assert told.code == served.newest("sign-in.refused")["code"] == "not-permitted"


def test_a_sign_in_for_the_dock_is_none_for_the_console_or_these_pages(
    served: World, nobody: Browser
) -> None:
    dock = Program.of_dock(served)
    cli = Program.of_cli(served, f"cli.{DOCK}")

    assert sign(nobody, path_of(dock), "ben", at=path_of(cli)).code == "not-permitted"
    assert sign(nobody, path_of(dock), "ben", at="/sign-in").code == "not-permitted"
    assert sign(nobody, "/sign-in", "ben", at=path_of(dock)).code == "not-permitted"
    assert COOKIE not in nobody.client.cookies


def test_an_approval_is_no_sign_in_here(served: World, nobody: Browser) -> None:
    view = served.ask_export("ben", served.list_with_rows(1), 1)
    body = posted(served, "ada", served.statement("ada", view, "approve"))

    told = nobody.post(path_of(Program.of_dock(served)), body)

    assert told.status == 400
    assert served.show("ben", view).state == "waiting"


def test_a_sign_in_that_was_signed_here_approves_nothing(
    served: World, ada: Browser
) -> None:
    view = served.ask_export("ben", served.list_with_rows(1), 1)
    statement = asked_by(ada.get(path_of(Program.of_dock(served))))
    body = posted(served, "ada", served.meet("ada").sign(statement))

    told = ada.post(f"/requests/{view.id}/sign", {**body, "rows": "1"})

    assert told.code == "message-invalid"
    assert served.newest("statement.refused")["request"] == view.id
    assert served.show("ben", view).state == "waiting"


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        (SEAL.replace("seal", "drop"), "cross-site"),
        (SEAL.replace("seal", "evil.seal"), "same-site"),
        ("null", "same-origin"),
        (SEAL, "same-site"),
        (SEAL, ""),
    ],
)
def test_another_page_cannot_post_a_signature_here(
    served: World, nobody: Browser, origin: str, site: str
) -> None:
    path = path_of(Program.of_dock(served))
    statement = asked_by(nobody.get(path))
    body = posted(served, "ben", served.meet("ben").sign(statement))

    told = nobody.post(path, body, origin=origin, site=site)

    assert told.code == "not-permitted"


def test_the_page_is_shown_alone_and_sends_no_form_away(
    served: World, nobody: Browser
) -> None:
    path = path_of(Program.of_dock(served))

    page = nobody.get(path, site="cross-site")
    framed = nobody.get(path, site="cross-site", **{"Sec-Fetch-Dest": "iframe"})

    rules = page.headers["Content-Security-Policy"]
    for rule in ("frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"):
        assert rule in rules
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert framed.status == 403
    assert "data-statement" not in framed.text
