from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from listkeep.core.registry.notices import Book, Notice, Severity, Tally, is_told

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOTICE = Notice(
    index=3,
    event="request.made",
    at=NOON,
    severity=Severity.INFO,
    tenant="t_acme",
    tenant_name="acme",
    person="p_ben",
    person_name="ben",
)


def test_notices_are_read_from_an_index_on() -> None:
    book = Book(notices=[replace(NOTICE, index=index) for index in (3, 5, 9)])

    assert [notice.index for notice in book.since(0, limit=2)] == [3, 5]
    assert [notice.index for notice in book.since(4, limit=9)] == [5, 9]
    assert book.since(10, limit=1) == []
    assert book.find(5) == book.notices[1]
    assert book.find(4) is None
    assert book.find(10) is None


def test_a_day_counts_anew_and_a_month_is_forgotten() -> None:
    book = Book(notices=[NOTICE])
    book.tally(NOON, "t_acme").requests += 1

    assert [book.count(NOON, "a", "b") for _ in range(2)] == [1, 2]
    assert book.count(NOON, "a") == 1
    assert book.count(NOON + timedelta(days=1), "a", "b") == 1
    assert book.notices
    assert book.count(NOON - timedelta(days=1), "a", "b") == 2

    book.count(NOON + timedelta(days=32), "a")
    assert book.notices == []
    assert book.tallies == {}


def test_a_day_is_summed_up_for_one_and_for_all() -> None:
    book, day = Book(), date(2026, 1, 5)
    book.tally(NOON, "t_acme").add(
        Tally(requests=1, releases=2, rows=30, refusals=4, changes=5)
    )
    book.tally(NOON, "t_other").add(Tally(rows=1))

    assert book.totals(day, "t_acme") == Tally(1, 2, 30, 4, 5)
    assert book.totals(day, "") == Tally(1, 2, 31, 4, 5)
    assert book.totals(day, "t_nobody") == Tally()
    assert book.totals(date(2026, 1, 6), "") == Tally()


@pytest.mark.parametrize(
    ("times", "told"),
    [
        *((1, True), (10, True), (11, False), (20, False), (99, False), (100, True)),
        *((101, False), (110, False), (200, False), (1000, True)),
    ],
)
def test_a_flood_is_told_of_and_not_sent(times: int, told: bool) -> None:
    assert is_told(times) is told
