"""Strangers have a form, and want to know who is on the list, or to fill a mailbox."""

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec.structs import replace

from listkeep.core.errors import Code, RefusedError, UnavailableError
from listkeep.core.mail import make_alias
from listkeep.dock.intake.sign_ups.models import SignUp
from listkeep.dock.lists.models import Entry, PaceOf
from listkeep.dock.outlet.returns.book import key_of
from tests.dock.conftest import Api, token_text
from tests.dock.pages.conftest import ORIGIN, Browser, Page
from tests.dock.pages.links import make_form
from tests.dock.sign_ups.conftest import Post, mail, press, settle
from tests.fakes.keeper import FakeKeeper

NEW, ANNA, BERT, CARL = (
    f"{name}@example.com" for name in ("new", "anna", "bert", "carl")
)
SITE = "https://www.example.com"


@pytest.fixture
def form(intake: Api, post: Post) -> str:
    path = make_form(intake, fields={"name": "Your name"}, origins=[SITE])
    return f"/join/{path}"


@pytest.fixture
def behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(settings.LISTKEEP_CONFIG, trusted_proxies=["127.0.0.1"])
    monkeypatch.setattr(settings, "LISTKEEP_CONFIG", config)


def send(browser: Browser, form: str, address: str, **more: str) -> Page:
    fields = {"address": address, "leave_empty": ""}
    source = more.pop("source", "192.0.2.1")
    return browser.post(form, {**fields, **more}, **{"X-Forwarded-For": source})


def seen(page: Page) -> str:
    return str((page.status, page.content, sorted(page.headers.items()), page.cookies))


# --- what it is for -----------------------------------------------------------------


def test_who_fills_it_in_and_confirms_is_on_the_list(
    browser: Browser, keeper: FakeKeeper, form: str, post: Post
) -> None:
    assert "Your name" in browser.get(form).words

    page = send(browser, form, NEW, **{"field.name": "Nora"})
    assert page.status == 200
    assert "Look into your mailbox" in page.words
    token = keeper.token_of("acme", NEW)
    assert not Entry.objects.filter(token=token).exists()
    assert mail(keeper, post) == 1
    press(keeper, post.links[token])

    assert settle(keeper) == 1
    assert b"Nora" not in bytes(Entry.objects.get(token=token).sealed)


def test_what_was_typed_is_there_again_when_something_is_missing(
    browser: Browser, form: str
) -> None:
    page = send(browser, form, "", **{"field.name": '"Nora" <b>'})

    assert page.status == 400
    assert page.field("field.name") == '"Nora" <b>'
    assert "there is no address" in page.words.lower()
    assert SignUp.objects.count() == 0


def test_while_the_keeper_is_away_nothing_is_lost_that_was_typed(
    browser: Browser, keeper: FakeKeeper, form: str
) -> None:
    keeper.break_at("authorize", UnavailableError("the socket is gone"))

    page = send(browser, form, NEW)

    assert page.status == 503
    assert page.field("address") == NEW
    assert "socket" not in page.words
    keeper.mend()
    assert send(browser, form, NEW).status == 200


@pytest.mark.parametrize(
    "code", [Code.NOT_SIGNED_IN, Code.NOT_PERMITTED, Code.BUDGET_SPENT, Code.FROZEN]
)
def test_a_key_that_is_refused_closes_the_form_and_says_no_more(
    browser: Browser, keeper: FakeKeeper, form: str, code: Code
) -> None:
    keeper.break_at("start_import", RefusedError("the key was revoked", code=code))

    answers = {seen(send(browser, form, NEW)) for _ in range(2)}

    [answer] = answers
    assert "(503," in answer
    assert "revoked" not in answer
    assert SignUp.objects.count() == 0


# --- who is on the list? ------------------------------------------------------------


