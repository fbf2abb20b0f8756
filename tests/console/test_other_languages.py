"""No page says anything that a translator was not given, in whatever language."""

import os
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from django.test import override_settings
from django.utils import translation
from playwright.sync_api import Page, Route, sync_playwright

from listkeep.console.desk import urls
from listkeep.console.desk.wording import _TITLES
from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event
from tests import pseudo
from tests.console.conftest import ORIGIN, Buildings, Desk
from tests.console.everything import OUTCOMES, fill
from tests.house.messages import BUILDINGS

# What the fakes are called, and what is called the same everywhere.
DATA = frozenset(
    {
        *("Listkeep", "CSV", "UTC", "Cedar", "http://seal.localhost:8490"),
        *("news", "acme", "ada", "ben", "cleo", "shop", "relay", "studio", "plan"),
        *("pro", "Spring offers", "News <news@example.com>", "mail.example"),
        *("b.example", "r.example", "shop.example.com", "www.example.net"),
        *("first_name", "spring offers", "r_spring", "t_acme", "s_shop", "a_studio"),
        *("p_ada", "l_news", "x_relay", "http://seal.localhost:8471", "sealed"),
        *Event,  # codes
        *("campaigns", "something else", "r_old", "to r.example:587", "text"),
    }
)
STANDING = {"template": "a" * 64, "triggers": "basket", "cap": "9", "pace": "9"}
PAGES = [
    *("/", "/lists", "/lists/news", "/lists/news?segment=plan+%3D+%22pro%22"),
    *("/lists/news/count", "/lists/news/history", "/lists/news/send"),
    *("/lists/news/send/count", "/sends", "/sends/new", "/sends/r_spring"),
    *("/sends/r_spring/providers", "/requests", "/requests?state=denied"),
    *("/requests/r_spring", "/activity", "/activity/newer?after=0&looks=1"),
    *(
        "/activity/newer?after=0&looks=90",
        "/activity/0",
        "/activity/hours",
        "/people",
        "/incidents",
    ),
    *("/lists/news/undo", "/lists/news/undo?to=2026-01-05T12%3A00%3A00Z&rows=10"),
    *("/lists/news/standing", "/sends/r_letters"),
    *("/lists/news/copy", "/lists/news/copy/count"),
    *("/incidents/i_rows", "/freeze", "/freeze?action=unfreeze", "/settings"),
    *("/sign-in", "/signed-in", "/nothing", "/lists/other", "/sends/new?as=x"),
]
AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NO_PAGES = {"assets/<str:name>", "sign-out"}  # files, and a form's answer: see below


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("locale")
    chosen = [each for each in BUILDINGS if each.name in ("looks", "console")]
    pseudo.write_catalogue(folder, chosen)
    return folder


@pytest.fixture(autouse=True)
def other_language(catalogues: Path) -> Iterator[None]:
    with override_settings(LANGUAGES=pseudo.LANGUAGES, LOCALE_PATHS=[catalogues]):
        yield
    translation.activate("en")


@pytest.fixture
def full(buildings: Buildings, monkeypatch: pytest.MonkeyPatch) -> Buildings:
    fill(buildings, monkeypatch)
    return buildings


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("role", ["owner", "support", "custodian"])
def test_a_page_says_nothing_that_was_not_looked_up(
    ada: Desk, full: Buildings, path: str, role: str
) -> None:
    _be(full, role)

    answer = ada.get(path, **{"accept-language": "en-XA"})

    page = answer.content.decode()
    assert not pseudo.find_english(page, data=DATA)
    assert not page.startswith("<!doctype") or '<html lang="en-xa">' in page


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_page_says_nothing_that_was_not_looked_up(
    ada: Desk, buildings: Buildings, path: str
) -> None:
    buildings.lists, buildings.shelf = (), ()

    page = ada.get(path, **{"accept-language": "en-XA"}).content.decode()

    assert not pseudo.find_english(page, data=DATA)


