"""Counts from a summary: right after every change, but for single ones of a moment."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, connection, connections

from listkeep.core.segments import Schema, parse_segment
from listkeep.dock.lists import bulk, queries, summaries
from listkeep.dock.lists.summaries import SummaryBook
from tests.dock.conftest import Api, token_text
from tests.fakes.keeper import FakeKeeper

SEGMENTS = ("all", "n < 3", "status = unsubscribed", 'not (plan = "pro") and n > 1')


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(summaries, "book", SummaryBook(clock))
    return clock


@pytest.fixture
def many(ada: Api) -> str:
    list_id = ada.open_list("many", ["n:int", "plan:text"])
    add(ada, list_id, range(60))
    return list_id


def add(ada: Api, list_id: str, numbers: range) -> None:
    lines = "".join(
        f"person{n}@example.com,{n % 7},{('pro', 'free', '')[n % 3]}\n" for n in numbers
    )
    answer = ada.send(
        list_id, f"E-mail,n,plan\n{lines}".encode(), mapping={"address": "E-mail"}
    )
    assert answer.status == 200, answer.content


def unsubscribe(app: Api, keeper: FakeKeeper, list_id: str, address: str) -> None:
    path = f"/lists/{list_id}/entries/{token_text(keeper, address)}"
    assert app.patch(path, {"status": "unsubscribed"}).status == 200


def everything(api: Api, list_id: str, *, max_age: int) -> list[object]:
    asked: list[object] = [api.get(f"/lists/{list_id}", max_age=str(max_age)).json]
    for segment in SEGMENTS:
        for what in ("count", "facets"):
            path = f"/lists/{list_id}/{what}"
            asked.append(api.get(path, segment=segment, max_age=str(max_age)).json)
    return asked


@pytest.mark.usefixtures("clock")
def test_memory_says_what_the_rows_say(
    keeper: FakeKeeper, ada: Api, app: Api, many: str
) -> None:
    unsubscribe(app, keeper, many, "person8@example.com")

    assert everything(ada, many, max_age=30) == everything(ada, many, max_age=0)


@pytest.mark.usefixtures("clock")
def test_an_import_is_counted_at_once(ada: Api, many: str) -> None:
    before = ada.get(f"/lists/{many}/count", max_age="300").json["count"]
    add(ada, many, range(60, 70))

    assert before == 60
    assert ada.get(f"/lists/{many}/count", max_age="300").json["count"] == 70
    assert everything(ada, many, max_age=300) == everything(ada, many, max_age=0)


def test_a_single_change_may_be_missed_for_as_long_as_was_asked(
    keeper: FakeKeeper, ada: Api, app: Api, many: str, clock: Clock
) -> None:
    def left(max_age: int) -> int:
        path, segment = f"/lists/{many}/count", "status = unsubscribed"
        count: int = ada.get(path, segment=segment, max_age=str(max_age)).json["count"]
        return count

    assert left(30) == 0
    unsubscribe(app, keeper, many, "person8@example.com")

    assert left(0) == 1
    assert left(30) == 0
    clock.now += 31
    assert left(30) == 1


def test_what_misses_a_change_for_a_while_is_counted_anew_behind_whoever_asks(
    keeper: FakeKeeper, ada: Api, app: Api, many: str, clock: Clock
) -> None:
    aside: list[Callable[[], None]] = []
    summaries.book.aside = aside.append

    def left() -> int:
        query = {"segment": "status = unsubscribed", "max_age": "300"}
        count: int = ada.get(f"/lists/{many}/count", **query).json["count"]
        return count

    assert left() == 0
    unsubscribe(app, keeper, many, "person8@example.com")
    assert (left(), aside) == (0, [])
    clock.now += 31
    assert [left(), left(), len(aside)] == [0, 0, 1]

    aside.pop()()

    assert (left(), aside) == (1, [])
    clock.now += 301
    assert (left(), aside) == (1, [])  # there was no change


def test_a_database_that_fails_aside_is_told_to_who_comes_next(  # noqa: PLR0917 - a cast of six
    keeper: FakeKeeper,
    ada: Api,
    app: Api,
    many: str,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aside: list[Callable[[], None]] = []
    summaries.book.aside = aside.append

    def broken(list_id: str) -> Iterator[tuple[str, int, int]]:
        raise OperationalError(list_id)

    path, query = f"/lists/{many}/count", {"max_age": "300"}
    ada.get(path, **query)
    unsubscribe(app, keeper, many, "person8@example.com")
    clock.now += 31
    assert ada.get(path, **query).status == 200

    monkeypatch.setattr(bulk, "count_kinds", broken)
    aside.pop()()

    assert ada.get(path, **query).status == 200
    assert len(aside) == 1
    clock.now += 300
    assert ada.get(path, **query).status == 503


def test_whoever_counts_aside_closes_its_connection() -> None:
    opened, may_go = [], threading.Event()

    def work() -> None:
        assert may_go.wait(60)
        connection.ensure_connection()
        opened.append(connections["default"])

    summaries._do_aside(work)
    [thread] = [each for each in threading.enumerate() if each.name == "count"]
    may_go.set()
    thread.join(60)

    assert [each.connection for each in opened] == [None]


def test_entries_of_too_many_kinds_are_counted_themselves(
    ada: Api, many: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "MAX_GROUPS", 3)

    assert everything(ada, many, max_age=30) == everything(ada, many, max_age=0)
    schema = Schema.parse(["n:int", "plan:text"])
    assert summaries.book.read(many, schema, max_age=30) is None


def test_what_is_kept_is_bounded_over_all_lists(
    ada: Api, many: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [ada.open_list(f"other{n}", ["n:int", "plan:text"]) for n in range(3)]
    for other in others:
        add(ada, other, range(20))
    monkeypatch.setattr(summaries, "_KEPT_GROUPS", 45)

    for list_id in (many, *others):
        ada.get(f"/lists/{list_id}", max_age="30")

    kept = summaries.book._known
    assert list(kept) == others[-2:]


@pytest.mark.usefixtures("clock")
def test_a_list_is_counted_once_for_all_its_questions(
    ada: Api, many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, count_kinds = [], bulk.count_kinds

    def noted(list_id: str) -> Iterator[tuple[str, int, int]]:
        taken.append(list_id)
        return count_kinds(list_id)

    monkeypatch.setattr(bulk, "count_kinds", noted)
    everything(ada, many, max_age=30)

    assert taken == [many]


def test_examples_of_a_large_list_come_from_its_beginning(
    ada: Api, many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = Schema.parse(["n:int", "plan:text"])
    everyone = queries.read_tokens(many, parse_segment("all", schema))
    monkeypatch.setattr(queries, "SAMPLED_FROM", 10)

    rows = queries.read_sample(many, parse_segment("all", schema), limit=20)
    some = queries.read_sample(many, parse_segment("n < 3", schema), limit=20)

    assert rows == everyone[:10]
    assert set(some) < set(rows)