@pytest.fixture
def known(
    keeper: FakeKeeper, ada: Api, browser: Browser, form: str, post: Post
) -> list[str]:
    """People of all kinds there are, and addresses that are nobody's."""
    for address, reason in ((BERT, "complained"), (CARL, "unsubscribed")):
        tokens = [token_text(keeper, address)]
        ada.post("/lists/news/suppress", {"tokens": tokens, "reason": reason})
    send(browser, form, "mailed@example.com")
    mail(keeper, post)
    send(browser, form, "asked@example.com")
    return [NEW, ANNA, BERT, CARL, "mailed@example.com", "asked@example.com"]


@pytest.mark.usefixtures("behind_a_proxy")
def test_every_address_gets_the_same_answer_after_the_same_work(
    browser: Browser, keeper: FakeKeeper, form: str, known: list[str]
) -> None:
    answers, work = set(), set()
    for number, address in enumerate(known):
        before = len(keeper.calls)
        with CaptureQueriesContext(connection) as caught:
            page = send(browser, form, address, source=f"203.0.{number}.1")
        answers.add(seen(page))
        statements = [query["sql"].split()[0] for query in caught]
        work.add(str((statements, keeper.calls[before:])))

    assert (len(answers), len(work)) == (1, 1)


@pytest.mark.parametrize(
    "odd",
    [
        "no address",
        "a@b.example\r\nBcc: victim@example.com",
        "a@b.example, victim@example.com",
        "<a@b.example>",
        '"a b"@example.com',
        "a@localhost",
        "\udcff@example.com".encode("utf-8", "replace").decode(),
        "a" * 65 + "@example.com",
        "x" * 5000,
        "a@example.com\0",
    ],
)
def test_what_is_no_address_gets_the_same_answer_and_no_mail(
    browser: Browser, keeper: FakeKeeper, form: str, post: Post, odd: str
) -> None:
    good = seen(send(browser, form, NEW))
    mail(keeper, post)
    before = len(post.asked)

    assert seen(send(browser, form, odd)) == good

    mail(keeper, post)
    asked = [keeper.token_of("acme", "victim@example.com")]
    assert not set(asked) & set(post.asked)
    assert len(post.asked) <= before + 1


def test_no_address_is_in_a_log_a_header_or_an_answer(
    browser: Browser,
    form: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    planted = "planted@example.com"
    for fields in (
        {"address": planted},
        {"address": f"{planted}, x"},
        {"address": planted, "leave_empty": planted},
        {"address": planted, "field.name": planted},
    ):
        page = browser.post(form, fields)
        assert planted not in page.text + str(dict(page.headers))
    page = browser.get(f"{form}?address={planted}")
    assert planted not in page.text

    assert planted not in caplog.text + "".join(capsys.readouterr())


# --- filling a mailbox --------------------------------------------------------------


@pytest.mark.usefixtures("behind_a_proxy")
def test_a_victim_is_mailed_once_a_day_from_however_many_networks(
    browser: Browser, keeper: FakeKeeper, form: str, post: Post
) -> None:
    for number in range(30):
        send(browser, form, "victim@example.com", source=f"198.51.{number}.1")
        if number % 10 == 0:
            mail(keeper, post)
    mail(keeper, post)

    assert len(post.asked) == 1


@pytest.mark.usefixtures("behind_a_proxy")
def test_one_network_signs_up_a_dozen_whatever_it_writes_into_headers(
    browser: Browser, form: str
) -> None:
    statuses = [
        send(
            browser, form, f"n{n}@example.com", source=f"203.0.{n}.9, 192.0.2.{n}"
        ).status
        for n in range(15)
    ]

    assert statuses == [200] * 12 + [403] * 3
    page = send(browser, form, NEW, source="192.0.2.77")
    assert page.field("address") == NEW
    assert "Try again in some minutes" in page.words
    assert seen(page) == seen(send(browser, form, NEW, source="192.0.2.78"))
    assert send(browser, form, NEW, source="192.0.3.1").status == 200


def test_without_a_proxy_of_ours_nobody_says_where_they_are(
    browser: Browser, form: str
) -> None:
    for number in range(13):
        send(browser, form, NEW, source=f"203.0.{number}.1")

    assert SignUp.objects.count() == 12
    [network] = PaceOf.objects.filter(source__contains="/")
    assert network.source == "sign-ups 127.0.0.0/24"


def test_a_list_takes_no_more_by_two_forms_or_by_form_and_key(
    browser: Browser, intake: Api, form: str
) -> None:
    other = f"/join/{make_form(intake)}"
    for number in range(6):
        send(browser, form, f"a{number}@example.com")
        send(browser, other, f"b{number}@example.com")

    assert send(browser, form, NEW).status == 403
    body = {"address": NEW, "source": "127.0.0.7"}
    assert intake.post("/lists/news/sign-ups", body).json["code"] == "over-pace"


def test_programs_that_fill_in_everything_are_told_the_same_and_nothing_is_done(
    browser: Browser, keeper: FakeKeeper, form: str
) -> None:
    good = seen(send(browser, form, NEW))
    before, calls = SignUp.objects.count(), len(keeper.calls)

    page = send(browser, form, ANNA, leave_empty="https://spam.example")

    assert seen(page) == good
    assert (SignUp.objects.count(), len(keeper.calls)) == (before, calls)


# --- other sites --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({}, True),
        ({"Origin": SITE, "Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": SITE, "Sec-Fetch-Site": ""}, True),
        ({"Origin": "", "Sec-Fetch-Site": "none"}, True),  # no browser sends it
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": ""}, False),
        ({"Origin": f"{SITE}.evil.example", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": SITE.replace("https", "http"), "Sec-Fetch-Site": ""}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"}, False),
    ],
    ids=str,
)
def test_only_the_sites_it_was_made_for_send_to_a_form(
    browser: Browser, form: str, headers: dict[str, str], *, is_taken: bool
) -> None:
    page = browser.post(form, {"address": NEW}, **headers)

    assert page.status == (200 if is_taken else 403)
    assert SignUp.objects.count() == is_taken