@pytest.mark.parametrize("state", ["running", "paused", "stopped", "done"])
@pytest.mark.parametrize("pace", ["0", "500"])
def test_a_send_is_told_in_words_however_it_stands(
    ada: Desk, full: Buildings, state: str, pace: str
) -> None:
    progress = msgspec.structs.replace(OUTCOMES.progress, state=state, code="frozen")
    full.outcomes = msgspec.structs.replace(OUTCOMES, progress=progress)

    for path in ("/sends", "/sends/r_spring"):
        page = ada.get(path, **{"accept-language": "en-XA"}).content.decode()
        assert not pseudo.find_english(page, data=DATA)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/freeze", {"class": "campaigns", "action": "freeze"}),
        ("/freeze", {"action": "none"}),
        ("/lists/news/send", {}),
        ("/lists/news/send", {"template": "a" * 64, "cap": "many"}),
        ("/lists/news/send", {"template": "a" * 64, "cap": "1", "pace": "x"}),
        ("/lists/news/send", {"template": "a" * 64, "cap": "1", "days": "0"}),
        ("/lists/news/send", {"template": "a" * 64, "cap": "1", "days": "99"}),
        ("/lists/news/send", {"template": "a" * 64, "cap": "1"}),
        ("/lists/news/standing", {}),
        ("/lists/news/standing", {"template": "a" * 64, "triggers": "ü"}),
        ("/lists/news/standing", {**STANDING, "cap": "many"}),
        ("/lists/news/standing", {**STANDING, "days": "91"}),
        ("/lists/news/standing", {**STANDING, "template": ["a" * 64] * 13}),
        ("/lists/news/standing", STANDING),
        ("/lists/news/undo", {"rows": "0"}),
        ("/lists/news/undo", {"rows": "1", "to": "yesterday"}),
        ("/lists/news/undo", {"rows": "1", "to": "2026-01-05T12:00:00Z"}),
        ("/sign-out", {}),
    ],
)
def test_the_answer_to_a_form_says_nothing_that_was_not_looked_up(
    ada: Desk, full: Buildings, path: str, fields: dict[str, str | list[str]]
) -> None:
    given = {"token": ada.token, **fields}

    page = ada.post(path, given, **{"accept-language": "en-XA"}).content.decode()

    assert "⟦" in page
    assert not pseudo.find_english(page, data={*DATA, "r_draft"})


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"sec-fetch-dest": "iframe"},
        {"sec-fetch-mode": "cors", "sec-fetch-site": "cross-site"},
    ],
)
def test_a_refusal_at_the_door_is_looked_up_as_well(
    ada: Desk, full: Buildings, headers: dict[str, str]
) -> None:
    page = ada.get("/", **{"accept-language": "en-XA", **headers}).content.decode()

    assert not pseudo.find_english(page, data=DATA)


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_a_form_from_elsewhere_is_refused_in_words_that_were_looked_up(
    ada: Desk, full: Buildings, origin: str
) -> None:
    headers = {"accept-language": "en-XA", "origin": origin}

    page = ada.post("/freeze", {"token": "x"}, **headers).content.decode()

    assert not pseudo.find_english(page, data=DATA)


def test_a_session_that_ended_is_said_in_words_that_were_looked_up(
    full: Buildings,
) -> None:
    for session in ("lks_gone", ""):
        page = Desk(session).get("/", **{"accept-language": "en-XA"}).content.decode()
        assert not pseudo.find_english(page, data=DATA)


def test_each_address_of_the_console_is_fetched_in_another_language() -> None:
    patterns = {str(each.pattern) for each in urls.urlpatterns} - NO_PAGES
    fetched = {path.partition("?")[0].strip("/") for path in PAGES}
    found = {
        str(each.pattern)
        for each in urls.urlpatterns
        for path in fetched
        if each.resolve(path)
    }

    assert patterns <= found


def test_each_action_has_a_title() -> None:
    assert set(_TITLES) == {str(action) for action in Action}


def test_english_that_was_not_looked_up_is_found() -> None:
    page = '<html lang="en-xa"><p title="Sign in">⟦Ŝîĝñ⟧ in <code>now</code> 12 ada'

    assert pseudo.find_english(page, data={"ada"}) == ["Sign in", "in"]


