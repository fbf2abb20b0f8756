import pytest
from django.test import override_settings
from django.urls import get_resolver

from listkeep.keeper.pages.guard import HEADERS
from listkeep.keeper.pages.visits import form_token
from listkeep.keeper.project.settings import CONFIG
from tests.keeper.instance import SEAL
from tests.keeper.pages.browsing import HOST, Browser
from tests.keeper.world import World

PAGES = ("/", "/sign-in", "/ask", "/ask/export", "/me", "/requests/r_aaaaaaaaaaaa")
ELSEWHERE = ("cross-site", "same-site", "none", "")


def policy(browser: Browser, path: str = "/") -> dict[str, str]:
    text = browser.get(path).headers["Content-Security-Policy"]
    return dict(part.strip().partition(" ")[::2] for part in text.split(";"))


@pytest.mark.parametrize(
    "path", [*PAGES, "/nothing", "/static/seal.js", "/.well-known/webauthn", "/alive"]
)
def test_every_answer_carries_every_header(ben: Browser, path: str) -> None:
    for told in (ben.get(path), ben.post(path), ben.send("PUT", path, site="")):
        assert {name: told.headers.get(name) for name in HEADERS} == HEADERS


def test_nothing_is_loaded_run_or_framed_but_our_own(ben: Browser) -> None:
    rules = policy(ben)

    assert rules["default-src"] == rules["frame-ancestors"] == "'none'"
    assert rules["base-uri"] == rules["trusted-types"] == "'none'"
    assert {rules[name] for name in rules if name.endswith("-src")} == {
        "'none'",
        "'self'",
    }
    assert rules["form-action"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in str(rules)


def test_passkeys_are_for_this_page_and_everything_else_is_off(ben: Browser) -> None:
    text = ben.get("/").headers["Permissions-Policy"]
    allowed = [rule for rule in text.split(", ") if not rule.endswith("=()")]

    assert allowed == [
        "publickey-credentials-get=(self)",
        "publickey-credentials-create=(self)",
        "clipboard-write=(self)",
    ]


def test_only_behind_tls_browsers_are_told_to_stay_there(served: World) -> None:
    assert "Strict-Transport-Security" not in Browser(served).get("/alive").headers
    secure = type("Config", (), {"seal_origin": "https://seal.example.com"})()
    with override_settings(CONFIG=secure):
        told = Browser(served).get("/alive", Host="seal.example.com")
    assert "max-age" in told.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("path", ["/.well-known/webauthn", "/.well-known/x", "/v1"])
def test_no_other_origin_is_let_ask_in_our_name(ben: Browser, path: str) -> None:
    for site in ("same-origin", *ELSEWHERE):
        assert ben.get(path, site=site).status == 404


@pytest.mark.parametrize(
    "host",
    [
        *("", "localhost", "127.0.0.1", "keeper", "seal.localhost", f"{HOST}.", "x"),
        *(f"evil.{HOST}", HOST.upper(), HOST.replace("8471", "8472"), f"{HOST}@x"),
    ],
)
def test_another_host_name_is_nobody(ben: Browser, host: str) -> None:
    told = ben.get("/alive", Host=host)

    assert told.status in (400, 421)
    assert HEADERS.items() <= told.headers.items()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_pages_are_read_and_posted_and_nothing_else(ben: Browser, method: str) -> None:
    assert ben.send(method, "/", site="same-origin", Origin=SEAL).status == 400


@pytest.mark.parametrize("frame", ["iframe", "frame", "embed", "object"])
def test_a_page_is_not_shown_inside_another(ben: Browser, frame: str) -> None:
    headers = {"Sec-Fetch-Dest": frame}

    assert ben.get("/", **headers).status == 403
    assert ben.get("/me", **headers).status == 403


@pytest.mark.parametrize("site", ELSEWHERE)
@pytest.mark.parametrize("path", [path for path in PAGES if path not in PAGES[:2]])
def test_whoever_comes_from_elsewhere_lands_in_the_inbox(
    ben: Browser, path: str, site: str
) -> None:
    told = ben.get(path, site=site)

    assert (told.status, told.goes_to) == (303, "/")


def test_a_link_elsewhere_to_one_request_leads_to_the_inbox_not_to_it(
    served: World, ada: Browser
) -> None:
    view = served.ask_export("ben", served.list_with_rows(1), 1)

    assert ada.get(f"/requests/{view.id}").status == 200
    for site in ELSEWHERE:
        assert ada.get(f"/requests/{view.id}", site=site).goes_to == "/"


def test_a_typed_address_finds_the_inbox(ben: Browser, nobody: Browser) -> None:
    assert ben.get("/", site="none").status == 200
    assert nobody.get("/", site="none").goes_to == "/sign-in"


def test_a_link_that_left_the_cookie_behind_is_followed_again(nobody: Browser) -> None:
    for site in ("cross-site", "same-site"):
        told = nobody.get("/", site=site)
        assert told.status == 200
        assert 'data-page="arriving"' in told.text
    assert nobody.get("/").goes_to == "/sign-in"


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "http://app.localhost:8471"},
        {"origin": "http://seal.localhost"},
        {"origin": "https://seal.localhost:8471"},
        {"origin": f"{SEAL}/"},
        {"origin": "null"},
        {"origin": ""},
        {"site": "cross-site"},
        {"site": "same-site"},
        {"site": "none"},
        {"site": ""},
    ],
    ids=str,
)
def test_a_form_of_another_page_is_not_taken(
    ben: Browser, changes: dict[str, str]
) -> None:
    for path in ("/sign-out", "/sign-in", "/me/sessions/end", "/ask/export"):
        told = ben.post(path, **changes)
        assert (told.status, told.code) == (403, "not-permitted")
    assert ben.get("/").status == 200


