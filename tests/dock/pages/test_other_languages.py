"""No page of the dock says anything that a translator was not given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import translation

from listkeep.dock.intake.models import Restore
from listkeep.dock.outlet.models import ExportRun
from listkeep.dock.outlet.returns.book import forget_book
from listkeep.dock.pages import runs, urls
from tests import pseudo
from tests.dock.conftest import Api, token_text
from tests.dock.letters import eml, subject_of
from tests.dock.pages.conftest import Browser, Page
from tests.dock.pages.links import CONFIRM, LEAVE, make_form, make_links
from tests.dock.pages.test_exports import run
from tests.dock.pages.test_import import GOOD, ODD, bring_in, check
from tests.dock.pages.test_look_up import look_up
from tests.dock.pages.test_send_pages import LETTER, hand_over
from tests.dock.test_incidents import found
from tests.fakes.keeper import FakeKeeper
from tests.house.messages import BUILDINGS

# What the fakes are called, and what is called the same everywhere.
DATA = frozenset(
    {
        *(
            "a test",
            "Hi {you}",
            "News of acme",
            "Zoe",
            "a b",
            "Hi [[first_name:sealed|you]]",
        ),
        *("drop", "Listkeep", "SHA-256", "UTC", settings.LISTKEEP_SEAL_ORIGIN),
        *("news", "acme", "ada", "ben", "sam", "warehouse", "people.csv"),
        *(
            "plan:text",
            "country:text",
            "plan",
            "country",
            "pro",
            "free",
            "DE",
            "first_name",
        ),
        *("City", "E-mail", "Plan", "Country", "Name", "Kontakt", "Tarif"),
        *("auto", "csv", "tsv", "jsonl", "text/plain", "text/html", "city"),
        *("News <news@example.com>", "www.example.com", "bytes", "KB"),
    }
)


@dataclass
class Elsewhere(Browser):
    """A browser that asks for a language nobody speaks, and looks at what it gets."""

    fetched: set[str] = field(default_factory=set)
    english: list[str] = field(default_factory=list)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        kind: str = "",
    ) -> Page:
        asked = {**headers, "Accept-Language": "en-XA"}
        page = super().send(method, path, asked, body, kind)
        if page.headers.get("content-type", "").startswith("text/html"):
            self._look_at(path, page)
        return page

    def _look_at(self, path: str, page: Page) -> None:
        plain = path.partition("?")[0].removeprefix("/")
        found = (each for each in urls.urlpatterns if each.resolve(plain))
        self.fetched.update(str(each.pattern) for each in found)
        if page.status != 303:
            assert '<html lang="en-xa">' in page.text, path
            self.english += pseudo.find_english(page.text, data=DATA)


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("locale")
    chosen = [each for each in BUILDINGS if each.name in ("looks", "dock")]
    pseudo.write_catalogue(folder, chosen)
    return folder


@pytest.fixture(autouse=True)
def _other_language(catalogues: Path) -> Iterator[None]:
    with override_settings(LANGUAGES=pseudo.LANGUAGES, LOCALE_PATHS=[catalogues]):
        yield
    translation.activate("en")


def coming_and_going(someone: Browser, person: Api, _news: str) -> None:
    assert someone.get("/").status == 401
    assert someone.get("/", **{"Sec-Fetch-Site": "cross-site"}).status == 200
    assert someone.get("/signed-in?code=x&state=y").status == 403
    someone.sign_in(person)

    home = someone.get("/")

    assert someone.get("/exports/none").status == 404
    assert someone.get("/", Host="evil.example").status == 403
    assert someone.submit(home, "/sign-out").status == 200
    someone.cookies["__Host-drop"] = "lks_gone"
    assert someone.get("/").status == 401


def looking_up(there: Browser, person: Api, news: str) -> None:
    keeper = there.sign_in(person).keeper
    for address in ("anna@example.com", "nobody@example.com", "dora@example.com"):
        assert look_up(there, news, address).status == 200
    assert look_up(there, news, "no address").status == 400
    sam = Elsewhere(keeper).sign_in(Api(keeper.add_person("sam", "", ("look-up",))))
    sam.get("/look-up")
    keeper.grant_reveal(news, [token_text(keeper, "anna@example.com")], by="ben")
    there.get("/look-up")


def importing(there: Browser, person: Api, news: str) -> None:
    there.sign_in(person)
    there.get("/import")
    check(there, news, GOOD)
    check(there, news, ODD)
    check(there, news, b"\0\1")
    check(there, news, GOOD, **{"column.address": "Plan"})
    done = bring_in(there, news, GOOD)
    failed = bring_in(there, news, b"\0\1")
    for sent in (done, failed):
        if sent.status == 303:
            there.get(sent.location)
    page = there.get("/import")
    assert there.submit(page, "/import", name="", facets="", fields="").status == 400


def exporting(there: Browser, person: Api, news: str) -> None:
    keeper = there.sign_in(person).keeper
    there.get("/exports")
    granted = keeper.grant_export(news, selection='plan = "pro"', cap=10, by="ben")
    there.get("/exports")
    sent = run(there, granted)
    for state in (ExportRun.State.RUNNING, ExportRun.State.FAILED):
        there.get(sent.location)
        ExportRun.objects.update(state=state)
        there.get(sent.location)
    there.get("/exports")
    page = there.get("/exports")
    assert there.submit(page, "/exports", request=granted, format="x").status == 403


def handing_over_and_sending(there: Browser, person: Api, news: str) -> None:
    keeper = there.sign_in(person).keeper
    subject = subject_of(LETTER)
    request = keeper.sign_send(news, **subject)
    there.get("/sends")
    keeper.grant_send(news, request=request, templates=(subject["templates"],))
    there.get("/sends")
    place = f"/sends/{request}"
    there.submit(there.get(place), place, act="start")
    there.get(hand_over(there, news))
    there.get(f"/templates/{news}")
    for act in ("start", "pause", "resume", "none"):
        there.submit(there.get(place), place, act=act)
    bad = eml("x", '<html><body><script>1</script><form action="x"></form></body>')
    token = there.get(f"/templates/{news}").field("token")
    refused = there.upload(f"/templates/{news}/shelve", {"token": token}, bad)
    assert refused.status == 400


def links_of_people_outside(someone: Browser, _person: Api, news: str) -> None:
    links = make_links(someone.keeper, news, "zoe@example.com")
    for path, button in ((links.leave, LEAVE), (links.confirm, CONFIRM)):
        assert someone.get(path).status == 200
        assert someone.post(path, button).status == 200
        assert someone.post(path, button, Origin="http://evil.example").status == 403
        assert someone.send("PUT", path, {}).status == 405
    forget_book()


def test_links_cannot_be_told_apart_in_another_language(
    keeper: FakeKeeper, news: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    links, someone = make_links(keeper, news, "zoe@example.com"), Elsewhere(keeper)

    for path, button in ((links.leave, LEAVE), (links.confirm, CONFIRM)):
        wrong = path[:-3] + "aaa"
        assert someone.get(path).content == someone.get(wrong).content
        true, made_up = someone.post(path, button), someone.post(wrong, button)
        assert true.content == made_up.content
        assert dict(true.headers) == dict(made_up.headers)
    forget_book()


def test_software_is_answered_in_english(keeper: FakeKeeper, ada: Api) -> None:
    browser = Browser(keeper)

    problem = browser.get("/v1/lists", **{"Accept-Language": "en-XA"})

    assert problem.status == 401
    assert "⟦" not in problem.text
    assert "content-language" not in problem.headers
    assert "Accept-Language" not in problem.headers.get("vary", "")


def working_on_an_incident(there: Browser, person: Api, news: str) -> None:
    place = f"/incidents/{found(there.sign_in(person).keeper, news)}"
    for fields in (
        {"act": "note", "note": "a test"},
        {"act": "note", "note": "1" * 501},
        {"act": "close", "reason": "ask anna@example.com"},
        {"act": "none"},
        {"act": "close", "reason": "a test"},
    ):
        there.submit(there.get(place), place, **fields)
    there.get(place)


def undoing(there: Browser, person: Api, news: str) -> None:
    there.sign_in(person)
    there.get(f"/lists/{news}/undo")
    place = f"/lists/{news}/undo?before=1"
    page = there.get(place)
    fields = {"before": "1", "to": page.field("to"), "latest": page.field("latest")}
    there.submit(page, place, **{**fields, "latest": "9"})
    there.submit(page, place, **{**fields, "before": "x"})
    there.submit(page, place)
    there.keeper.restore_budget = 0
    assert there.submit(page, place, **fields).status == 403
    there.keeper.restore_budget = 1_000
    sent = there.submit(page, place, **fields)
    assert sent.status == 303
    runs._pool.submit(int).result()
    for state in Restore.State:
        Restore.objects.update(state=state)
        there.get(sent.location)
    page = there.get(f"/lists/{news}/undo?before=1")
    there.keeper.grant_restore(news, moment=page.field("to"), cap=10, by="ben")
    there.get(f"/lists/{news}/undo?to={page.field('to').replace(':', '%3A')}")


def signing_up(someone: Browser, _person: Api, _news: str) -> None:
    intake = Api(someone.keeper.add_service("intake", "acme"))
    made = make_form(intake, fields={"name": "City"}, origins=[])
    place = f"/join/{made}"
    for address, name in (("", ""), ("zoe@example.com", "1" * 1001), ("a b", "Zoe")):
        assert someone.get(place).status == 200
        someone.post(place, {"address": address, "field.name": name})
    assert someone.post(place, {}, Origin="http://evil.example").status == 403
    assert someone.get("/join/none").status == 404


SCENES = (
    working_on_an_incident,
    undoing,
    signing_up,
    looking_up,
    importing,
    exporting,
    handing_over_and_sending,
    links_of_people_outside,
    coming_and_going,  # it ends the session
)
OF_AN_OWNER = (handing_over_and_sending, working_on_an_incident)
FILES = {"assets/<str:name>", "exports/<slug:run_id>/file"}


def test_each_page_says_nothing_that_was_not_looked_up(
    keeper: FakeKeeper, ben: Api, ada: Api, news: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched, english = set[str](), list[str]()
    for scene in SCENES:
        person = ada if scene in OF_AN_OWNER else ben
        scene(Elsewhere(keeper, fetched=fetched, english=english), person, news)

    assert set(english) == set()
    assert {str(each.pattern) for each in urls.urlpatterns} - FILES <= fetched
