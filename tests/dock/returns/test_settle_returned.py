"""What came back counts at the keeper first, then in the list, once."""

import pytest

from listkeep.core.errors import Code, RefusedError, UnavailableError
from listkeep.core.mail import Outcome
from listkeep.dock.lists.models import Change
from listkeep.dock.outlet.returns.models import Returned
from listkeep.dock.project.sweeps import SWEEPS
from listkeep.wire.messages import sends as d
from tests.dock.conftest import Api
from tests.dock.returns.conftest import begin_send, note, settle, status_of
from tests.dock.ways import NOON
from tests.fakes.keeper import FakeKeeper

ANNA, BERT, CARL = "anna@example.com", "bert@example.com", "carl@example.com"
STATES = Returned.State


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.HARD_BOUNCE, "bounced"),
        (Outcome.COMPLAINT, "complained"),
        (Outcome.UNSUBSCRIBE, "unsubscribed"),
    ],
)
def test_what_suppresses_does_so_in_keeper_and_list(
    keeper: FakeKeeper, campaign: d.Send, outcome: Outcome, status: str
) -> None:
    token = keeper.token_of("acme", ANNA)
    note(campaign, token, outcome, code="5.1.1")

    assert settle(keeper) == 1

    assert status_of(keeper, campaign, ANNA) == status
    [item] = keeper.returned
    assert (item.token, item.outcome, item.code) == (token, outcome, "5.1.1")
    assert Returned.objects.get().state == STATES.SETTLED
    assert settle(keeper) == 0
    [change] = Change.objects.filter(kind="status")
    assert (change.who, change.updated) == ("returned", 1)


@pytest.mark.parametrize(
    "outcome",
    [Outcome.BLOCKED, Outcome.AUTO_REPLY, Outcome.REPLY, Outcome.UNKNOWN],
)
def test_what_says_nothing_about_the_mailbox_changes_nothing(
    keeper: FakeKeeper, campaign: d.Send, outcome: Outcome
) -> None:
    note(campaign, keeper.token_of("acme", ANNA), outcome)

    assert settle(keeper) == 0
    assert status_of(keeper, campaign, ANNA) == "subscribed"
    assert Returned.objects.get().state == STATES.NONE


def test_the_same_of_one_day_is_written_down_once(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    token = keeper.token_of("acme", ANNA)

    assert note(campaign, token, Outcome.AUTO_REPLY)
    assert not note(campaign, token, Outcome.AUTO_REPLY, hours=11)
    assert note(campaign, token, Outcome.AUTO_REPLY, hours=12), "another day"
    assert note(campaign, token, Outcome.REPLY)

    numbers = list(Returned.objects.values_list("number", flat=True))
    assert sorted(numbers) == sorted(set(numbers))


def test_nobody_leaves_twice(keeper: FakeKeeper, campaign: d.Send) -> None:
    token = keeper.token_of("acme", ANNA)

    assert note(campaign, token, Outcome.UNSUBSCRIBE)
    assert not note(campaign, token, Outcome.UNSUBSCRIBE, days=30)


def test_a_worse_status_stays(keeper: FakeKeeper, campaign: d.Send) -> None:
    token = keeper.token_of("acme", ANNA)
    note(campaign, token, Outcome.COMPLAINT)
    settle(keeper)
    note(campaign, token, Outcome.UNSUBSCRIBE)

    settle(keeper)

    assert status_of(keeper, campaign, ANNA) == "complained"


def test_while_the_keeper_is_away_everything_waits(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    note(campaign, keeper.token_of("acme", ANNA), Outcome.HARD_BOUNCE)
    keeper.break_at("report_returned", UnavailableError("away"))

    with pytest.raises(UnavailableError):
        settle(keeper)

    assert Returned.objects.get().state == STATES.WAITING
    assert status_of(keeper, campaign, ANNA) == "subscribed"
    keeper.mend()
    assert settle(keeper) == 1
    assert status_of(keeper, campaign, ANNA) == "bounced"


def test_after_a_death_between_the_two_it_is_done_again(
    keeper: FakeKeeper, campaign: d.Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(campaign, keeper.token_of("acme", ANNA), Outcome.HARD_BOUNCE)
    path = "listkeep.dock.outlet.returns.settling.lists.lower_status"
    with monkeypatch.context() as patch:
        patch.setattr(path, lambda *_a, **_k: (_ for _ in ()).throw(KeyError()))
        with pytest.raises(KeyError):
            settle(keeper)

    assert settle(keeper) == 1

    assert status_of(keeper, campaign, ANNA) == "bounced"
    assert len(keeper.returned) == 2, "said twice; the keeper counts it once"


def test_a_send_the_keeper_has_forgotten_holds_nothing_up(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    note(campaign, keeper.token_of("acme", ANNA), Outcome.UNSUBSCRIBE)
    gone = RefusedError("there is no such send", code=Code.NOT_FOUND)
    keeper.break_at("report_returned", gone)

    assert settle(keeper) == 1
    assert status_of(keeper, campaign, ANNA) == "unsubscribed"


def test_a_thousand_and_more_are_settled_in_turns_of_the_wire(
    keeper: FakeKeeper, ada: Api
) -> None:
    list_id = ada.open_list("large")
    ada.fill(list_id, *(f"p{n}@example.com,pro,DE,P" for n in range(1100)))
    send = begin_send(keeper, list_id)
    for number in range(1100):
        token = keeper.token_of("acme", f"p{number}@example.com")
        note(send, token, Outcome.UNSUBSCRIBE, how=Returned.How.WEB)

    assert settle(keeper) == 1100

    assert keeper.calls.count("report_returned") == 2
    assert ada.get(f"/lists/{list_id}").json["statuses"]["unsubscribed"] == 1100


def test_the_worker_has_it_among_its_sweeps() -> None:
    [sweep] = [sweep for sweep in SWEEPS if sweep.name == "settle-returned"]

    assert sweep.every.total_seconds() == 2


def test_how_much_waits_is_shown(keeper: FakeKeeper, campaign: d.Send) -> None:
    [sweep] = [sweep for sweep in SWEEPS if sweep.name == "settle-returned"]
    note(campaign, keeper.token_of("acme", BERT), Outcome.COMPLAINT)
    note(campaign, keeper.token_of("acme", CARL), Outcome.REPLY)

    assert sweep.backlog(NOON) == 1
