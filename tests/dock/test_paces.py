"""So much at once, so much a minute, for each network, whichever process is asked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from listkeep.dock.lists.models import PaceOf
from listkeep.dock.lists.paces import Pace, count_quiet, forget_quiet, network_of

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
AT = NOON.timestamp()


def test_a_burst_goes_through_and_then_so_many_a_minute() -> None:
    pace = Pace("mail", per_minute=60, burst=3)

    assert [pace.lets("a", at=AT) for _ in range(5)] == [True] * 3 + [False] * 2
    assert [pace.lets("a", at=AT + 2) for _ in range(3)] == [True, True, False]
    assert pace.lets("b", at=AT + 2), "another source has its own"
    assert pace.lets("a", at=AT + 2, list_id="news"), "and so has another list"
    assert Pace("other", 60, 3).lets("a", at=AT + 2), "and another thing"
    later = [pace.lets("a", at=AT + 1000) for _ in range(4)]
    assert later == [True] * 3 + [False]


def test_many_processes_let_through_no_more_than_one() -> None:
    pace = Pace("mail", per_minute=1, burst=5)

    def ask(_: int) -> bool:
        try:
            return pace.lets("a", at=AT)
        finally:
            connection.close()  # each has its own, as a process has

    with ThreadPoolExecutor(8) as pool:
        let = list(pool.map(ask, range(24)))

    assert let.count(True) == 5


def test_a_clock_that_goes_back_gives_nothing() -> None:
    pace = Pace("mail", per_minute=60, burst=1)

    assert pace.lets("a", at=AT)
    assert not pace.lets("a", at=AT - 990)
    assert not pace.lets("a", at=AT - 989.5)


def test_a_clock_that_was_a_year_ahead_keeps_nobody_out_for_a_year() -> None:
    pace = Pace("mail", per_minute=60, burst=1)
    assert pace.lets("a", at=(NOON + timedelta(days=365)).timestamp())
    assert not pace.lets("a", at=AT)

    assert forget_quiet(NOON) == 1
    assert pace.lets("a", at=AT)


def test_who_was_quiet_is_forgotten_and_nobody_else() -> None:
    pace = Pace("mail", per_minute=1, burst=10)
    pace.lets("once", at=AT)
    for _ in range(5):
        pace.lets("often", at=AT)
    later = NOON + timedelta(minutes=2)

    assert count_quiet(later) == 1
    assert forget_quiet(later) == 1
    assert PaceOf.objects.get().source == "mail often"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.7", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("x", "y", True),
    ],
)
def test_neighbours_share_a_network(one: str, other: str, is_same: bool) -> None:
    assert (network_of(one) == network_of(other)) is is_same
