"""Every address of the pages, posted to with what its form nearly would send.

Judged or refused with a page of ours: never an accident, never a typed address
outside the field it was typed into, and of the keeper nothing is asked that the form
is not for.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

import pytest
from django.urls.resolvers import URLPattern
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listkeep.dock.lists.models import Entry
from listkeep.dock.outlet.returns.book import forget_book
from listkeep.dock.pages import runs, urls
from tests.dock.conftest import Api
from tests.dock.pages.conftest import BOUNDARY, Browser, Page, multipart
from tests.dock.pages.links import (
    CONFIRM,
    LEAVE,
    Links,
    forget_noted,
    make_form,
    make_links,
    noted,
)
from tests.dock.pages.test_import import GOOD, ODD
from tests.fakes.keeper import FakeKeeper
from tests.property.bending import bent
from tests.property.near_misses import PLANTED, TEXTS, forms_near, typed_near

FORM = "application/x-www-form-urlencoded"
FILES = f"multipart/form-data; boundary={BOUNDARY}"
KINDS = (
    *("application/json", "text/plain", "", "multipart/form-data", FILES, "a" * 5000),
    *(f"{FORM}; charset=utf-16", f"{FORM}; charset=none", f"{FORM}, {FORM}"),
    *("multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 71}"),
)
PEOPLE = ("ben", "ben", "ben", "eve", "sam", "nobody")
SEARCHED = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck)
)
ASKED = frozenset({"who_am_i", "authorize", "show_lists", "show_requests"})
IMPORTED = frozenset(
    {"start_import", "seal_rows", "find_gone", "finish_import", "extend_list"}
)
FILE = st.sampled_from(
    (
        *(GOOD, ODD, b"", b"\x00", b"E-mail\n", b"\xff\xfeE\x00", b'"' * 5000),
        f"E-mail,Plan\n{PLANTED},pro\n{PLANTED} ,\x00\nx{PLANTED}@,pro\n".encode(),
        f'{{"email": "{PLANTED}", "plan": ["{PLANTED}"]}}\n'.encode(),
        f"E-mail,{PLANTED}\nida@example.com,pro\n".encode(),
        f"{PLANTED},pro\n{PLANTED},free\n".encode(),
    )
) | bent(GOOD)


@dataclass
class Stage:
    """A list, a copy that was granted, and people with a browser each."""

    keeper: FakeKeeper
    people: dict[str, Api]
    list_id: str
    copy: str
    links: Links  # of somebody outside
    form: str
    browsers: dict[str, Browser] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.principals = dict(self.keeper.principals)

    def path(self, place: str) -> str:
        """Fill in what only this stage has."""
        names = {
            "LIST": self.list_id,
            "LEAVE": self.links.leave,
            "CONFIRM": self.links.confirm,
            "FORM": self.form,
        }
        for name, real in names.items():
            place = place.replace(name, real)
        return place

    def browser(self, who: str) -> tuple[Browser, str]:
        """Give somebody's browser, signed in anew if need be, and its form's token."""
        if who not in self.people:
            return Browser(self.keeper), "0" * 64
        if self.keeper.principals != self.principals:  # somebody signed out
            self.keeper.principals.update(self.principals)
            self.browsers.clear()
        if who not in self.browsers:
            self.browsers[who] = Browser(self.keeper).sign_in(self.people[who])
        browser = self.browsers[who]
        return browser, browser.get("/").field("token")


@dataclass(frozen=True)
class Address:
    """Where something is posted, what would fit, and what it may ask of the keeper."""

    place: str
    fits: Callable[[Stage], dict[str, str]] = lambda _: {}
    asks: frozenset[str] = frozenset()
    has_file: bool = False
    is_open: bool = False  # to whoever comes
    has_link: bool = False  # which is all that whoever comes needs


def fields_of_import(_: Stage) -> dict[str, str]:
    return {
        "format": "auto",
        "sha256": "",
        "request": "",
        "column.address": "E-mail",
        "column.plan": "",
        "column.status": "",
        "no_status": "on",
    }


ADDRESSES: dict[str, Address] = {
    "": Address("/"),
    "sign-in": Address("/sign-in", is_open=True),
    "signed-in": Address("/signed-in", is_open=True),
    "sign-out": Address("/sign-out", asks=frozenset({"end_session"})),
    "assets/<str:name>": Address("/assets/listkeep.css", is_open=True),
    "exports": Address(
        "/exports",
        lambda stage: {"request": stage.copy, "format": "csv"},
        frozenset({"run_export", "fetch_export"}),
    ),
    "exports/<slug:run_id>": Address("/exports/e_1"),
    "exports/<slug:run_id>/file": Address("/exports/e_1/file"),
    "look-up": Address(
        "/look-up",
        lambda stage: {"list": stage.list_id, "address": PLANTED},
        frozenset({"look_up"}),
    ),
    "import": Address(
        "/import",
        lambda _: {"name": "shop", "facets": "plan:text", "fields": "city"},
        frozenset({"create_list"}),
    ),
    "import/<slug:list_id>": Address("/import/LIST"),
    "import/<slug:list_id>/check": Address(
        "/import/LIST/check", fields_of_import, has_file=True
    ),
    "import/<slug:list_id>/run": Address(
        "/import/LIST/run", fields_of_import, IMPORTED, has_file=True
    ),
    "imports/<slug:import_id>": Address("/imports/i_1"),
    "templates/<slug:list_id>": Address("/templates/LIST"),
    "templates/<slug:list_id>/shelve": Address("/templates/LIST/shelve", has_file=True),
    "templates/<slug:list_id>/<slug:digest>": Address("/templates/LIST/0a0a"),
    "sends": Address("/sends"),
    "sends/<slug:request_id>": Address("/sends/r_1", lambda _: {"act": "start"}),
    "incidents/<slug:incident_id>": Address(
        "/incidents/n_1",
        lambda _: {"act": "note", "note": "a note"},
        frozenset({"show_incidents"}),
    ),
    "lists/<slug:list_id>/undo": Address(
        "/lists/LIST/undo",
        lambda _: {"before": "1", "latest": "1"},
        frozenset({"start_restore", "reseal_rows", "finish_restore"}),
    ),
    "undos/<slug:restore_id>": Address("/undos/u_1"),
    "u/<str:alias>/<str:proof>": Address(
        "LEAVE",
        lambda _: LEAVE,
        frozenset({"read_sends"}),
        is_open=True,
        has_link=True,
    ),
    "join/<slug:form_id>": Address(
        "/join/FORM",
        lambda _: {"address": PLANTED, "field.name": "Nora", "leave_empty": ""},
        frozenset({"start_import", "seal_rows", "seal_packed"}),
        is_open=True,
    ),
    "c/<str:alias>/<str:proof>": Address(
        "CONFIRM",
        lambda _: CONFIRM,
        frozenset({"read_sends"}),
        is_open=True,
        has_link=True,
    ),
}


def test_every_address_is_posted_to() -> None:
    found = set()
    for pattern in urls.urlpatterns:
        assert isinstance(pattern, URLPattern)
        found.add(str(pattern.pattern))
    assert set(ADDRESSES) == found


@pytest.fixture(autouse=True)
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(runs, "_pool", ThreadPoolExecutor(1))
    yield
    forget_book()


@pytest.fixture
def stage(keeper: FakeKeeper, ben: Api, eve: Api, news: str) -> Stage:
    sam = Api(keeper.add_person("sam", "", rights=()))
    copy = keeper.grant_export(news, selection='plan = "pro"', cap=10, by="ben")
    links = make_links(keeper, news, PLANTED)
    people = {"ben": ben, "eve": eve, "sam": sam}
    form = make_form(Api(keeper.add_service("intake", "acme")), fields={"name": "Name"})
    return Stage(keeper, people, news, copy, links, form)


def bodies(address: Address, fits: dict[str, str]) -> st.SearchStrategy[bytes]:
    if not address.has_file:
        return forms_near(fits)
    names = TEXTS.filter(lambda text: len(text) < 200)
    whole = st.builds(_multipart, typed_near(fits), FILE, names | st.just("a.csv"))
    return whole | whole | whole.flatmap(bent) | forms_near(fits)


def _multipart(pairs: list[tuple[str, str]], content: bytes, name: str) -> bytes:
    fields = {key: _plain(value) for key, value in pairs if len(key) < 200}
    fields = {_plain(key): value for key, value in fields.items()}
    return multipart(fields, content, name=_plain(name))


def _plain(text: str) -> str:
    return text.encode(errors="replace").decode()


CHANGING = {"start_import", "start_restore"}  # what permits to change entries


@pytest.mark.parametrize("name", ["exports", "look-up", "import"])
def test_a_form_that_fits_is_taken(stage: Stage, name: str) -> None:
    """Otherwise what is bent of it would be refused before anybody read it."""
    address, (browser, token) = ADDRESSES[name], stage.browser("ben")

    page = browser.post(address.place, {**address.fits(stage), "token": token})

    assert page.status in (200, 303), page.words


@pytest.mark.parametrize("way", ["check", "run"])
def test_a_file_that_fits_is_taken(stage: Stage, way: str) -> None:
    browser, token = stage.browser("ben")
    fields = {**fields_of_import(stage), "token": token}

    page = browser.upload(f"/import/{stage.list_id}/{way}", fields, GOOD)

    assert page.status == (200 if way == "check" else 303), page.words


@pytest.mark.parametrize(
    "content",
    [
        f"E-mail,{PLANTED}\nida@example.com,pro\n",
        f"{PLANTED},pro\n{PLANTED},free\n",
        f"E-mail,Plan\n{PLANTED},pro\nx{PLANTED}@,pro\n",
    ],
    ids=["in a column's name", "without a first line", "in cells"],
)
def test_an_address_in_a_file_is_nowhere_on_the_page(
    stage: Stage, content: str
) -> None:
    browser, token = stage.browser("ben")
    fields = {**fields_of_import(stage), "token": token}

    for way in ("check", "run"):
        path = f"/import/{stage.list_id}/{way}"
        page = browser.upload(path, fields, content.encode(), file_name=PLANTED)
        _require_ours(page)
        if page.status == 303:
            _require_ours(browser.get(page.location))


@pytest.mark.parametrize("name", ADDRESSES)
def test_nothing_that_is_posted_is_an_accident(
    stage: Stage,
    name: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    address, keeper = ADDRESSES[name], stage.keeper
    place = stage.path(address.place)
    right = FILES if address.has_file else FORM

    @SEARCHED
    @given(
        body=bodies(address, address.fits(stage)),
        who=st.sampled_from(PEOPLE),
        kind=st.just(right) | st.sampled_from(KINDS),
        has_token=st.sampled_from((True, True, True, False)),
    )
    def search(body: bytes, who: str, kind: str, *, has_token: bool) -> None:
        browser, token = stage.browser(who)
        entries = Entry.objects.count()
        forget_noted()
        keeper.calls.clear()
        sent = _with_token(body, token, has_file=address.has_file and kind == FILES)
        page = browser.send(
            "POST", place, browser.own(), sent if has_token else body, kind
        )
        runs._pool.submit(int).result()  # the one thread is free again

        _require_ours(page)
        if page.status == 303 and page.location.startswith("/"):
            _require_ours(browser.get(page.location))
        if not address.is_open and (who == "nobody" or not has_token):
            assert page.status in (400, 401, 403, 405, 413), page.words
            assert set(keeper.calls) <= {"who_am_i"}
        assert set(keeper.calls) <= ASKED | address.asks
        if not CHANGING & set(keeper.calls):
            assert Entry.objects.count() == entries
        if noted():
            assert _is_pressed(address, stage, body)
            assert kind.startswith(FORM)

    search()
    assert PLANTED not in caplog.text
    assert PLANTED not in "".join(capsys.readouterr())


def _is_pressed(address: Address, stage: Stage, body: bytes) -> bool:
    """Tell whether a form could be that of the button, however it is written."""
    said = unquote_plus(body.decode("latin-1"))
    pairs = address.fits(stage).items()
    return address.has_link and all(n in said and v in said for n, v in pairs)


def _require_ours(page: Page) -> None:
    """Require an answer of ours, which repeats an address only where it was typed."""
    assert page.status < 500, page.words
    outside = re.sub(r'(<input name="[^"]*") value="[^"]*"', r"\1", page.text)
    assert PLANTED not in outside
    assert PLANTED not in str(dict(page.headers))


def _with_token(body: bytes, token: str, *, has_file: bool) -> bytes:
    """Put the token in front, as our own pages do: it is not what is tried here."""
    if has_file:
        part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="token"\r\n\r\n'
        return f"{part}{token}\r\n".encode() + body
    return f"token={token}&".encode() + body
