"""Undo in a browser: looked at, begun by a button, followed, and undone itself."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.conf import settings

from listkeep.dock.intake import queries
from listkeep.dock.intake.models import Restore
from listkeep.dock.lists.models import Change, Entry
from listkeep.dock.pages import runs
from tests.dock.conftest import Api, token_text
from tests.dock.pages.conftest import Browser, Page
from tests.fakes.keeper import FakeKeeper

MORE = "emil@example.com,pro,DE,Emil"


@pytest.fixture(autouse=True)
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_pool", ThreadPoolExecutor(1))
    monkeypatch.setattr(queries, "ROUNDED_BELOW", 0)


@pytest.fixture
def place(ben: Api, news: str) -> str:
    """Emil came by the second change."""
    ben.fill(news, MORE)
    return f"/lists/{news}/undo?before=2"


def press(browser: Browser, page: Page, place: str, **bent: str) -> Page:
    names = ("before", "to", "latest")
    fields = {name: page.field(name) for name in names} | bent
    sent = browser.submit(page, place.partition("?")[0], **fields)
    runs._pool.submit(int).result()  # what was begun has ended
    return sent


def test_what_would_change_is_shown_and_nothing_is_changed(
    bens: Browser, keeper: FakeKeeper, place: str
) -> None:
    words = bens.get(place).words

    assert "Take news back" in words
    assert "Go 1" in words
    assert "Who was erased does not come back" in words
    assert "an owner signs" in words
    assert "start_restore" not in keeper.calls
    assert Entry.objects.count() == 5


def test_a_change_is_undone_and_the_undo_as_well(
    bens: Browser, news: str, place: str
) -> None:
    sent = press(bens, bens.get(place), place)
    assert sent.status == 303
    done = bens.get(sent.location)
    assert "Done." in done.words
    assert "Went 1" in done.words
    assert Entry.objects.count() == 4

    again = f"/lists/{news}/undo?before=3"
    assert f'href="{again}">Undo this undo' in done.text
    page = bens.get(again)
    assert page.status == 200, page.words
    sent = press(bens, page, again)

    assert "Came back 1" in bens.get(sent.location).words
    assert Entry.objects.count() == 5


def test_who_left_since_stays_away_from_mail(
    keeper: FakeKeeper, bens: Browser, app: Api, news: str, place: str
) -> None:
    path = f"/lists/{news}/entries/{token_text(keeper, 'emil@example.com')}"
    assert app.patch(path, {"status": "unsubscribed"}).status == 200

    page = bens.get(place)

    assert "Stay suppressed 1" in page.words
    assert "Go 0" in page.words


def test_above_the_budget_the_page_leads_to_a_signature_and_takes_it(
    keeper: FakeKeeper,
    bens: Browser,
    news: str,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "LISTKEEP_APP_ORIGIN", "http://app.localhost")
    keeper.restore_budget = 0
    page = bens.get(place)
    refused = press(bens, page, place)
    assert refused.status == 403
    assert not Restore.objects.exists()
    assert refused.field("to") == page.field("to")
    assert f'"http://app.localhost/lists/{news}/undo?to=' in refused.text

    request = keeper.grant_restore(news, moment=page.field("to"), cap=10, by="ben")
    signed = bens.get(place)

    assert f"It was signed for as {request}" in signed.words
    sent = press(bens, signed, place, request=signed.field("request"))
    assert sent.status == 303
    assert Restore.objects.get().request == request
    assert Entry.objects.count() == 4
    assert "Undo this undo" in bens.get(sent.location).words


def test_a_list_that_changed_meanwhile_is_left_as_it_is(
    bens: Browser, ben: Api, news: str, place: str
) -> None:
    page = bens.get(place)
    ben.fill(news, "fred@example.com,pro,DE,Fred")

    refused = press(bens, page, place)

    assert refused.status == 409
    assert "The list was changed meanwhile." in refused.words
    assert "Go 2" in refused.words  # and it shows what is true now
    assert Entry.objects.count() == 6


def test_what_fails_on_the_way_is_told_and_leaves_the_list(
    bens: Browser, ben: Api, keeper: FakeKeeper, news: str
) -> None:
    ben.fill(news, "anna@example.com,free,FR,Anne")
    place = f"/lists/{news}/undo?before=2"
    page = bens.get(place)

    def meanwhile() -> None:
        ben.fill(news, "hans@example.com,pro,DE,Hans")

    keeper.break_at("reseal_rows", meanwhile)
    sent = press(bens, page, place)

    failed = bens.get(sent.location)
    assert "Failed" in failed.words
    assert "The list is as it was." in failed.words
    assert not Change.objects.filter(kind="restore").exists()


def test_pressing_twice_takes_it_back_and_is_charged_once(
    bens: Browser, keeper: FakeKeeper, place: str
) -> None:
    page = bens.get(place)
    fields = {name: page.field(name) for name in ("before", "to", "latest")}
    where, go_on = place.partition("?")[0], Event()
    runs._pool.submit(go_on.wait, 60)  # nothing begins before both were pressed
    first, second = (bens.submit(page, where, **fields) for _ in range(2))
    go_on.set()
    runs._pool.submit(int).result()

    assert first.status == second.status == 303
    assert first.location == second.location
    assert keeper.calls.count("start_restore") == 1
    assert Change.objects.filter(kind="restore").count() == 1


@pytest.mark.parametrize(
    "before", ["0", "-1", "x", "1.5", "٣", "9" * 40, "2 or 1=1", "<b>", "%00", "77"]
)
def test_a_number_that_was_bent_changes_nothing(
    bens: Browser, news: str, place: str, before: str
) -> None:
    page = bens.get(place)

    assert bens.get(f"/lists/{news}/undo?before={before}").status in (400, 404)
    assert press(bens, page, place, before=before).status in (400, 404)
    assert not Restore.objects.exists()


@pytest.mark.parametrize(
    "to", ["", "x", "2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"]
)
def test_a_time_that_was_bent_changes_nothing(
    bens: Browser, place: str, to: str
) -> None:
    page = bens.get(place)

    sent = press(bens, page, place, to=to)

    assert sent.status == (303 if not to else 400)  # the number says it all
    assert Restore.objects.exists() is (not to)


def test_eve_learns_nothing_and_takes_nothing_back(
    eves: Browser, bens: Browser, place: str
) -> None:
    page = bens.get(place)
    restore = press(bens, page, place).location
    fields = {name: page.field(name) for name in ("before", "to", "latest")}
    token = eves.get("/").field("token")

    assert eves.get(place).status == 404
    assert eves.get(restore).status == 404
    sent = eves.post(place.partition("?")[0], {**fields, "token": token})
    assert sent.status == 404
    assert Restore.objects.count() == 1


def test_a_colleague_does_not_follow_what_ben_began(
    bens: Browser, keeper: FakeKeeper, ada: Api, place: str
) -> None:
    restore = press(bens, bens.get(place), place).location

    assert Browser(keeper).sign_in(ada).get(restore).status == 404


def test_who_may_only_look_takes_nothing_back(
    keeper: FakeKeeper, bens: Browser, place: str
) -> None:
    page = bens.get(place)
    vera = Browser(keeper).sign_in(Api(keeper.add_person("vera", "acme", ("view",))))
    fields = {name: page.field(name) for name in ("before", "to", "latest")}

    assert vera.get(place).status == 403
    token = vera.get("/").field("token")
    sent = vera.post(place.partition("?")[0], {**fields, "token": token})
    assert sent.status == 403
    assert not Restore.objects.exists()


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_of_another_site_takes_nothing_back(
    bens: Browser, place: str, headers: dict[str, str]
) -> None:
    page = bens.get(place)
    fields = {name: page.field(name) for name in ("token", "before", "to", "latest")}

    sent = bens.post(place.partition("?")[0], fields, **headers)
    without = bens.post(place.partition("?")[0], {**fields, "token": ""})

    assert sent.status == without.status == 403
    assert not Restore.objects.exists()


def test_without_a_number_the_changes_are_shown_to_choose_from(
    bens: Browser, news: str, place: str
) -> None:
    page = bens.get(place.partition("?")[0])

    assert "What changed news" in page.words
    for number in (1, 2):
        assert f'href="/lists/{news}/undo?before={number}"' in page.text
