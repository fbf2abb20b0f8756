"""One message that waits costs no look at all that are over, however large its send."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from listkeep.core.segments import Schema
from listkeep.dock.outlet.delivery.register import forget_claims
from listkeep.dock.outlet.merging import queries
from listkeep.dock.outlet.merging.models import MailMerge
from listkeep.dock.outlet.merging.path import Item
from listkeep.dock.outlet.models import MailDelivery
from listkeep.dock.outlet.progress import count_providers, count_returned
from listkeep.dock.outlet.returns.models import Returned
from tests.dock.plans import asked, plan_of

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOW = int(NOON.timestamp())
LIST, SEND = "l_large", "r_large"
OVER = 2_000
SLOW, DEAD = b"s" * 16, b"d" * 16
pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> MailMerge:
    """A send that is over for all but one who was told to wait, and a dead claim."""
    common = {"list_id": LIST, "request": SEND, "trigger": ""}
    MailDelivery.objects.bulk_create(
        MailDelivery(
            token=number.to_bytes(16, "big"),
            state=("delivered", "failed")[number % 2],
            at=NOW - 9_000,
            **common,
        )
        for number in range(OVER)
    )
    MailDelivery.objects.create(
        token=SLOW, state="deferred", attempts=1, at=NOW - 61, **common
    )
    MailDelivery.objects.create(
        token=DEAD, state="claimed", attempts=1, at=NOW - 301, **common
    )
    return MailMerge.objects.create(
        list_id=LIST, request=SEND, principal="ada", facets=["provider:text"],
        is_through=True, created_at=NOON, changed_at=NOON,
    )  # fmt: skip


def read_deferred(run: MailMerge) -> object:
    return queries.read_deferred(run, slots=(), limit=256, now=NOW)


def read_among_those_who_had_their_turn(run: MailMerge) -> object:
    run.is_through, run.cursor = False, SLOW
    return read_deferred(run)


@pytest.mark.parametrize(
    "look",
    [
        read_deferred,
        read_among_those_who_had_their_turn,
        queries.is_waiting,
        queries.count_waiting,
    ],
)
def test_a_look_at_what_waits_reads_no_row_that_is_over(
    run: MailMerge, look: Callable[[MailMerge], object]
) -> None:
    with asked() as questions:
        look(run)

    assert [("delivery_that_waits" in plan_of(each)) for each in questions] == [True]


def test_claims_of_the_dead_are_found_without_a_look_at_what_is_over(
    run: MailMerge,
) -> None:
    with asked() as questions:
        assert forget_claims() == 1

    assert "delivery_that_waits" in plan_of(questions[0])
    assert queries.is_waiting(run)


def test_who_waits_for_the_longest_is_first_and_who_was_just_tried_is_left_alone(
    run: MailMerge,
) -> None:
    due = [DEAD, SLOW]
    assert [item.token for item in _deferred(run, NOW)] == due
    assert [item.token for item in _deferred(run, NOW - 2)] == []
    waiting = MailDelivery.objects.waiting()
    assert {bytes(row.token) for row in waiting} == set(due)

    waiting.update(state="failed")

    assert not queries.is_waiting(run)
    assert _deferred(run, NOW) == []


def _deferred(run: MailMerge, now: int) -> list[Item]:
    return queries.read_deferred(run, slots=(), limit=256, now=now)


def test_what_came_back_of_one_send_is_counted_without_a_look_at_anothers() -> None:
    Returned.objects.bulk_create(
        Returned(
            list_id=LIST,
            number=number,
            request=SEND if number % 1_000 == 1 else "r_other",
            token=number.to_bytes(16, "big"),
            outcome="hard-bounce",
            how="route",
            at=NOW,
            day=NOW // 86_400,
            state=Returned.State.SETTLED,
        )
        for number in range(1, OVER + 1)
    )

    with asked() as questions:
        (came,) = count_returned(LIST, SEND)
        count_providers(LIST, SEND, schema=Schema.parse(["provider:text"]))

    assert came.things == 2
    about = [each for each in questions if "returned" in each[0]]
    assert len(about) == 2
    assert all("returned_by_send" in plan_of(each) for each in about)
