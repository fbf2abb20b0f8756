"""A run of the mail merge, from its first page to what the keeper is told."""

import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from listkeep.core.errors import Code, UnavailableError
from listkeep.core.mail import Reply
from listkeep.dock.lists.models import Entry
from listkeep.dock.outlet.merging import queries, running
from listkeep.dock.outlet.merging.models import MailMerge
from listkeep.dock.outlet.merging.running import Merger
from listkeep.dock.outlet.models import MailDelivery
from tests.dock.conftest import HEADER, Api, token_text
from tests.dock.merging.fake_path import FakePath
from tests.fakes.keeper import FakeKeeper

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PEOPLE = [f"reader{number}@example.com" for number in range(40)]
LATER = Reply(450, "4.2.0", "mailbox busy")
NEVER = Reply(550, "5.1.1", "no such mailbox")


@dataclass
class Desk:
    """A list, a granted send, a path, and a clock that is moved by hand."""

    keeper: FakeKeeper
    list_id: str
    path: FakePath
    now: datetime = NOON
    ticks: int = 0
    paused: Callable[[], None] = field(default=lambda: None)

    def begin(self, **facts: object) -> MailMerge:
        request = self.keeper.grant_send(self.list_id, **facts)  # type: ignore[arg-type]
        self.keeper.started.add(request)
        self.path.send = self.keeper.sends[request]
        return MailMerge.objects.create(
            list_id=self.list_id,
            request=request,
            principal="ada",
            facets=["plan:text", "country:text"],
            created_at=self.now,
            changed_at=self.now,
        )

    def merger(self) -> Merger:
        return Merger(
            path=self.path,
            keeper=self.keeper,
            clock=lambda: self.now,
            keep_on=lambda: True,
            elapsed=lambda: 0.0,
        )

    def tick(self, times: int = 1, *, seconds: int = 60) -> None:
        for _ in range(times):
            self.merger().tick()
            self.now += timedelta(seconds=seconds)

    def run(self) -> MailMerge:
        return MailMerge.objects.get()


@pytest.fixture
def desk(keeper: FakeKeeper, ada: Api, tmp_path: Path) -> Desk:
    list_id = ada.open_list()
    rows = "".join(f"{address},pro,DE,R\n" for address in PEOPLE)
    ada.send(list_id, f"{HEADER}{rows}gone@example.com,free,DE,G\n".encode())
    ada.patch(
        f"/lists/{list_id}/entries/{token_text(keeper, 'gone@example.com')}",
        {"status": "unsubscribed"},
    )
    made = Desk(keeper, list_id, FakePath(tmp_path / "sent", now=lambda: 0))
    made.path.now = lambda: int(made.now.timestamp())
    return made


def test_everybody_who_is_subscribed_has_it_once(desk: Desk) -> None:
    run = desk.begin()

    desk.tick(2)

    assert len(desk.path.received()) == len(set(desk.path.received())) == len(PEOPLE)
    assert desk.run().state == "done"
    told = desk.keeper.finished[run.request]
    assert (told.delivered, told.failed) == (len(PEOPLE), 0)


def test_a_segment_bounds_whom_it_goes_to(desk: Desk) -> None:
    desk.begin(selection='plan = "free"')

    desk.tick(2)

    assert desk.path.received() == []
    assert desk.run().state == "done"


def test_what_is_refused_for_now_is_tried_again_later_each_time(desk: Desk) -> None:
    desk.begin()
    slow = token_of(desk, PEOPLE[3])
    desk.path.answer = lambda token: LATER if token == slow else Reply(250, "", "")
    desk.tick(1, seconds=1)
    assert (desk.run().state, len(desk.path.received())) == ("running", 39)

    desk.path.seen.clear()
    desk.tick(120)  # two hours
    assert 4 <= len(desk.path.seen) <= 7  # after 1, 5, 15, 30 minutes, then every hour

    desk.path.answer = lambda _token: Reply(250, "", "")
    desk.tick(120)
    assert desk.run().state == "done"
    assert len(set(desk.path.received())) == len(PEOPLE)


