"""So much at once, so much a minute, for each network."""

import pytest

from listkeep.dock.lists import throttle
from listkeep.dock.lists.throttle import Throttle, network_of


def test_a_burst_goes_through_and_then_so_many_a_minute() -> None:
    bucket = Throttle(per_minute=60, burst=3)

    assert [bucket.lets("a", at=0) for _ in range(5)] == [True] * 3 + [False] * 2
    assert [bucket.lets("a", at=2) for _ in range(3)] == [True, True, False]
    assert bucket.lets("b", at=2), "another source has its own"
    assert [bucket.lets("a", at=1000) for _ in range(4)] == [True] * 3 + [False]


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket = Throttle(per_minute=60, burst=1)

    assert bucket.lets("a", at=1000)
    assert not bucket.lets("a", at=10)
    assert not bucket.lets("a", at=10.5)


def test_a_flood_of_sources_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttle, "_MOST_SOURCES", 10)
    bucket = Throttle(per_minute=1, burst=1)

    for number in range(100):
        assert bucket.lets(str(number), at=0)

    assert len(bucket._buckets) == 10
    assert not bucket.lets("99", at=0), "those that were heard of last are known"


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
