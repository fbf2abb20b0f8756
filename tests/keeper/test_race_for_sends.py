"""Eight processes open rows of one send; cap, pace and signatures stay exact."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.keeper.mailing import (
    begin,
    codes,
    finish,
    grant_send,
    leased,
    open_rows,
    report,
    send_of,
    sign,
    standing_send,
    with_sending,
)
from tests.keeper.race import PROCESSES, Crowd, outcome
from tests.keeper.world import Rows, World


@pytest.fixture(scope="module")
def crowd() -> Iterator[Crowd]:
    found = Crowd()
    yield found
    found.close()


def open_many(
    world: World, request: str, rows: Rows, order: list[int], trigger: str = ""
) -> list[str]:
    """Open rows in batches of five; give a code for each, ``opened`` for none."""
    found = []
    for start in range(0, len(order), 5):
        batch = rows.batch(*order[start : start + 5])
        opened = open_rows(world, request, batch, [trigger] * len(batch.sealed))
        found += [code or "opened" for code in codes(opened)]
    return found


def test_different_rows_open_up_to_the_cap_and_not_one_more(
    anywhere: World, crowd: Crowd
) -> None:
    rows = with_sending(anywhere, 50 * PROCESSES)
    request = send_of(anywhere, rows, 333)
    orders = [list(range(50 * n, 50 * n + 50)) for n in range(PROCESSES)]

    ended = crowd.act(
        anywhere, open_many, [request] * PROCESSES, [rows] * PROCESSES, orders
    )

    assert Counter(ended) == {"opened": 333, "cap-exceeded": 50 * PROCESSES - 333}
    assert leased(anywhere, request) == 333


def test_the_same_rows_opened_by_all_count_once(anywhere: World, crowd: Crowd) -> None:
    rows = with_sending(anywhere, 250)
    request = send_of(anywhere, rows, 250)
    orders = [random.sample(range(250), 250) for _ in range(PROCESSES)]

    ended = crowd.act(
        anywhere, open_many, [request] * PROCESSES, [rows] * PROCESSES, orders
    )

    assert Counter(ended) == {"opened": 250 * PROCESSES}
    finish(anywhere, request)
    assert anywhere.newest("send.completed")["opened"] == "250"


def test_no_hour_of_all_of_them_has_more_than_the_pace(
    anywhere: World, crowd: Crowd
) -> None:
    rows = with_sending(anywhere, 20 * PROCESSES)
    request = standing_send(anywhere, rows, 20 * PROCESSES, pace=37)
    orders = [list(range(20 * n, 20 * n + 20)) for n in range(PROCESSES)]
    shares = (
        [request] * PROCESSES,
        [rows] * PROCESSES,
        orders,
        ["welcome"] * PROCESSES,
    )

    first = Counter(crowd.act(anywhere, open_many, *shares))
    anywhere.now += timedelta(minutes=65)
    second = Counter(crowd.act(anywhere, open_many, *shares))

    assert first == {"opened": 37, "over-pace": 20 * PROCESSES - 37}
    assert second == {"opened": 74, "over-pace": 20 * PROCESSES - 74}


def sign_many(world: World, request: str) -> list[str]:
    return [outcome(sign, world, request, bytes(32)) for _ in range(10)]


def test_together_they_sign_no_more_than_was_opened(
    anywhere: World, crowd: Crowd
) -> None:
    rows = with_sending(anywhere, 33)
    request = send_of(anywhere, rows, 33)
    open_rows(anywhere, request, rows.whole())

    ended = Counter(crowd.act(anywhere, sign_many, [request] * PROCESSES))

    assert ended == {"done": 33, "cap-exceeded": 10 * PROCESSES - 33}


def begin_and_open(world: World, request: str, rows: Rows, place: int) -> list[str]:
    return [
        outcome(begin, world, request),
        *(
            code or "opened"
            for code in codes(open_rows(world, request, rows.batch(place)))
        ),
    ]


def test_all_begin_it_and_it_begins_once(anywhere: World, crowd: Crowd) -> None:
    rows = with_sending(anywhere, PROCESSES)
    request = grant_send(anywhere, rows, PROCESSES)
    anywhere.session("ben", "dock")

    ended = crowd.act(
        anywhere,
        begin_and_open,
        [request] * PROCESSES,
        [rows] * PROCESSES,
        list(range(PROCESSES)),
    )

    assert Counter(ended) == {"done": PROCESSES, "opened": PROCESSES}
    assert anywhere.events().count("send.intended") == 1


def report_all(world: World, request: str, tokens: list[bytes]) -> list[str]:
    told = report(world, request, tokens, "complaint")
    return ["suppressed"] * told.suppressed + ["held"] * told.held


def test_together_they_suppress_no_more_than_the_share(
    anywhere: World, crowd: Crowd
) -> None:
    rows = with_sending(anywhere, 10 * PROCESSES)
    request = send_of(anywhere, rows, 10 * PROCESSES)
    open_rows(anywhere, request, rows.whole())
    tokens = [row.token for row in rows.sealed]

    ended = crowd.act(
        anywhere,
        report_all,
        [request] * PROCESSES,
        [tokens[10 * n : 10 * n + 10] for n in range(PROCESSES)],
    )

    assert Counter(ended) == {"suppressed": 20, "held": 10 * PROCESSES - 20}


def open_to_the_end(world: World, request: str, rows: Rows, first: int) -> list[str]:
    """Open one row after the other; the first process ends the send half-way."""
    found = []
    for place in range(first, first + 25):
        found += [
            c or "opened" for c in codes(open_rows(world, request, rows.batch(place)))
        ]
        if place == 12:
            found.append(outcome(finish, world, request))
    return found


def test_nothing_opens_uncounted_while_somebody_ends_it(
    anywhere: World, crowd: Crowd
) -> None:
    rows = with_sending(anywhere, 25 * PROCESSES)
    request = send_of(anywhere, rows, 25 * PROCESSES)

    ended = Counter(
        crowd.act(
            anywhere,
            open_to_the_end,
            [request] * PROCESSES,
            [rows] * PROCESSES,
            [25 * n for n in range(PROCESSES)],
        )
    )

    assert set(ended) <= {"opened", "replayed", "done"}
    opened = int(anywhere.newest("send.completed")["opened"])
    assert opened == ended["opened"]
    assert anywhere.events().count("send.completed") == 1