@pytest.mark.parametrize("pace", [120, 1200])
def test_who_was_told_to_wait_does_not_wait_for_the_end_of_a_long_send(
    desk: Desk, pace: int
) -> None:
    """A greylisted mailbox got its mail after days, or never: its send had ended."""
    desk.begin(pace=pace)
    slow = min(token_of(desk, each) for each in PEOPLE)
    heard = iter([LATER])
    desk.path.answer = lambda token: (
        next(heard, Reply(250, "", "")) if token == slow else Reply(250, "", "")
    )

    desk.tick(1, seconds=61)
    assert slow.hex() not in desk.path.received()
    desk.tick(1, seconds=61)

    assert slow.hex() in desk.path.received()
    assert not desk.run().is_through
    desk.tick(30, seconds=61)
    assert len(desk.path.received()) == len(set(desk.path.received())) == len(PEOPLE)
    assert desk.run().state == "done"


def test_a_page_that_is_handed_over_again_has_nobody_in_it_twice(desk: Desk) -> None:
    desk.begin(pace=600)
    desk.path.answer = lambda _token: LATER
    desk.tick(1, seconds=3)
    desk.now += timedelta(hours=2)  # all of the page are due once more
    desk.path.seen.clear()
    desk.path.answer = lambda _token: Reply(250, "", "")

    desk.tick(1)

    assert len(desk.path.seen) == len({item.token for item in desk.path.seen}) == 10


def test_what_is_refused_for_good_is_not_tried_again(desk: Desk) -> None:
    run = desk.begin()
    bad = token_of(desk, PEOPLE[5])
    desk.path.answer = lambda token: NEVER if token == bad else Reply(250, "", "")

    desk.tick(10)

    assert [item.token for item in desk.path.seen].count(bad) == 1
    told = desk.keeper.finished[run.request]
    assert (told.delivered, told.failed) == (39, 1)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(451, "4.3.0", "listkeep: keeper-unavailable"),
        Reply(451, "4.4.1", "the next mail server does not answer"),
    ],
)
def test_a_way_that_is_closed_costs_nobody_their_turn(desk: Desk, reply: Reply) -> None:
    desk.begin()
    desk.path.answer = lambda _token: reply
    desk.tick(4, seconds=1)
    assert bytes(desk.run().cursor) == b""

    desk.path.answer = lambda _token: Reply(250, "", "")
    desk.tick(30)

    assert len(set(desk.path.received())) == len(desk.path.received()) == len(PEOPLE)


def test_a_way_that_stays_closed_is_asked_less_and_less(desk: Desk) -> None:
    desk.begin()
    desk.path.answer = lambda _token: Reply(451, "", "listkeep: keeper-unavailable")

    desk.tick(600, seconds=1)

    assert len(desk.path.seen) <= 10 * len(PEOPLE)
    assert desk.run().code == "keeper-unavailable"


def test_a_keeper_that_is_away_is_waited_for(desk: Desk) -> None:
    desk.begin()

    def away(_request: str) -> None:
        raise UnavailableError("the keeper is away", code=Code.KEEPER_UNAVAILABLE)

    known, desk.path.find_send = desk.path.find_send, away  # type: ignore[method-assign, assignment]
    desk.tick(3)
    assert desk.run().code == "keeper-unavailable"

    desk.path.find_send = known  # type: ignore[method-assign]
    desk.tick(10)
    assert desk.run().state == "done"


def test_a_freeze_holds_it_and_it_goes_on_by_itself(desk: Desk) -> None:
    desk.begin()
    send = desk.path.send
    assert send
    desk.path.send = replace(send, state="frozen")
    desk.tick(3)
    assert (desk.run().code, desk.path.received()) == ("frozen", [])

    desk.path.send = send
    desk.tick(3)
    assert desk.run().state == "done"