def test_a_site_of_one_form_sends_to_no_other(
    browser: Browser, intake: Api, form: str
) -> None:
    other = f"/join/{make_form(intake)}"

    page = browser.post(other, {"address": NEW}, Origin=SITE)

    assert page.status == 403
    assert SignUp.objects.count() == 0


def test_the_page_allows_as_little_as_there_is_to_allow(
    browser: Browser, form: str
) -> None:
    for page in (browser.get(form), send(browser, form, NEW), browser.get("/join/x")):
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; form-action")
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
        assert page.cookies == {}
        assert "access-control-allow-origin" not in page.headers
        assert "<script" not in page.text


def test_words_of_a_form_are_words_on_its_page(
    browser: Browser, intake: Api, post: Post
) -> None:
    told = "<img src=x onerror=alert(1)>"
    path = make_form(intake, title=told, text=told, fields={"name": told})

    page = browser.get(f"/join/{path}")

    assert "<img" not in page.text
    assert page.words.count(told) == 4  # title, heading, text, label


# --- somebody else's link -----------------------------------------------------------


def test_the_link_of_one_confirms_nobody_else(
    browser: Browser, keeper: FakeKeeper, form: str, post: Post
) -> None:
    """Eve signs herself up beside a victim, and bends the link she was sent."""
    victim = keeper.token_of("acme", "victim@example.com")
    hers = keeper.token_of("acme", "eve@example.com")
    send(browser, form, "victim@example.com")
    send(browser, form, "eve@example.com")
    mail(keeper, post)
    _, _, alias, proof = post.links[hers].split("/")
    other = make_alias(key_of(post.send), victim)
    for path in (f"/c/{other}/{proof}", f"/c/{alias}/{post.links[victim][-26:]}"):
        press(keeper, path)
    assert settle(keeper) == 0

    for _ in range(3):
        press(keeper, post.links[hers])

    assert settle(keeper) == 1
    assert not Entry.objects.filter(token=victim).exists()
    press(keeper, post.links[hers])  # once more, later
    assert settle(keeper) == 0
