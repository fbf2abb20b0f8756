"""Eve has the form, and wants to know who is on the list; or to fill a mailbox."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from listkeep.core.mail import AliasKey, make_alias
from listkeep.dock.intake.sign_ups.models import SignUp
from listkeep.dock.outlet.returns.book import key_of
from tests.dock.conftest import Answer, Api, token_text
from tests.dock.pages.conftest import Browser
from tests.dock.returns.conftest import settle as settle_returned
from tests.dock.sign_ups.conftest import Post, ask, join, mail, press, settle
from tests.fakes.keeper import FakeKeeper

NEW, ANNA, BERT = "new@example.com", "anna@example.com", "bert@example.com"


@pytest.fixture
def known(keeper: FakeKeeper, ada: Api, intake: Api, post: Post) -> dict[str, str]:
    """People of all kinds there are."""
    for address, reason in ((BERT, "complained"), ("carl@example.com", "unsubscribed")):
        tokens = [token_text(keeper, address)]
        ada.post("/lists/news/suppress", {"tokens": tokens, "reason": reason})
    ask(intake, "asked@example.com", source="198.51.100.1")
    ask(intake, "mailed@example.com", source="198.51.101.1")
    mail(keeper, post)
    ask(intake, "twice@example.com", source="198.51.102.1")
    return {
        "new": NEW,
        "subscribed": ANNA,
        "complained": BERT,
        "unsubscribed": "carl@example.com",
        "asked": "asked@example.com",
        "mailed": "mailed@example.com",
        "twice": "twice@example.com",
    }


def seen(answer: Answer) -> tuple[object, ...]:
    return answer.status, answer.content, sorted(answer.headers.items())


def test_every_answer_is_the_same(intake: Api, known: dict[str, str]) -> None:
    answers = {
        name: seen(ask(intake, address, source=f"203.0.{number}.1"))
        for number, (name, address) in enumerate(known.items())
    }

    assert set(map(str, answers.values())) == {str(answers["new"])}
    assert answers["new"][0] == 202


def test_the_same_is_done_for_everybody(
    keeper: FakeKeeper, intake: Api, known: dict[str, str]
) -> None:
    """What takes as many statements and questions takes as long."""
    done = {}
    for number, (name, address) in enumerate(known.items()):
        before = len(keeper.calls)
        with CaptureQueriesContext(connection) as caught:
            ask(intake, address, source=f"203.0.{number}.1")
        statements = [query["sql"].split()[0] for query in caught]
        done[name] = (statements, keeper.calls[before:])

    assert {str(each) for each in done.values()} == {str(done["new"])}


def test_no_service_reads_who_signed_up(
    keeper: FakeKeeper, app: Api, intake: Api, known: dict[str, str]
) -> None:
    assert app.post("/lists/news/sign-ups", {"address": NEW}).status == 403
    assert intake.get("/lists/news").status == 403
    streamed = app.get("/lists/news/tokens", stream="jsonl").content.decode()
    for name in ("asked", "mailed", "twice"):
        assert token_text(keeper, known[name]) not in streamed


@pytest.mark.parametrize("name", ["ada", "ben", "app"])
def test_people_and_applications_sign_nobody_up(
    request: pytest.FixtureRequest, news: str, name: str
) -> None:
    who: Api = request.getfixturevalue(name)

    answer = who.post(f"/lists/{news}/sign-ups", {"address": NEW})

    assert (answer.status, answer.json["code"]) == (403, "not-permitted")
    assert SignUp.objects.count() == 0


def test_one_network_signs_up_a_dozen_and_then_few(
    keeper: FakeKeeper, intake: Api, post: Post
) -> None:
    codes = [
        ask(intake, f"n{number}@example.com", source=f"192.0.2.{number}").status
        for number in range(15)
    ]

    assert codes == [202] * 12 + [403] * 3
    answer = ask(intake, ANNA, source="192.0.2.200")
    other = ask(intake, "x@example.com", source="192.0.2.200")
    assert (answer.json["code"], answer.content) == ("over-pace", other.content)
    assert ask(intake, "y@example.com", source="192.0.3.1").status == 202


def test_a_list_takes_three_hundred_at_once_from_wherever(
    keeper: FakeKeeper, intake: Api, post: Post
) -> None:
    codes = [
        ask(intake, f"n{n}@example.com", source=f"10.{n % 250}.{n // 250}.1").status
        for n in range(350)
    ]

    assert codes[:300] == [202] * 300
    assert codes.count(403) > 10, "one a second is let in meanwhile"


@pytest.mark.parametrize(
    "body",
    [
        {"address": "no address"},
        {"address": "a@b.example\r\nBcc: x@evil.example"},
        {"address": "a@b.example, c@d.example"},
        {"address": "<a@b.example>"},
        {"address": NEW, "fields": {"plan": "pro"}},
        {"address": NEW, "fields": {"nothing": "x"}},
        {"address": NEW, "fields": {"name": "x" * 1001}},
        {"address": NEW, "list": "other"},
        {"address": ""},
    ],
)
def test_what_is_no_sign_up_is_refused(
    intake: Api, post: Post, body: dict[str, object]
) -> None:
    assert intake.post("/lists/news/sign-ups", body).status == 400
    assert SignUp.objects.count() == 0


# --- the link ---------------------------------------------------------------------


def links(keeper: FakeKeeper, intake: Api, post: Post) -> dict[str, str]:
    ask(intake, NEW)
    mail(keeper, post)
    good = post.links[keeper.token_of("acme", NEW)]
    _, _, alias, proof = good.split("/")
    others = make_alias(key_of(post.send), keeper.token_of("acme", ANNA))
    return {
        "good": good,
        "another alias": f"/c/{others}/{proof}",
        "no proof": f"/c/{alias}/{'a' * 26}",
        "made up": f"/c/{make_alias(AliasKey(b'none', bytes(32)), bytes(16))}/{proof}",
        "nothing": "/c/x/y",
    }


def test_every_link_to_confirm_gets_the_same_answer(
    keeper: FakeKeeper, intake: Api, post: Post
) -> None:
    all_links = links(keeper, intake, post)
    for act in ("get", "post"):
        answers = set()
        for path in (*all_links.values(), all_links["good"]):
            browser = Browser(keeper)
            page = (
                browser.get(path)
                if act == "get"
                else browser.post(path, {"confirm": "yes"})
            )
            answers.add((page.status, page.content, str(sorted(page.headers.items()))))
        assert len(answers) == 1
    statements = set()
    for path in all_links.values():
        with CaptureQueriesContext(connection) as caught:
            press(keeper, path)
        statements.add(tuple(query["sql"].split()[0] for query in caught))
    assert len(statements) == 1


def test_only_a_press_confirms(keeper: FakeKeeper, intake: Api, post: Post) -> None:
    path = links(keeper, intake, post)["good"]
    browser = Browser(keeper)
    for page in (
        browser.get(path),
        browser.send("HEAD", path, {}),
        browser.post(path),
        browser.post(path, {"List-Unsubscribe": "One-Click"}),
        browser.post(path, {"confirm": "yes"}, Origin="https://evil.example"),
    ):
        assert page.status in (200, 403)
    assert settle(keeper) == 0

    press(keeper, path)
    assert settle(keeper) == 1


def test_an_alias_read_off_a_log_confirms_nothing(
    keeper: FakeKeeper, intake: Api, post: Post
) -> None:
    """Eve signs somebody else up, and reads the mail server's log."""
    all_links = links(keeper, intake, post)
    for name, path in all_links.items():
        if name != "good":
            press(keeper, path)

    assert settle(keeper) == 0


def test_who_has_left_by_a_link_leaves_by_it_again(
    keeper: FakeKeeper, ada: Api, intake: Api, post: Post
) -> None:
    join(keeper, intake, post, NEW)
    leave = post.links[keeper.token_of("acme", NEW)].replace("/c/", "/u/")
    for _ in range(2):
        Browser(keeper).post(leave, {"List-Unsubscribe": "One-Click"})
        settle_returned(keeper)
        assert ada.get("/lists/news").json["statuses"]["unsubscribed"] == 1
        SignUp.objects.all().delete()
        keeper.suppressed[post.send.list].add(keeper.token_of("acme", NEW))
        join(keeper, intake, post, NEW)
        assert ada.get("/lists/news").json["statuses"]["unsubscribed"] == 0