def test_the_cap_ends_it(desk: Desk) -> None:
    run = desk.begin()
    cap = iter(range(len(PEOPLE)))
    desk.path.answer = lambda _token: (
        Reply(250, "", "")
        if next(cap) < 10
        else Reply(451, "", "listkeep: cap-exceeded")
    )

    desk.tick(5)

    assert (desk.run().state, desk.run().code) == ("stopped", "cap-exceeded")
    assert desk.keeper.finished[run.request].delivered == 10
    assert len(desk.path.seen) == len(PEOPLE)


def test_at_the_cap_those_who_were_told_to_wait_have_their_turn(desk: Desk) -> None:
    run = desk.begin()
    opened = set[bytes]()

    def answer(token: bytes) -> Reply:
        if token not in opened and len(opened) == 10:
            return Reply(451, "4.7.0", "listkeep: cap-exceeded")
        is_new = token not in opened
        opened.add(token)
        return LATER if is_new and len(opened) == 3 else Reply(250, "", "")

    desk.path.answer = answer
    desk.tick(1)
    assert (desk.run().state, len(desk.path.received())) == ("running", 9)

    desk.tick(20)

    assert (desk.run().state, desk.run().code) == ("stopped", "cap-exceeded")
    assert desk.keeper.finished[run.request].delivered == 10
    tries = Counter(item.token for item in desk.path.seen)
    assert max(tries.values()) <= 4, "nobody beyond the cap is asked for without end"


def test_one_that_expired_is_over(desk: Desk) -> None:
    desk.begin()
    desk.path.send = None

    desk.tick()

    assert (desk.run().state, desk.run().code) == ("stopped", "expired")
    assert desk.path.received() == []


def test_the_pace_is_kept(desk: Desk) -> None:
    desk.begin(pace=600)  # ten a minute

    desk.tick(60, seconds=1)
    assert len(desk.path.received()) == 10

    desk.tick(60, seconds=1)
    assert len(desk.path.received()) == 20


def test_a_pause_holds_it_within_a_page(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PAGE", 5)
    run = desk.begin()
    desk.path.after_sending = lambda: pause(run) if len(desk.path.seen) > 5 else None

    desk.tick(5)
    assert (desk.run().state, len(desk.path.received())) == ("paused", 10)

    desk.path.after_sending = lambda: None
    MailMerge.objects.update(state="running")
    desk.tick(5)
    assert len(set(desk.path.received())) == len(desk.path.received()) == len(PEOPLE)


def test_facets_fill_the_slots_of_the_application(desk: Desk) -> None:
    desk.begin()
    desk.path.slots = {"plan", "unknown"}

    desk.tick(2)

    assert {item.values["plan"] for item in desk.path.seen} == {"pro"}
    assert all(set(item.values) == {"plan"} for item in desk.path.seen)


def test_memory_does_not_grow_with_the_list(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        desk.path, "deliver", lambda _s, items: [Reply(250, "", "")] * len(items)
    )
    made = Entry.objects.filter(list_id=desk.list_id).values().first()
    assert made

    def peak(first: int, count: int) -> int:
        MailMerge.objects.all().delete()
        Entry.objects.bulk_create(
            Entry(**{**made, "token": (first + at).to_bytes(16)}) for at in range(count)
        )
        desk.begin()
        tracemalloc.start()
        desk.tick(2)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert desk.run().state == "done"
        return highest

    few, many = peak(0, 2_000), peak(1 << 40, 20_000)
    assert many < 1.5 * few


def token_of(desk: Desk, address: str) -> bytes:
    return desk.keeper.token_of("acme", address)


def pause(run: MailMerge) -> None:
    MailMerge.objects.filter(request=run.request).update(state="paused")
    assert (
        queries.count_states(run)["delivered"]
        == MailDelivery.objects.filter(state="delivered").count()
    )
