"""Mail that fails for a while is no reason to give somebody up, until it is."""

from collections.abc import Sequence

import pytest

from listkeep.core.mail import Outcome
from listkeep.dock.outlet.returns.models import Returned, SoftBounces
from listkeep.wire.messages import sends as d
from tests.dock.returns.conftest import note, settle, status_of
from tests.fakes.keeper import FakeKeeper

ANNA = "anna@example.com"


def fail_on(keeper: FakeKeeper, send: d.Send, days: Sequence[float]) -> None:
    token = keeper.token_of("acme", ANNA)
    for day in days:
        note(send, token, Outcome.SOFT_BOUNCE, code="4.2.2", days=day)
        settle(keeper, days=day)
        settle(keeper, days=day)  # what the rule adds


@pytest.mark.parametrize(
    ("days", "status"),
    [
        ((0, 3, 6, 10, 14), "bounced"),
        ((0, 3, 6, 10, 20), "bounced"),
        ((0, 3, 6, 10), "subscribed"),  # on four days
        ((0, 1, 2, 3, 4), "subscribed"),  # a server that is down for a week
        ((0, 0.1, 0.2, 0.3, 0.4, 14), "subscribed"),  # one evening counts once
        ((0, 3, 6, 10, 45, 50), "subscribed"),  # a month without any
        ((0, 3, 6, 10, 45, 50, 55, 59, 60), "bounced"),
    ],
)
def test_five_days_within_more_than_two_weeks_are_enough(
    keeper: FakeKeeper, campaign: d.Send, days: Sequence[float], status: str
) -> None:
    fail_on(keeper, campaign, days)

    assert status_of(keeper, campaign, ANNA) == status


def test_what_the_rule_says_is_told_as_such(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    fail_on(keeper, campaign, (0, 3, 6, 10, 14))

    row = Returned.objects.get(outcome=Outcome.HARD_BOUNCE)
    assert (row.how, row.code) == ("rule", "4.2.2")
    assert [item.outcome for item in keeper.returned] == ["hard-bounce"]
    assert SoftBounces.objects.count() == 0, "it begins anew"


def test_one_delivery_in_between_begins_anew(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    token = keeper.token_of("acme", ANNA)
    fail_on(keeper, campaign, (0, 3, 6, 10))
    note(campaign, token, Outcome.DELIVERED, how=Returned.How.ROUTE, days=12)
    settle(keeper, days=12)
    fail_on(keeper, campaign, (14, 15, 16, 17))

    assert status_of(keeper, campaign, ANNA) == "subscribed"


def test_days_that_are_settled_again_count_once(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    fail_on(keeper, campaign, (0, 3, 6, 10))
    Returned.objects.update(state=Returned.State.WAITING)

    settle(keeper, days=11)

    assert SoftBounces.objects.get().days == 4
