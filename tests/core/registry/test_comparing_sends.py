import pytest

from listkeep.core.registry.comparing_sends import Change, compare_with_last
from tests.core.registry.scribe import Scribe
from tests.core.registry.senders import (
    add_route,
    ask_send,
    begin,
    send,
    send_subject,
    standing_subject,
    with_sending,
)


@pytest.fixture
def scribe() -> Scribe:
    return with_sending()


def test_the_first_send_is_compared_with_nothing(scribe: Scribe) -> None:
    request = ask_send(scribe)

    assert compare_with_last(scribe.registry, request, now=scribe.now) is None


def test_the_same_again_differs_in_nothing(scribe: Scribe) -> None:
    last = send(scribe)
    scribe.wait(days=1)
    found = compare_with_last(scribe.registry, ask_send(scribe), now=scribe.now)

    assert found is not None
    assert (found.request, found.changes) == (last.id, ())
    assert found.began_at < scribe.now


def test_what_differs_is_told_with_what_it_was(scribe: Scribe) -> None:
    send(scribe)
    add_route(scribe, id="x_otherotherot")  # of the same name
    about = send_subject(
        **{"from": "Bank <news@news.example>", "links": "evil.example"},
        templates="cd" * 32,
        fields="",
        pace="60",
        title="Act now",
    )
    request = ask_send(scribe, about=about, cap=900, recipient="x_otherotherot")
    found = compare_with_last(scribe.registry, request, now=scribe.now)

    assert found is not None
    assert found.changes == (
        Change("from", "News <news@news.example>", "Bank <news@news.example>"),
        Change("subject line", "Spring", "Act now"),
        Change("way out", "relay (x_routerouterw)", "relay (x_otherotherot)"),
        Change("link domains", "shop.example.com", "evil.example"),
        Change("sealed fields", "first", ""),
        Change("template", "abababababab…", "cdcdcdcdcdcd…"),
        Change("rows", "100", "900"),
        Change("messages an hour", "as many as there are", "60"),
    )


def test_the_last_one_counts_that_began_and_nobody_denied(scribe: Scribe) -> None:
    good = send(scribe)
    for ends in ("asked", "denied", "standing"):
        scribe.wait(minutes=1)
        about = standing_subject() if ends == "standing" else None
        other = ask_send(scribe, about=about)
        if ends != "asked":
            scribe.sign("ada", other, "approve")
            begin(scribe, other)
        if ends == "denied":
            scribe.sign("amir", other, "deny")
    request = ask_send(scribe)
    found = compare_with_last(scribe.registry, request, now=scribe.now)

    assert found is not None
    assert found.request == good.id


def test_of_two_the_newer_counts_and_none_that_came_later(scribe: Scribe) -> None:
    send(scribe)
    scribe.wait(minutes=1)
    newer = send(scribe)
    scribe.wait(minutes=1)
    request = ask_send(scribe)
    scribe.wait(minutes=1)
    send(scribe)
    found = compare_with_last(scribe.registry, request, now=scribe.now)

    assert found is not None
    assert found.request == newer.id
