from collections.abc import Mapping
from datetime import timedelta

import pytest

from listkeep.core.registry.facts import RequestFacts
from listkeep.core.registry.habits import Habits, asked_at, news_of
from tests.core.registry.scribe import ACME, Scribe
from tests.core.registry.senders import (
    add_domain,
    add_route,
    ask_send,
    begin,
    finish,
    lease,
    send,
    send_subject,
    with_sending,
)


@pytest.fixture
def scribe() -> Scribe:
    return with_sending()


def news(scribe: Scribe, request: RequestFacts) -> list[str]:
    habits = scribe.registry.habits.get(ACME, Habits())
    return [each.words for each in news_of(habits, request, now=scribe.now)]


def ask(
    scribe: Scribe, about: Mapping[str, str] | None = None, **facts: object
) -> list[str]:
    return news(scribe, ask_send(scribe, "ben", about, **facts))


def test_of_the_first_send_everything_is_new(scribe: Scribe) -> None:
    assert ask(scribe) == [
        "new sender: News <news@news.example>",
        "new domain of a sender: news.example",
        "new link domain: shop.example.com",
        "a way out this tenant's mail never took",
        "a passkey that never signed a send",
        "no campaign of this tenant in 90 days before",
    ]


def test_of_the_same_again_nothing_is_new(scribe: Scribe) -> None:
    send(scribe)

    assert ask(scribe, cap=1000) == []


CHANGES = {
    "new sender: News <new@news.example>": {"from": "News <new@news.example>"},
    "new sender: Bank <news@news.example>": {"from": "Bank <news@news.example>"},
    "new sender: News <News@news.example>": {"from": "News <News@news.example>"},
    "new reply address: a@evil.example": {"reply_to": "a@evil.example"},
    "new tracking domain: t.example": {"tracking": "t.example"},
    "new link domain: evil.example": {"links": "evil.example shop.example.com"},
    # Above, below, beside and like a domain that is known.
    "new link domain: example.com": {"links": "example.com"},
    "new link domain: login.shop.example.com": {"links": "login.shop.example.com"},
    "new link domain: shop.example.com.evil.example": {
        "links": "shop.example.com.evil.example"
    },
    "new link domain: xn--shp-1na.example.com": {"links": "xn--shp-1na.example.com"},
}


@pytest.mark.parametrize(("said", "changes"), CHANGES.items(), ids=CHANGES)
def test_whatever_is_written_otherwise_is_new(
    scribe: Scribe, said: str, changes: dict[str, str]
) -> None:
    send(scribe)

    assert ask(scribe, send_subject(**changes)) == [said]


def test_another_route_passkey_and_sender_domain_are_new(scribe: Scribe) -> None:
    send(scribe)
    add_route(scribe, id="x_otherotherot", name="other")
    add_domain(scribe, id="m_otherotherot", name="shop.example")
    scribe.add_person("ivan", "marketer")

    assert ask(scribe, recipient="x_otherotherot") == [
        "a way out this tenant's mail never took"
    ]
    assert news(scribe, ask_send(scribe, "ivan")) == [
        "a passkey that never signed a send"
    ]
    assert ask(scribe, send_subject(**{"from": "n@shop.example"})) == [
        "new sender: n@shop.example",
        "new domain of a sender: shop.example",
    ]


def test_more_than_ten_times_the_largest_campaign_is_new(scribe: Scribe) -> None:
    send(scribe, cap=20)

    assert ask(scribe, cap=200) == []
    assert ask(scribe, cap=201) == ["more than 10 times the largest campaign, 20 rows"]


def test_what_counts_is_what_left_and_not_what_could_have(scribe: Scribe) -> None:
    request = ask_send(scribe, cap=1000)
    scribe.sign("ada", request, "approve")
    begin(scribe, request)
    lease(scribe, request, 1000)
    finish(scribe, request, 3)

    assert ask(scribe, cap=31) == ["more than 10 times the largest campaign, 3 rows"]


def test_what_only_the_requester_signed_is_a_measure_a_day_later(
    scribe: Scribe,
) -> None:
    """Or somebody would climb from a few rows to all in an hour."""
    send(scribe, cap=2)
    scribe.wait(minutes=1)
    alone = ask_send(scribe, cap=20)
    begin(scribe, alone)
    lease(scribe, alone, 20)
    finish(scribe, alone, 20)

    scribe.wait(hours=23, minutes=59)
    assert ask(scribe, cap=21) == ["more than 10 times the largest campaign, 2 rows"]
    scribe.wait(minutes=1)
    assert ask(scribe, cap=200) == []
    assert ask(scribe, cap=201) == ["more than 10 times the largest campaign, 20 rows"]


def test_after_90_days_without_a_campaign_it_is_as_for_the_first(
    scribe: Scribe,
) -> None:
    send(scribe)
    scribe.wait(days=90, seconds=1)

    assert ask(scribe) == ["no campaign of this tenant in 90 days before"]


def test_a_running_campaign_stays_what_it_was_when_it_was_asked_for(
    scribe: Scribe,
) -> None:
    send(scribe)
    scribe.wait(days=89)
    request = ask_send(scribe)
    scribe.wait(days=3)

    assert news(scribe, request) == []


def test_what_became_known_later_was_new_when_it_was_asked_for(scribe: Scribe) -> None:
    send(scribe)
    evil = ask_send(scribe, about=send_subject(links="evil.example"))
    scribe.wait(seconds=1)
    send(scribe, about=send_subject(links="evil.example"))

    assert news(scribe, evil) == ["new link domain: evil.example"]


def test_a_send_does_not_make_its_own_news_known(scribe: Scribe) -> None:
    request = ask_send(scribe)
    scribe.sign("ada", request, "approve")
    begin(scribe, request)

    assert "new link domain: shop.example.com" in news(scribe, request)
    assert scribe.registry.decide(request, now=scribe.now).granted


def test_what_was_asked_for_and_never_sent_is_not_known(scribe: Scribe) -> None:
    ask_send(scribe)
    granted = ask_send(scribe)
    scribe.sign("ada", granted, "approve")

    assert len(ask(scribe)) == 6


def test_what_came_with_a_send_that_was_denied_is_new_again(scribe: Scribe) -> None:
    send(scribe)
    phish = ask_send(scribe, about=send_subject(links="evil.example"))
    scribe.sign("ada", phish, "approve")
    begin(scribe, phish)
    scribe.wait(seconds=1)
    assert ask(scribe, send_subject(links="evil.example")) == []
    scribe.sign("amir", phish, "deny")

    assert ask(scribe, send_subject(links="evil.example")) == [
        "new link domain: evil.example"
    ]
    assert ask(scribe) == []


def test_standing_sends_say_nothing_of_the_size_of_campaigns(scribe: Scribe) -> None:
    about = send_subject(kind="standing", pace="9", triggers="welcome")
    send(scribe, about, cap=1000)

    assert ask(scribe, cap=1) == ["no campaign of this tenant in 90 days before"]


def test_what_one_tenant_sent_is_new_for_another(scribe: Scribe) -> None:
    send(scribe)

    assert list(scribe.registry.habits) == [ACME]


def test_a_draft_is_asked_for_now(scribe: Scribe) -> None:
    draft = RequestFacts(id="r_draft", terms=ask_send(scribe).terms)
    later = scribe.now + timedelta(hours=1)

    assert asked_at(draft, later) == later
    habits = Habits()
    assert "a passkey that never signed a send" not in [
        each.words for each in news_of(habits, draft, now=later)
    ]
