"""A webhook is told what came back: in order, each once, until it was taken."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from listkeep.core.errors import Code, RefusedError, UnavailableError
from listkeep.core.mail import Outcome
from listkeep.core.sealing import format_token
from listkeep.dock.outlet.returns import feeds
from listkeep.dock.outlet.returns.models import Feed, Returned
from listkeep.dock.outlet.returns.sweeping import SWEEPS
from listkeep.dock.watch.letters import Letter
from listkeep.dock.watch.outcomes import Outcome as Told
from listkeep.dock.watch.outcomes import SendError
from listkeep.dock.watch.sweeps import Work
from listkeep.dock.watch.webhook import Webhooks
from listkeep.wire.messages import sends as d
from tests.dock.conftest import Api
from tests.dock.returns.conftest import begin_send, note, settle
from tests.dock.ways import NOON, Clock
from tests.fakes.keeper import FakeKeeper
from tests.fakes.telling import SECRET

HOOK = "https://hooks.acme.example/returned"
PEOPLE = [f"{name}@example.com" for name in ("anna", "bert", "carl", "dora")]


@dataclass
class Receiver:
    """A webhook that keeps what it is told, and fails on demand."""

    letters: list[Letter] = field(default_factory=list)
    fault: Exception | None = None
    is_lost: bool = False  # it takes a letter, and the answer is lost

    def send(
        self, letter: Letter, *, destination: str, secret: str, timestamp: int
    ) -> None:
        assert (destination, secret) == (HOOK, SECRET)
        assert timestamp
        if self.fault and not self.is_lost:
            raise self.fault
        self.letters.append(letter)
        if self.fault:
            raise self.fault

    @property
    def numbers(self) -> list[int]:
        return [
            each["number"]
            for letter in self.letters
            for each in json.loads(letter.json)["data"]["returned"]
        ]


@pytest.fixture
def hook(keeper: FakeKeeper, ada: Api, campaign: d.Send) -> str:
    contact = keeper.add_contact("hook", HOOK, kind="webhook")
    answer = webhook(ada, campaign, contact)
    assert answer.status == 200, answer.content
    return contact


@pytest.fixture
def clock() -> Clock:
    return Clock()


def webhook(who: Api, send: d.Send, contact: str) -> Any:
    body = json.dumps({"contact": contact}).encode()
    answer = who.call("PUT", f"/lists/{send.list}/returned/webhook", body)
    Feed.objects.update(next_at=NOON, changed_at=NOON)
    return answer


def tell(keeper: FakeKeeper, receiver: Receiver, clock: Clock) -> int:
    return feeds.tell_feeds(
        keeper=keeper, post=receiver, clock=clock, keep_on=lambda: True
    )


def bounce(keeper: FakeKeeper, send: d.Send, *people: str) -> None:
    for address in people or PEOPLE:
        note(send, keeper.token_of("acme", address), Outcome.BLOCKED, code="5.7.1")


def test_it_is_told_what_came_back_and_nothing_else(
    keeper: FakeKeeper, campaign: d.Send, hook: str, clock: Clock
) -> None:
    receiver = Receiver()
    bounce(keeper, campaign, PEOPLE[0])

    assert tell(keeper, receiver, clock) == 1
    assert tell(keeper, receiver, clock) == 0

    [letter] = receiver.letters
    assert json.loads(letter.json) == {
        "type": "listkeep.returned",
        "timestamp": "2026-01-05T12:00:00Z",
        "data": {
            "list": campaign.list,
            "cursor": 1,
            "returned": [
                {
                    "number": 1,
                    "request": campaign.request,
                    "token": format_token(keeper.token_of("acme", PEOPLE[0])),
                    "outcome": "blocked",
                    "code": "5.7.1",
                    "how": "mail",
                    "at": "2026-01-05T12:00:00Z",
                }
            ],
        },
    }


def test_what_was_there_before_is_read_and_not_told(
    keeper: FakeKeeper, ada: Api, campaign: d.Send, clock: Clock
) -> None:
    bounce(keeper, campaign, PEOPLE[0])
    webhook(ada, campaign, keeper.add_contact("hook", HOOK, kind="webhook"))
    bounce(keeper, campaign, PEOPLE[1])
    receiver = Receiver()
    tell(keeper, receiver, clock)

    assert receiver.numbers == [2]


def test_many_are_told_in_batches_in_order(
    keeper: FakeKeeper, ada: Api, campaign: d.Send, hook: str, clock: Clock
) -> None:
    list_id = ada.open_list("large")
    ada.fill(list_id, *(f"p{n}@example.com,pro,DE,P" for n in range(150)))
    send = begin_send(keeper, list_id)
    webhook(ada, send, hook)
    bounce(keeper, send, *(f"p{n}@example.com" for n in range(150)))
    receiver = Receiver()

    assert tell(keeper, receiver, clock) == 2

    assert receiver.numbers == list(range(1, 151))
    assert len({letter.id for letter in receiver.letters}) == 2


def test_a_batch_that_was_not_taken_is_sent_again_byte_by_byte(
    keeper: FakeKeeper, campaign: d.Send, hook: str, clock: Clock
) -> None:
    lost = Receiver(fault=SendError(Told.TIMED_OUT), is_lost=True)
    bounce(keeper, campaign, PEOPLE[0])
    assert tell(keeper, lost, clock) == 0
    bounce(keeper, campaign, *PEOPLE[1:])
    assert tell(keeper, lost, clock) == 0, "not before it is time"

    clock.wait(minutes=1)
    receiver = Receiver()
    tell(keeper, receiver, clock)

    assert lost.letters[0] == receiver.letters[0], "by its id and bytes a double"
    assert receiver.numbers == [1, 2, 3, 4]


def test_it_is_tried_ever_less_often_and_given_up_after_three_days(
    keeper: FakeKeeper, ada: Api, campaign: d.Send, hook: str, clock: Clock
) -> None:
    down = Receiver(fault=SendError(Told.UNREACHABLE))
    bounce(keeper, campaign)
    waits = []
    while Feed.objects.get().state == "telling":
        began = clock.now
        tell(keeper, down, clock)
        clock.now = Feed.objects.get().next_at
        waits.append((clock.now - began).total_seconds() / 60)

    assert waits[:5] == [1, 5, 30, 120, 720]
    assert 9 <= len(waits) <= 11
    shown = ada.get(f"/lists/{campaign.list}/returned/webhook").json
    assert (shown["state"], shown["outcome"]) == ("failed", "unreachable")
    assert tell(keeper, Receiver(), clock) == 0
    webhook(ada, campaign, hook)
    receiver = Receiver()
    clock.wait(days=100)
    tell(keeper, receiver, clock)
    assert receiver.numbers == [1, 2, 3, 4], "nothing was left out"


def test_a_keeper_that_is_away_costs_no_try(
    keeper: FakeKeeper, campaign: d.Send, hook: str, clock: Clock
) -> None:
    bounce(keeper, campaign)
    keeper.break_at("open_contact", UnavailableError("away"))
    for _ in range(10):
        tell(keeper, Receiver(), clock)
        clock.wait(days=1)
    keeper.mend()
    receiver = Receiver()
    tell(keeper, receiver, clock)

    assert receiver.numbers == [1, 2, 3, 4]


def test_a_contact_that_was_removed_is_told_no_more(
    keeper: FakeKeeper, campaign: d.Send, hook: str, clock: Clock
) -> None:
    bounce(keeper, campaign)
    gone = RefusedError("not to be told", code=Code.NOT_FOUND)
    keeper.break_at("open_contact", gone)

    receiver = Receiver()
    tell(keeper, receiver, clock)

    assert receiver.letters == []
    assert Feed.objects.get().state == "failed"


def test_what_does_not_count_yet_is_told_when_it_does(
    keeper: FakeKeeper, campaign: d.Send, hook: str, clock: Clock
) -> None:
    receiver = Receiver()
    note(campaign, keeper.token_of("acme", PEOPLE[0]), Outcome.COMPLAINT)
    bounce(keeper, campaign, PEOPLE[1])

    assert tell(keeper, receiver, clock) == 0
    settle(keeper)
    tell(keeper, receiver, clock)

    assert receiver.numbers == [1, 2]


def test_what_is_held_is_not_told_unless_an_owner_accepts_it(
    keeper: FakeKeeper, ada: Api, campaign: d.Send, hook: str, clock: Clock
) -> None:
    receiver = Receiver()
    bounce(keeper, campaign, *PEOPLE[:2])
    for address in PEOPLE[2:]:
        note(campaign, keeper.token_of("acme", address), Outcome.HARD_BOUNCE)
    Returned.objects.filter(state=Returned.State.WAITING).update(
        state=Returned.State.HELD
    )
    tell(keeper, receiver, clock)
    assert receiver.numbers == [1, 2]
    held_only = Receiver()
    assert tell(keeper, held_only, clock) == 0

    ada.post(f"/lists/{campaign.list}/returned/held", {"decision": "accept"})
    settle(keeper)
    tell(keeper, receiver, clock)

    assert receiver.numbers == [1, 2, 5, 6]


def test_a_row_changed_in_the_database_leads_no_list_elsewhere(
    keeper: FakeKeeper, campaign: d.Send, hook: str, clock: Clock
) -> None:
    """Eve can write to the dock's database, and has a webhook of her own."""
    hers = keeper.add_contact(
        "hers", "https://eve.example/", kind="webhook", tenant="other"
    )
    bounce(keeper, campaign)
    Feed.objects.update(contact=hers)
    receiver = Receiver()

    tell(keeper, receiver, clock)

    assert receiver.letters == []
    assert Feed.objects.get().outcome == "not-told"


