"""Another origin wants the browser of somebody who is signed in to act for it."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.urls import get_resolver
from django.urls.resolvers import URLPattern

from listkeep.dock.pages import urls, views
from tests.dock.conftest import Api
from tests.dock.pages.conftest import ORIGIN, SEAL, Browser
from tests.fakes.keeper import FakeKeeper

EVIL = "https://evil.example"
SIBLING = "http://app.localhost:8480"
NAMES = {
    "run_id": "run",
    "list_id": "list",
    "import_id": "import",
    "request_id": "request",
    "digest": "digest",
    "incident_id": "incident",
    "restore_id": "restore",
}
FORMS = (
    *("/sign-out", "/exports", "/look-up", "/import"),
    *("/import/list/check", "/import/list/run"),
    *("/templates/list/shelve", "/sends/request", "/incidents/incident"),
    "/lists/list/undo",
)


def paths() -> Iterator[str]:
    for pattern in urls.urlpatterns:
        assert isinstance(pattern, URLPattern)
        path = f"/{pattern.pattern}"
        for name, value in NAMES.items():
            path = path.replace(f"<slug:{name}>", value)
        yield path


# For people without a session, with tests of their own: tests/dock/returns, sign_ups.
OUTSIDE = (
    *("/u/<str:alias>/<str:proof>", "/c/<str:alias>/<str:proof>"),
    "/join/<slug:form_id>",
)
PATHS = [p for p in paths() if not p.startswith("/assets/") and p not in OUTSIDE]


def test_every_page_is_among_these_and_reached_by_no_other_prefix() -> None:
    assert len(PATHS) == 21
    assert set(OUTSIDE) < set(paths())
    assert set(FORMS) < set(PATHS)
    assert get_resolver().resolve("/").func is views.home


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
        {"Origin": SIBLING, "Sec-Fetch-Site": "same-site"},
        {"Origin": SEAL, "Sec-Fetch-Site": "same-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": ""},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"},
        {"Origin": ORIGIN.upper()},
        {"Origin": f"{ORIGIN}.evil.example"},
    ],
    ids=lambda headers: "-".join(headers.values()),
)
def test_a_form_from_elsewhere_does_nothing(
    bens: Browser, keeper: FakeKeeper, path: str, headers: dict[str, str]
) -> None:
    token = bens.get("/").field("token")
    keeper.calls.clear()

    sent = {"token": token}
    for page in (
        bens.post(path, sent, **headers),
        bens.upload(path, sent, b"E-mail\nx@example.com\n", **headers),
    ):
        assert page.status == 403
        assert "sent from somewhere else" in page.words
    assert keeper.calls == []


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_the_token_of_this_session_does_nothing(
    bens: Browser, eves: Browser, keeper: FakeKeeper, news: str, path: str
) -> None:
    path = path.replace("/list/", f"/{news}/")
    tokens = ["", "x", "0" * 64, eves.get("/").field("token")]
    keeper.calls.clear()

    for token in tokens:
        fields = {"token": token} if token else {}
        if path.endswith(("/check", "/run", "/shelve")):  # with a file
            page = bens.upload(path, fields, b"E-mail\nx@example.com\n")
        else:
            page = bens.post(path, fields)
        assert page.status == 403, path
        assert "not sent from this page" in page.words
    assert set(keeper.calls) == {"who_am_i"}


def test_a_sign_in_is_begun_from_here_only(browser: Browser) -> None:
    page = browser.post("/sign-in", Origin=EVIL)

    assert (page.status, browser.cookies) == (403, {})


@pytest.mark.parametrize("path", PATHS)
def test_no_page_is_shown_in_a_frame_or_fetched(bens: Browser, path: str) -> None:
    for told in ("iframe", "frame", "object", "embed"):
        page = bens.get(path, **{"Sec-Fetch-Dest": told})
        assert page.status in (403, 405), path
    for mode in ("cors", "no-cors", "same-origin"):
        page = bens.get(path, **{"Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": "empty"})
        assert page.status in (403, 405), path


@pytest.mark.parametrize("path", [*PATHS, "/assets/listkeep.css"])
def test_every_answer_allows_as_little_as_there_is_to_allow(
    bens: Browser, path: str
) -> None:
    for page in (bens.get(path), Browser(bens.keeper).get(path)):
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; ")
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "script" not in policy
        assert "unsafe" not in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cross-origin-opener-policy"] == "same-origin"
        assert page.headers["cross-origin-resource-policy"] == "same-origin"
        permissions = page.headers["permissions-policy"]
        assert "publickey-credentials-get=()" in permissions
        assert "publickey-credentials-create=()" in permissions
        assert page.headers["referrer-policy"] == "same-origin"
        if path != "/assets/listkeep.css":
            assert page.headers["cache-control"] == "no-store"


def test_no_page_has_a_script_a_style_or_anything_from_elsewhere(
    bens: Browser, news: str
) -> None:
    for path in ("/", "/sign-in", "/exports", "/look-up", "/import", f"/import/{news}"):
        text = bens.get(path).text
        assert "<script" not in text
        assert "style=" not in text
        assert "<style" not in text
        assert " src=" not in text
        assert "onclick" not in text


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8480", "localhost:8480", "evil.example", "drop.localhost", ""]
)
def test_under_another_name_there_are_no_pages(bens: Browser, host: str) -> None:
    """A name of evil.example that points to this machine brings its own cookies."""
    page = bens.get("/", Host=host)

    assert page.status in (400, 403)
    assert "ben" not in page.words.split()


def test_the_api_answers_under_any_name_as_before(ben: Api) -> None:
    assert ben.get("/lists").status == 200


def test_plain_http_is_told_to_stay_away_once_the_origin_is_https(
    bens: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "strict-transport-security" not in bens.get("/").headers
    monkeypatch.setattr(settings, "LISTKEEP_DROP_ORIGIN", "https://drop.example")

    page = bens.get("/", Host="drop.example")

    assert page.status == 200
    assert page.headers["strict-transport-security"] == "max-age=31536000"


def test_a_method_a_page_is_not_for_is_refused(bens: Browser) -> None:
    page = bens.send("DELETE", "/exports", bens.own())

    assert (page.status, page.headers["allow"]) == (405, "GET, POST")


def test_a_page_that_breaks_says_nothing_of_why(
    bens: Browser, keeper: FakeKeeper, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise KeyError("planted@example.com")

    keeper.break_at("show_lists", fail)

    page = bens.get("/import")

    assert (page.status, "planted" in page.text) == (500, False)
    assert "planted" not in "".join(capsys.readouterr())
