"""Whoever has a link can leave. Nobody learns anything from an answer."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec.structs import replace

from listkeep.core.errors import UnavailableError
from listkeep.core.mail import AliasKey, make_alias
from listkeep.dock.outlet.returns.book import forget_book
from listkeep.dock.outlet.returns.models import Returned
from listkeep.dock.outlet.unsubscribe import unsubscribe_url
from listkeep.wire.messages import sends as d
from tests.dock.pages.conftest import ORIGIN, Browser, Page
from tests.dock.returns.conftest import alias_of, begin_send, settle, status_of
from tests.fakes.keeper import FakeKeeper

ANNA, BERT = "anna@example.com", "bert@example.com"
BUTTON = {"List-Unsubscribe": "One-Click"}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def somebody(keeper: FakeKeeper) -> Browser:
    return Browser(keeper)


def link(keeper: FakeKeeper, send: d.Send, address: str = ANNA) -> str:
    return urlsplit(unsubscribe_url(send, alias_of(keeper, send, address))).path


def test_the_button_takes_one_person_off_the_list_and_nobody_else(
    keeper: FakeKeeper, campaign: d.Send, somebody: Browser
) -> None:
    path = link(keeper, campaign)

    page = somebody.get(path)
    assert page.status == 200
    assert "Nothing happens until you press the button" in page.words
    done = somebody.post(path, {"List-Unsubscribe": page.field("List-Unsubscribe")})

    assert done.status == 200
    assert "you get no more mail from this list" in done.words
    assert settle(keeper) == 1
    assert status_of(keeper, campaign, ANNA) == "unsubscribed"
    assert status_of(keeper, campaign, BERT) == "subscribed"
    token = keeper.token_of("acme", ANNA)
    assert keeper.suppressed[campaign.list] == {token}


IN_PARTS = (
    b'--xx\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
    b"One-Click\r\n--xx--\r\n"
)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=xx", IN_PARTS),
    ],
)
def test_a_mail_provider_does_it_for_a_person_without_cookie_or_origin(
    keeper: FakeKeeper, campaign: d.Send, somebody: Browser, kind: str, body: bytes
) -> None:
    """RFC 8058, 3.2: no cookies, no referrer, no confirmation."""
    path = link(keeper, campaign)

    assert somebody.send("POST", path, {}, body, kind).status == 200

    settle(keeper)
    assert status_of(keeper, campaign, ANNA) == "unsubscribed"


def test_whatever_follows_links_unsubscribes_nobody(
    keeper: FakeKeeper, campaign: d.Send, somebody: Browser
) -> None:
    """Prefetchers, scanners of mail filters, previews in chats."""
    path = link(keeper, campaign)

    for method in ("GET", "HEAD"):
        for headers in (
            {},
            {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender"},
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
            {"User-Agent": "LinkScanner/1.0"},
        ):
            assert somebody.send(method, path, headers).status == 200
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        assert somebody.send(method, path, {}, b"", FORM).status == 405
    for body, kind in (
        (b"", FORM),
        (b"List-Unsubscribe=", FORM),
        (b"List-Unsubscribe=One-Click", "text/plain"),
        (b"List-Unsubscribe=One-Click\xff", FORM),
        (b'{"List-Unsubscribe": "One-Click"}', "application/json"),
        (b"x=1&" * 5000 + b"List-Unsubscribe=One-Click", FORM),
    ):
        page = somebody.send("POST", path, {}, body, kind)
        assert page.content == somebody.get(path).content
    assert Returned.objects.count() == 0
    assert settle(keeper) == 0


def links_of_all_kinds(
    keeper: FakeKeeper, send: d.Send, over: d.Send
) -> dict[str, str]:
    """Give good links, and what others would try."""
    mine, theirs = link(keeper, send, ANNA), link(keeper, send, BERT)
    _, proof = mine.split("/")[2:]
    others_alias = theirs.split("/")[2]
    made_up = make_alias(AliasKey(send.tag, bytes(32)), bytes(16))
    unknown = make_alias(AliasKey(b"none", bytes(32)), bytes(16))
    return {
        "good": mine,
        "replayed": mine,
        "another person's alias with one's own proof": f"/u/{others_alias}/{proof}",
        "an alias out of a log": f"/u/{others_alias}/{'a' * 26}",
        "no proof at all": f"/u/{others_alias}/x",
        "made up with a known tag": f"/u/{made_up}/{proof}",
        "of a send nobody knows": f"/u/{unknown}/{proof}",
        "of a send that is over": link(keeper, over, BERT),
        "no alias": f"/u/hello/{proof}",
        "long": f"/u/{'a' * 3000}/{'b' * 3000}",
        "odd signs": f"/u/%C3%A4%22%3E/{proof}",
    }


@pytest.fixture
def over(keeper: FakeKeeper, news: str) -> d.Send:
    """A send of so long ago that the keeper does not tell of it any more."""
    send = begin_send(keeper, news)
    keeper.started.discard(send.request)
    return send


def seen(page: Page) -> tuple[object, ...]:
    return page.status, page.content, sorted(page.headers.items()), page.cookies


@pytest.mark.parametrize("act", ["get", "post"])
def test_every_link_gets_the_same_answer(
    keeper: FakeKeeper, campaign: d.Send, over: d.Send, somebody: Browser, act: str
) -> None:
    answers = {
        name: seen(
            somebody.get(path)
            if act == "get"
            else somebody.send("POST", path, {}, b"List-Unsubscribe=One-Click", FORM)
        )
        for name, path in links_of_all_kinds(keeper, campaign, over).items()
    }

    assert set(map(str, answers.values())) == {str(answers["good"])}
    settle(keeper)
    assert status_of(keeper, campaign, BERT) == "subscribed"
    expected = "subscribed" if act == "get" else "unsubscribed"
    assert status_of(keeper, campaign, ANNA) == expected


def test_a_link_that_means_nothing_takes_the_way_of_one_that_was_used(
    keeper: FakeKeeper, campaign: d.Send, over: d.Send, somebody: Browser
) -> None:
    links = links_of_all_kinds(keeper, campaign, over)
    del links["long"]  # longer than any link of ours: read no further
    somebody.post(links.pop("good"), BUTTON)

    statements = {}
    for name, path in links.items():
        with CaptureQueriesContext(
            connection,
        ) as caught:
            somebody.post(path, BUTTON)
        statements[name] = [query["sql"].split()[0] for query in caught]

    assert set(map(tuple, statements.values())) == {tuple(statements["replayed"])}
    assert "INSERT" in statements["replayed"], "the disk is reached by all"


def test_no_page_shows_an_address_a_token_or_the_link_itself(
    keeper: FakeKeeper, campaign: d.Send, somebody: Browser
) -> None:
    path = link(keeper, campaign)

    for page in (somebody.get(path), somebody.post(path, BUTTON)):
        shown = page.text + str(page.headers)
        assert "anna" not in shown
        assert "example.com" not in shown
        assert campaign.list not in shown
        for part in path.split("/")[2:]:
            assert part not in shown


def test_answers_allow_little_and_keep_the_link_to_themselves(
    keeper: FakeKeeper, campaign: d.Send, somebody: Browser
) -> None:
    page = somebody.get(link(keeper, campaign))

    assert page.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert page.headers["referrer-policy"] == "strict-origin"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert page.cookies == {}
    assert "<script" not in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_on_another_site_is_refused_whatever_the_link(
    keeper: FakeKeeper,
    campaign: d.Send,
    over: d.Send,
    somebody: Browser,
    headers: dict[str, str],
) -> None:
    body = b"List-Unsubscribe=One-Click"
    answers = {
        str(seen(somebody.send("POST", path, headers, body, FORM)))
        for path in links_of_all_kinds(keeper, campaign, over).values()
    }

    assert len(answers) == 1
    assert "sent from somewhere else" in answers.pop()
    assert Returned.objects.count() == 0


def test_at_a_host_of_another_name_there_is_nothing(
    keeper: FakeKeeper, campaign: d.Send, somebody: Browser
) -> None:
    page = somebody.send(
        "POST",
        link(keeper, campaign),
        {"Host": "evil.example"},
        b"List-Unsubscribe=One-Click",
        FORM,
    )

    assert page.status == 403
    assert Returned.objects.count() == 0


def test_an_origin_of_its_own_is_for_these_pages_alone(
    keeper: FakeKeeper,
    campaign: d.Send,
    somebody: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = replace(settings.LISTKEEP_CONFIG, public_origin="https://mail.example.com")
    monkeypatch.setattr(settings, "LISTKEEP_CONFIG", config)
    there = {"Host": "mail.example.com", "Origin": "https://mail.example.com"}

    url = unsubscribe_url(campaign, alias_of(keeper, campaign, ANNA))
    assert url.startswith("https://mail.example.com/u/")
    path = urlsplit(url).path
    assert somebody.get(path, Host="mail.example.com").status == 200
    body = b"List-Unsubscribe=One-Click"
    assert somebody.send("POST", path, there, body, FORM).status == 200
    for page in ("/", "/sign-in", "/exports"):
        assert somebody.get(page, Host="mail.example.com").status == 403


def test_with_nobody_who_knows_the_sends_no_link_is_called_done(
    keeper: FakeKeeper, campaign: d.Send, over: d.Send, somebody: Browser
) -> None:
    links = links_of_all_kinds(keeper, campaign, over)
    keeper.break_at("read_sends", UnavailableError("planted words"))
    forget_book()

    refuse_all_alike(somebody, links)


def test_what_cannot_be_written_down_is_not_called_done_for_anybody(
    keeper: FakeKeeper,
    campaign: d.Send,
    over: d.Send,
    somebody: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_list_id: str) -> int:
        raise UnavailableError("planted words")

    path = "listkeep.dock.outlet.returns.recording._take_number"
    monkeypatch.setattr(path, fail)

    refuse_all_alike(somebody, links_of_all_kinds(keeper, campaign, over))


def refuse_all_alike(somebody: Browser, links: dict[str, str]) -> None:
    """Send every link that could be one of ours."""
    for name in ("long", "no alias", "odd signs"):
        del links[name]

    answers = {str(seen(somebody.post(path, BUTTON))) for path in links.values()}

    assert len(answers) == 1
    assert answers.pop().startswith("(503")
    assert "planted" not in somebody.post(links["good"], BUTTON).text


def test_a_keeper_that_is_away_for_a_while_hinders_nobody_from_leaving(
    keeper: FakeKeeper, campaign: d.Send, somebody: Browser
) -> None:
    somebody.post(link(keeper, campaign, BERT), BUTTON)
    keeper.break_at("read_sends", UnavailableError("away"))
    keeper.break_at("report_returned", UnavailableError("away"))

    assert somebody.post(link(keeper, campaign), BUTTON).status == 200

    with pytest.raises(UnavailableError):
        settle(keeper)
    keeper.mend()
    assert settle(keeper) == 2
    assert status_of(keeper, campaign, ANNA) == "unsubscribed"


def test_the_link_works_for_another_who_guesses_only_by_luck(
    keeper: FakeKeeper, campaign: d.Send, somebody: Browser
) -> None:
    """All the one can do who has read every alias off the mail server's log."""
    guesses: list[Callable[[str], str]] = [
        lambda alias: alias[:26],
        lambda alias: alias[-26:],
        lambda _alias: "a" * 26,
    ]
    for address in (ANNA, BERT, "carl@example.com", "dora@example.com"):
        alias = alias_of(keeper, campaign, address)
        for guess in guesses:
            somebody.post(f"/u/{alias}/{guess(alias)}", BUTTON)

    assert Returned.objects.count() == 0


def test_the_address_in_a_message_is_the_one_the_dock_answers_at(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    url = unsubscribe_url(campaign, alias_of(keeper, campaign, ANNA))

    assert url.startswith(f"{ORIGIN}/u/")
    assert len(urlsplit(url).path) == len("/u/") + 32 + 1 + 26
