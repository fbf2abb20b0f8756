"""Somebody is erased who was sent mail, and of whom things came back."""

import pytest

from listkeep.core.errors import UnavailableError
from listkeep.core.mail import Outcome
from listkeep.core.sealing import format_token
from listkeep.dock.outlet.models import MailDelivery
from listkeep.dock.outlet.returns.models import Returned, SoftBounces
from listkeep.dock.outlet.returns.recording import About, record_returned
from tests.dock.conftest import Answer, Api
from tests.fakes.grants import NOON
from tests.fakes.keeper import FakeKeeper

ANNA, BERT = "anna@example.com", "bert@example.com"
REQUESTS = ("r_spring", "r_summer")


def note(list_id: str, token: bytes, outcome: Outcome) -> bool:
    about = About(list_id, REQUESTS[0])
    return record_returned(about, token, outcome, how=Returned.How.MAIL, now=NOON)


@pytest.fixture
def sent(keeper: FakeKeeper, news: str) -> str:
    """A list whose people got mail, some of which came back."""
    for address in (ANNA, BERT):
        token = keeper.token_of("acme", address)
        for request in REQUESTS:
            MailDelivery.objects.create(
                list_id=news,
                request=request,
                token=token,
                trigger="",
                state=MailDelivery.State.DELIVERED,
                at=int(NOON.timestamp()),
            )
        for outcome in (Outcome.COMPLAINT, Outcome.SOFT_BOUNCE):
            assert note(news, token, outcome)
        SoftBounces.objects.create(
            list_id=news, token=token, days=1, first_day=1, last_day=1
        )
    return news


def erase(
    keeper: FakeKeeper, ada: Api, list_id: str, token: bytes, *, keep: bool
) -> Answer:
    request = keeper.grant_erasure(list_id, token, keep=keep)
    return ada.post("/erasures", {"request": request, "token": format_token(token)})


def tokens() -> list[bytes]:
    """Give the token of every row there is about mail."""
    found = []
    for table in (MailDelivery, Returned, SoftBounces):
        found += [
            bytes(token) for token in table.objects.values_list("token", flat=True)
        ]
    return found


@pytest.mark.parametrize("keep", [True, False])
def test_nothing_that_was_sent_or_came_back_is_about_them(
    keeper: FakeKeeper, ada: Api, sent: str, *, keep: bool
) -> None:
    anna, bert = (keeper.token_of("acme", address) for address in (ANNA, BERT))

    assert erase(keeper, ada, sent, anna, keep=keep).status == 200

    left = tokens()
    others = [token for token in left if token != bert]
    assert anna not in left
    assert len(others) == len(set(others)) == 4, "no two can be told to be of one"
    assert left.count(bert) == 5
    assert MailDelivery.objects.filter(request=REQUESTS[0]).count() == 2, (
        "still counted"
    )
    waiting = Returned.objects.filter(state=Returned.State.WAITING)
    assert {bytes(row.token) for row in waiting} == {bert}


def test_what_comes_back_later_is_written_down_of_nobody(
    keeper: FakeKeeper, ada: Api, sent: str
) -> None:
    anna = keeper.token_of("acme", ANNA)
    erase(keeper, ada, sent, anna, keep=True)

    for outcome in Outcome:
        assert not note(sent, anna, outcome)

    assert anna not in tokens()


def test_a_keeper_that_does_not_hear_of_it_leaves_all_as_it_was(
    keeper: FakeKeeper, ada: Api, sent: str
) -> None:
    before = sorted(tokens())
    keeper.break_at("erase_entry", UnavailableError("away"))

    answer = erase(keeper, ada, sent, keeper.token_of("acme", ANNA), keep=True)

    assert answer.status == 503
    assert sorted(tokens()) == before


def test_others_lists_and_tenants_keep_what_they_have(
    keeper: FakeKeeper, ada: Api, eve: Api, sent: str
) -> None:
    """The same bytes in another tenant's list are somebody else."""
    hers = eve.open_list("hers")
    anna = keeper.token_of("acme", ANNA)
    note(hers, anna, Outcome.COMPLAINT)

    erase(keeper, ada, sent, anna, keep=True)

    assert [row.list_id for row in Returned.objects.filter(token=anna)] == [hers]