@pytest.mark.parametrize(("name", "status"), [("ben", 403), ("app", 403), ("eve", 404)])
def test_only_an_owner_says_who_is_told(
    keeper: FakeKeeper,
    campaign: d.Send,
    request: pytest.FixtureRequest,
    name: str,
    status: int,
) -> None:
    contact = keeper.add_contact("hook", HOOK, kind="webhook")

    who: Api = request.getfixturevalue(name)
    assert webhook(who, campaign, contact).status == status
    assert not Feed.objects.exists()


def test_only_a_webhook_of_the_tenants_is_told(
    keeper: FakeKeeper, ada: Api, campaign: d.Send
) -> None:
    contact = keeper.add_contact("hook", HOOK, kind="webhook")
    mail = keeper.add_contact("desk", "desk@acme.example")

    for other in (mail, "d_nobody"):
        assert webhook(ada, campaign, other).status == 404
    path = f"/lists/{campaign.list}/returned/webhook"
    assert ada.get(path).status == 404
    assert not Feed.objects.exists()
    webhook(ada, campaign, contact)
    assert ada.call("DELETE", path).json["contact"] == contact
    assert ada.call("DELETE", path).status == 404


def test_the_sweep_calls_webhooks_as_notices_do(
    keeper: FakeKeeper,
    campaign: d.Send,
    hook: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver = Receiver()
    monkeypatch.setattr(
        Webhooks, "send", lambda _self, letter, **facts: receiver.send(letter, **facts)
    )
    bounce(keeper, campaign)
    [sweep] = [sweep for sweep in SWEEPS if sweep.name == "tell-returned"]
    clock = Clock()
    work = Work(keeper=keeper, clock=clock, keep_on=lambda: True)

    assert sweep.backlog(clock()) == 1
    assert sweep.run(work) == 1
    assert sweep.backlog(clock()) == 0
    assert receiver.numbers == [1, 2, 3, 4]