def test_a_form_of_another_session_is_not_taken(served: World, ben: Browser) -> None:
    other = Browser(served, "ada")
    for form in ("", "x", "0" * 64):
        assert ben.post("/sign-out", form=form).code == "not-permitted"
    ben.client.cookies["__Host-listkeep"] = other.token
    assert ben.post("/sign-out").code == "not-permitted"


def test_no_wire_message_is_answered_on_the_pages(ben: Browser) -> None:
    for path in ("/v1/health", "/v1/requests/show", "/v1/sign-in/finish"):
        kind = {"Content-Type": "application/vnd.listkeep+msgpack"}
        assert ben.post(path, **kind).status == 404


def test_no_page_is_answered_on_the_socket(world: World) -> None:
    routes = {
        str(pattern.pattern)
        for entry in get_resolver("listkeep.keeper.project.urls").url_patterns
        for pattern in getattr(entry, "url_patterns", [entry])
    }

    assert "requests/show" in routes
    assert not routes & {"sign-in", "ask", "me", "alive"}
    browser = Browser(world, "ben")
    for path in PAGES:
        told = browser.get(path, Host="keeper")
        assert "text/html" not in told.headers["Content-Type"]


STRANGERS = {
    "": 303,
    "alive": 204,
    "sign-in": 200,
    "sign-out": 303,
    "authorize": 400,
    "ask": 303,
    "ask/export": 303,
    "demo": 404,
    "enrol": 200,
    "enrol/statement": 400,
    "enrol/key": 400,
    "enrol/finish": 400,
    "enrol/vouch": 400,
    "enrol/founded": 400,
    "invitations": 303,
    "invitations/ask": 303,
    "me": 303,
    "me/sessions/end": 303,
    "static/seal.css": 200,
    "requests/r_aaaaaaaaaaaa": 303,
    "requests/r_aaaaaaaaaaaa/sign": 303,
    "reveal/r_aaaaaaaaaaaa": 303,
}


def test_each_address_is_known_here_with_what_a_stranger_gets(nobody: Browser) -> None:
    patterns = get_resolver("listkeep.keeper.pages.urls").url_patterns

    assert len(patterns) == len(STRANGERS) + 1  # the last one takes all others
    got = {path: nobody.get(f"/{path}").status for path in STRANGERS}
    assert got == STRANGERS
    for path, status in got.items():
        if status == 303:
            assert nobody.get(f"/{path}").goes_to == "/sign-in"
            assert nobody.post(f"/{path}").code == "not-signed-in"


def test_eve_is_told_that_there_is_no_such_request(served: World) -> None:
    view = served.ask_export("ben", served.list_with_rows(1), 1)
    eve = Browser(served, "eve")

    for path in (f"/requests/{view.id}", f"/reveal/{view.id}"):
        assert eve.get(path).status == 404
    assert eve.sign(view, "approve", rows="1").code == "not-permitted"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"x":1}', b"\xff"])
def test_what_the_page_does_not_send_is_refused_without_repeating_it(
    ben: Browser, body: bytes
) -> None:
    response = ben.client.generic(
        "POST",
        "/ask/export",
        body,
        content_type="application/json",
        headers={
            "Host": HOST,
            "Origin": SEAL,
            "Sec-Fetch-Site": "same-origin",
            "X-Listkeep-Form": form_token(ben.token),
        },
    )

    assert response.status_code == 400


def test_the_pages_listen_where_the_origin_says_unless_told_otherwise() -> None:
    assert CONFIG.listens_on == 8471