def _be(buildings: Buildings, role: str) -> None:
    buildings.tenant = "t_acme" if role == "owner" else ""
    buildings.role = ("view",) if role == "support" else buildings.role


# --- attackers ---


@pytest.mark.parametrize(
    "asked",
    [
        *("", "*", "xx", "de", "tlh, *;q=0.1", "en-us-x-twain"),
        *("../../../../etc/passwd", "en/../../keys", "..%2f..%2fen_XA", "/etc"),
        *("<script>alert(1)</script>", '"><img src=x>', "{{ settings }}", "%(x)s"),
        *("en\x00xa", "a" * 5_000, "en," * 3_000, "en;q=" + "9" * 4_000, "é-XA"),
    ],
)
def test_whoever_asks_for_no_language_we_have_reads_english(
    ada: Desk, full: Buildings, asked: str
) -> None:
    answer = ada.get("/", **{"accept-language": asked})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert '<html lang="en">' in page
    assert "⟦" not in page
    assert answer["Content-Language"] == "en"
    assert "alert(1)" not in page
    assert "alert(1)" not in str(answer.headers)


def test_a_language_changes_nothing_of_what_a_browser_may_load_or_keep(
    ada: Desk, full: Buildings
) -> None:
    english, other = ada.get("/"), ada.get("/", **{"accept-language": "en-XA"})

    for name in ("Content-Security-Policy", "Cache-Control", "Permissions-Policy"):
        assert english[name] == other[name]
    assert "Set-Cookie" not in other.headers
    assert other["Content-Language"] == "en-xa"
    assert "Accept-Language" in other["Vary"]


def test_names_from_outside_are_escaped_in_a_text_with_places(
    ada: Desk, full: Buildings
) -> None:
    evil = '"><script>alert(1)</script>%(title)s{list}'
    full.lists = (msgspec.structs.replace(full.lists[0], name=evil),)

    for path in ("/lists/l_news/history", "/lists/l_news/send"):
        page = ada.get(path, **{"accept-language": "en-XA"}).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;%(title)s{list}" in page


def test_a_person_reads_on_in_english_after_somebody_else_did_not(
    ada: Desk, full: Buildings
) -> None:
    assert "⟦" in ada.get("/", **{"accept-language": "en-XA"}).content.decode()

    assert "⟦" not in ada.get("/").content.decode()


def test_no_page_grows_beyond_its_bound_in_a_longer_language(
    ada: Desk, full: Buildings
) -> None:
    for path in PAGES:
        content = ada.get(path, **{"accept-language": "en-XA"}).content
        assert len(content) <= 60_000, path


# --- in a browser ---


@pytest.fixture
def page(full: Buildings) -> Iterator[Page]:
    """Show the console's pages in Chromium, as this process makes them."""
    if shutil.which("chromium") is None and not os.environ.get("CI"):
        pytest.skip("there is no chromium on the PATH: apt-get install chromium")

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        told = {"accept-language": "en-XA"}
        told["hx-request"] = route.request.headers.get("hx-request", "false")
        made = Desk().get(path, **told)
        route.fulfill(
            status=made.status_code, headers=dict(made.headers), body=made.getvalue()
        )

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or "chromium",
            args=("--no-sandbox", "--disable-gpu"),
        )
        page = browser.new_page(bypass_csp=True, viewport={"width": 390, "height": 844})
        page.route("**/*", answer)
        yield page
        browser.close()


def test_texts_a_third_longer_fit_on_a_telephone_and_keep_nobody_out(
    page: Page,
) -> None:
    too_wide, found = {}, {}
    for path in PAGES:
        if "/newer" in path or "/count" in path:
            continue  # parts of a page, and no page
        page.goto(f"{ORIGIN}{path}")
        page.evaluate(AXE)
        told = page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS
        )
        found[path] = [each["id"] for each in told["violations"]]
        too_wide[path] = page.evaluate("document.documentElement.scrollWidth") - 390

    assert {path: more for path, more in too_wide.items() if more > 0} == {}
    assert {path: names for path, names in found.items() if names} == {}
