import re
from base64 import urlsafe_b64decode

import pytest

from listkeep.core.errors import UnavailableError
from listkeep.wire.base import decode
from listkeep.wire.messages import RowBatch
from tests.dock.conftest import Api, token_text
from tests.dock.pages.conftest import SEAL, Browser, Page
from tests.fakes.keeper import FakeKeeper


def look_up(browser: Browser, list_id: str, address: str) -> Page:
    page = browser.get("/look-up")
    return browser.submit(page, "/look-up", list=list_id, address=address)


def test_an_address_is_found_with_its_token_status_and_facets(
    bens: Browser, keeper: FakeKeeper, news: str
) -> None:
    page = look_up(bens, news, " anna@example.com ")

    assert page.status == 200
    assert token_text(keeper, "anna@example.com") in page.words
    assert "Found" in page.words
    assert "Status subscribed plan pro country DE" in page.words
    assert keeper.looked_up["ben"] == 1
    assert f'<option value="{news}" selected>' in page.text


def test_a_missing_facet_is_told_from_an_empty_one(bens: Browser, news: str) -> None:
    assert "country missing" in look_up(bens, news, "dora@example.com").words


def test_an_address_that_is_not_in_the_list_is_charged_all_the_same(
    bens: Browser, keeper: FakeKeeper, news: str
) -> None:
    page = look_up(bens, news, "nobody@example.com")

    assert "Not in this list" in page.words
    assert keeper.looked_up["ben"] == 1


def test_what_was_typed_stays_in_its_field_and_nowhere_else(
    bens: Browser, news: str
) -> None:
    for typed, status in (("no address", 400), ("anna@example.com", 200)):
        page = look_up(bens, news, typed)
        assert page.status == status
        assert page.text.count(typed) == 1
        assert page.field("address") == typed


def test_no_address_is_in_a_link_or_a_log(
    bens: Browser, news: str, caplog: pytest.LogCaptureFixture
) -> None:
    page = look_up(bens, news, "anna@example.com")

    assert "location" not in page.headers
    assert "anna" not in caplog.text
    bens.get("/look-up?address=anna@example.com")
    assert "anna" not in caplog.text
    assert bens.get("/look-up?address=anna@example.com").field("address") == ""


def test_a_spent_budget_is_told(bens: Browser, keeper: FakeKeeper, news: str) -> None:
    keeper.look_up_budget = 0

    page = look_up(bens, news, "anna@example.com")

    assert (page.status, "No look-ups left today." in page.words) == (403, True)


def test_a_session_that_ends_meanwhile_leads_to_the_sign_in(
    bens: Browser, keeper: FakeKeeper, news: str
) -> None:
    page = bens.get("/look-up")
    keeper.principals.clear()

    sent = bens.submit(page, "/look-up", list=news, address="anna@example.com")

    assert (sent.status, "Your session has ended." in sent.words) == (401, True)
    assert "anna" not in sent.text


def test_a_keeper_that_does_not_answer_keeps_what_was_typed(
    bens: Browser, keeper: FakeKeeper, news: str
) -> None:
    keeper.break_at("look_up", UnavailableError("the keeper is away"))

    page = look_up(bens, news, "anna@example.com")

    assert (page.status, page.field("address")) == (503, "anna@example.com")


def test_a_stranger_looks_nothing_up(
    eves: Browser, keeper: FakeKeeper, news: str
) -> None:
    for name in (news, "news", ""):
        page = look_up(eves, name, "anna@example.com")
        assert page.status in (403, 404)
    assert not keeper.looked_up


def test_who_may_not_look_up_is_told_so(keeper: FakeKeeper, news: str) -> None:
    sam = Api(keeper.add_person("sam", "acme", rights=("view",)))

    assert Browser(keeper).sign_in(sam).get("/look-up").status == 403


def test_support_names_the_list_and_is_let_in_or_not_by_the_keeper(
    keeper: FakeKeeper, news: str
) -> None:
    """Which lists there are is nothing it is shown; see tests/pages/test_consent.py."""
    sams = Browser(keeper).sign_in(Api(keeper.add_person("sam", "", rights=("view",))))

    page = sams.get("/look-up")
    assert not {"/import", "/sends", "/exports"} & set(
        re.findall('href="(.+?)"', page.content.decode())
    )
    assert "<select" not in page.text
    assert news not in page.text
    sent = sams.submit(page, "/look-up", list="news", address="anna@example.com")

    assert (sent.status, "There is no such list." in sent.words) == (403, True)
    assert (sent.field("list"), sent.field("address")) == ("news", "anna@example.com")
    assert not keeper.looked_up


def test_markup_that_is_typed_stays_text(bens: Browser, news: str) -> None:
    planted = '"><script>alert(1)</script>'

    page = look_up(bens, news, planted)

    assert planted not in page.text
    assert page.field("address") == planted


def test_markup_in_a_facet_stays_text(bens: Browser, ada: Api) -> None:
    list_id = ada.open_list("shop", facets=["plan:text"])
    ada.fill(list_id, "anna@example.com,<script>alert(1)</script>,DE,Anna")

    page = look_up(bens, list_id, "anna@example.com")

    assert "<script>" not in page.text
    assert "<script>alert(1)</script>" in page.words or "alert(1)" in page.words


def test_a_granted_reveal_for_a_screen_leads_to_the_keeper_with_its_rows(
    bens: Browser, keeper: FakeKeeper, news: str
) -> None:
    token = token_text(keeper, "anna@example.com")
    request = keeper.grant_reveal(news, [token], by="ben")

    page = bens.get("/look-up")

    link = page.text.partition(f'href="{SEAL}/reveal/')[2].partition('"')[0]
    path, _, rows = link.partition("#rows=")
    batch = decode(urlsafe_b64decode(rows + "=" * (-len(rows) % 4)), RowBatch)
    assert path == request
    assert batch.tokens == keeper.token_of("acme", "anna@example.com")
    assert len(batch.sealed) == 1
    assert "news: 1 row" in page.words


def test_a_reveal_of_somebody_else_or_for_a_device_is_not_shown(
    bens: Browser, keeper: FakeKeeper, news: str
) -> None:
    token = token_text(keeper, "anna@example.com")
    keeper.grant_reveal(news, [token], by="ada")
    keeper.grant_reveal(news, [token], by="ben", recipient="age1device")

    assert "#rows=" not in bens.get("/look-up").text
