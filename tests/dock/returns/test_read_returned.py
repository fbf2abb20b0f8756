"""An application learns what came back, in tokens, and misses nothing."""

import threading

import pytest
from django.db import connections

from listkeep.core.mail import Outcome
from listkeep.core.sealing import format_token
from listkeep.dock.outlet.returns.models import Returned
from listkeep.wire.messages import sends as d
from tests.dock.conftest import Api
from tests.dock.returns.conftest import note, settle
from tests.fakes.keeper import FakeKeeper

PEOPLE = [f"{name}@example.com" for name in ("anna", "bert", "carl", "dora")]


def test_the_app_reads_on_from_where_it_was(
    keeper: FakeKeeper, app: Api, campaign: d.Send
) -> None:
    path = f"/lists/{campaign.list}/returned"
    tokens = [keeper.token_of("acme", each) for each in PEOPLE]
    for token in tokens[:3]:
        note(campaign, token, Outcome.BLOCKED, code="5.7.1")

    first = app.get(path, limit="2").json
    second = app.get(path, limit="2", cursor=str(first["cursor"])).json
    note(campaign, tokens[3], Outcome.REPLY)
    third = app.get(path, cursor=str(second["cursor"])).json
    last = app.get(path, cursor=str(third["cursor"])).json

    pages = [first, second, third, last]
    assert [len(page["returned"]) for page in pages] == [2, 1, 1, 0]
    assert [page["more"] for page in pages] == [True, False, False, False]
    told = [each["token"] for page in pages for each in page["returned"]]
    assert told == list(map(format_token, tokens))
    assert last["cursor"] == third["cursor"]


def test_one_thing_that_came_back_in_full(
    keeper: FakeKeeper, app: Api, campaign: d.Send
) -> None:
    token = keeper.token_of("acme", PEOPLE[0])
    note(campaign, token, Outcome.HARD_BOUNCE, code="5.1.1")
    path = f"/lists/{campaign.list}/returned"
    assert app.get(path).json["returned"] == [], "it does not count yet"
    [told] = app.get(path, waiting="true").json["returned"]

    assert told == {
        "number": 1,
        "request": campaign.request,
        "token": format_token(token),
        "outcome": "hard-bounce",
        "code": "5.1.1",
        "how": "mail",
        "at": "2026-01-05T12:00:00Z",
        "state": "waiting",
    }
    settle(keeper)
    [told] = app.get("/lists/news/returned").json["returned"]
    assert told["state"] == "settled"


@pytest.mark.parametrize(
    "query", [{"cursor": "-1"}, {"cursor": "x"}, {"limit": "0"}, {"limit": "1001"}]
)
def test_other_cursors_are_refused(
    app: Api, campaign: d.Send, query: dict[str, str]
) -> None:
    assert app.get(f"/lists/{campaign.list}/returned", **query).status == 400


def test_whoever_writes_at_once_gets_numbers_of_their_own(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    tokens = [keeper.token_of("acme", each) for each in PEOPLE]
    barrier = threading.Barrier(len(tokens))

    def write(token: bytes) -> None:
        barrier.wait()
        for outcome in Outcome:
            note(campaign, token, outcome)
        connections.close_all()

    threads = [threading.Thread(target=write, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    numbers = list(Returned.objects.values_list("number", flat=True))
    assert len(numbers) == len(tokens) * len(Outcome)
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_two_who_write_the_same_at_once_write_it_once(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    token = keeper.token_of("acme", PEOPLE[0])
    barrier = threading.Barrier(4)
    new: list[bool] = []

    def write() -> None:
        barrier.wait()
        new.append(note(campaign, token, Outcome.COMPLAINT))
        connections.close_all()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(new) == [False, False, False, True]
    assert Returned.objects.count() == 1
