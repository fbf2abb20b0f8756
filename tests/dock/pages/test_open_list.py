import pytest

from listkeep.core.errors import Code, MalformedError, UnavailableError
from tests.dock.conftest import Api
from tests.dock.pages.conftest import Browser, Page
from tests.dock.pages.test_import import GOOD, bring_in
from tests.fakes.keeper import FakeKeeper


def open_list(browser: Browser, **fields: str) -> Page:
    return browser.submit(browser.get("/import"), "/import", **fields)


def test_a_list_is_opened_and_filled_without_a_command_line(
    bens: Browser, keeper: FakeKeeper
) -> None:
    assert "Open one below." in bens.get("/import").words

    opened = open_list(bens, name=" news ", facets="plan:text  country:text")

    assert opened.status == 303
    [record] = keeper.lists.values()
    assert (record.name, record.tenant) == ("news", "acme")
    assert (record.facets, record.fields) == (("plan:text", "country:text"), ())
    assert opened.location == f"/import/{record.id}"
    assert "Import into news" in bens.get(opened.location).words
    done = bens.get(bring_in(bens, record.id, GOOD).location)
    assert "Rows 2" in done.words
    assert "news with plan:text, country:text" in bens.get("/import").words


def test_sealed_fields_may_be_named(bens: Browser, keeper: FakeKeeper) -> None:
    open_list(bens, name="shop", fields="first_name\tcity")

    [record] = keeper.lists.values()
    assert (record.facets, record.fields) == ((), ("first_name", "city"))


@pytest.mark.parametrize(
    "typed",
    [
        {"name": "news", "facets": "plan:colour"},
        {"name": "news", "facets": "plan"},
        {"name": "news", "facets": "plan:text plan:int"},
        {"name": "news", "facets": "plan:text", "fields": "plan"},
        {"name": "news", "fields": "city city"},
        {"name": "news", "facets": " ".join(f"f{n}:text" for n in range(33))},
        {"name": "No name"},
        {"name": "taken"},
    ],
    ids=lambda typed: "-".join(typed.values())[:30],
)
def test_what_cannot_be_opened_is_told_as_the_api_tells_it_and_stays_typed(
    bens: Browser, ben: Api, keeper: FakeKeeper, typed: dict[str, str]
) -> None:
    ben.open_list("taken")
    as_api = {
        "name": typed["name"],
        "facets": typed.get("facets", "").split(),
        "fields": typed.get("fields", "").split(),
    }
    if len(as_api["facets"]) > 32:  # the API's own shape comes first, and says less
        told = {"status": 400, "detail": "schema has more than 32 facets", "hint": ""}
    else:
        told = ben.post("/lists", as_api).json

    page = open_list(bens, **typed)

    assert page.status == told["status"]
    assert str(told["detail"])[1:] in page.words
    assert str(told["hint"])[1:] in page.words
    for name in ("name", "facets", "fields"):
        assert page.field(name) == typed.get(name, "")
    assert [record.name for record in keeper.lists.values()] == ["taken"]


@pytest.mark.parametrize(
    "name", ["", "x" * 101, "a/b", "..", "a\x00b", "é", "a" * 9999]
)
def test_a_name_no_keeper_takes_is_an_error_and_no_accident(
    bens: Browser, keeper: FakeKeeper, name: str
) -> None:
    assert open_list(bens, name=name).status == 400
    assert keeper.lists == {}


def test_more_fields_than_a_list_has(bens: Browser, ben: Api) -> None:
    fields = [f"f{number}" for number in range(201)]

    page = open_list(bens, name="wide", fields=" ".join(fields))

    assert (page.status, "A list has at most 200 fields." in page.words) == (400, True)
    assert ben.post("/lists", {"name": "wide", "fields": fields}).status == 400
    assert open_list(bens, name="wide", fields=" ".join(fields[:200])).status == 303


def test_the_keepers_own_words_are_passed_on(bens: Browser, keeper: FakeKeeper) -> None:
    wrong = MalformedError("a field is named with a-z", code=Code.REQUEST_INVALID)
    for error, words in (
        (wrong, "A field is named with a-z."),
        (UnavailableError("the keeper is away"), "The keeper is away."),
    ):
        keeper.break_at("create_list", error)
        page = open_list(bens, name="news", fields="Ä")
        assert (page.status, words in page.words) == (error.status, True)
        assert page.field("fields") == "Ä"


def test_support_opens_none(keeper: FakeKeeper) -> None:
    sams = Browser(keeper).sign_in(Api(keeper.add_person("sam", "", rights=())))
    token = sams.get("/look-up").field("token")

    page = sams.post("/import", {"token": token, "name": "mine"})

    assert page.status == 403
    assert keeper.lists == {}


def test_a_form_of_another_session_opens_none(
    bens: Browser, eves: Browser, keeper: FakeKeeper
) -> None:
    stolen = eves.get("/import").field("token")

    for token in ("", stolen):
        page = bens.post("/import", {"token": token, "name": "news"})
        assert (page.status, page.words.count("not sent from this page")) == (403, 1)
    assert keeper.lists == {}


def test_lists_of_another_tenant_are_neither_shown_nor_in_the_way(
    bens: Browser, eves: Browser, keeper: FakeKeeper
) -> None:
    open_list(bens, name="news")

    page = open_list(eves, name="news")

    assert page.status == 303
    assert {r.tenant for r in keeper.lists.values()} == {"acme", "other"}


def test_markup_that_is_typed_stays_text(bens: Browser) -> None:
    planted = '"><script>alert(1)</script>'

    page = open_list(bens, name=planted, facets=planted, fields=planted)

    assert page.status == 400
    assert planted not in page.text
    assert page.field("facets") == planted
