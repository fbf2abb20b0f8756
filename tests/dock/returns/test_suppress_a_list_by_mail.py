"""Somebody has read every alias off the mail server's log, and writes bounces."""

import pytest

from listkeep.core.errors import UnavailableError
from listkeep.core.mail import Outcome
from listkeep.dock.outlet.returns.models import Returned
from listkeep.wire.messages import sends as d
from tests.dock.conftest import Api
from tests.dock.returns.conftest import begin_send, note, settle
from tests.fakes.keeper import FakeKeeper

SIZE = 130
HELD = Returned.State.HELD


@pytest.fixture
def many(keeper: FakeKeeper, ada: Api) -> d.Send:
    list_id = ada.open_list("many")
    ada.fill(list_id, *(f"p{n}@example.com,pro,DE,P" for n in range(SIZE)))
    return begin_send(keeper, list_id)


def forge(
    keeper: FakeKeeper, send: d.Send, outcome: Outcome, *, hours: float = 0
) -> None:
    for number in range(SIZE):
        token = keeper.token_of("acme", f"p{number}@example.com")
        note(send, token, outcome, hours=hours)


def statuses(ada: Api, send: d.Send) -> dict[str, int]:
    return dict(ada.get(f"/lists/{send.list}").json["statuses"])


@pytest.mark.parametrize(
    "outcome", [Outcome.HARD_BOUNCE, Outcome.COMPLAINT, Outcome.UNSUBSCRIBE]
)
def test_a_flood_of_forged_mail_suppresses_a_hundred_and_is_held(
    keeper: FakeKeeper, ada: Api, many: d.Send, outcome: Outcome
) -> None:
    forge(keeper, many, outcome)
    settle(keeper)

    assert statuses(ada, many)["subscribed"] == SIZE - 100
    assert len(keeper.suppressed[many.list]) == 100
    page = ada.get(f"/lists/{many.list}/returned").json
    assert page["held"] == SIZE - 100
    [incident] = ada.get("/incidents").json["incidents"]
    assert (incident["kind"], incident["found"]) == ("returned-flood", SIZE - 100)


def test_mixed_kinds_and_many_turns_get_no_further(
    keeper: FakeKeeper, ada: Api, many: d.Send
) -> None:
    forge(keeper, many, Outcome.COMPLAINT)
    settle(keeper)
    for hour in (1, 5, 20):
        forge(keeper, many, Outcome.HARD_BOUNCE, hours=hour)
        forge(keeper, many, Outcome.UNSUBSCRIBE, hours=hour)
        settle(keeper, hours=hour)

    assert statuses(ada, many)["subscribed"] == SIZE - 100


def test_a_day_later_a_hundred_more_may_go(
    keeper: FakeKeeper, ada: Api, many: d.Send
) -> None:
    forge(keeper, many, Outcome.HARD_BOUNCE)
    settle(keeper)
    token = keeper.token_of("acme", f"p{SIZE - 1}@example.com")
    note(many, token, Outcome.COMPLAINT, hours=23)
    settle(keeper, hours=23)
    assert statuses(ada, many)["subscribed"] == SIZE - 100, "it is held too"
    note(many, token, Outcome.UNSUBSCRIBE, days=1, minutes=1)
    settle(keeper, days=1, minutes=1)

    assert statuses(ada, many)["subscribed"] == SIZE - 101


def test_who_leaves_by_an_own_link_is_never_held(
    keeper: FakeKeeper, ada: Api, many: d.Send
) -> None:
    forge(keeper, many, Outcome.COMPLAINT)
    settle(keeper)
    for number in range(SIZE):
        token = keeper.token_of("acme", f"p{number}@example.com")
        note(many, token, Outcome.UNSUBSCRIBE, how=Returned.How.WEB)
    settle(keeper)

    assert statuses(ada, many)["subscribed"] == 0


@pytest.mark.parametrize(
    ("decision", "subscribed"), [("accept", 0), ("drop", SIZE - 100)]
)
def test_an_owner_decides_what_becomes_of_it(
    keeper: FakeKeeper, ada: Api, many: d.Send, decision: str, subscribed: int
) -> None:
    forge(keeper, many, Outcome.HARD_BOUNCE)
    settle(keeper)

    answer = ada.post(f"/lists/{many.list}/returned/held", {"decision": decision})
    settle(keeper)

    assert answer.json == {"decided": SIZE - 100}
    assert statuses(ada, many)["subscribed"] == subscribed
    assert ada.get(f"/lists/{many.list}/returned").json["held"] == 0
    again = ada.post(f"/lists/{many.list}/returned/held", {"decision": decision})
    assert again.json == {"decided": 0}


def test_ben_the_app_and_eve_decide_nothing(
    keeper: FakeKeeper, ben: Api, app: Api, eve: Api, many: d.Send
) -> None:
    forge(keeper, many, Outcome.HARD_BOUNCE)
    settle(keeper)

    for caller, status in ((ben, 403), (app, 403), (eve, 404)):
        path = f"/lists/{many.list}/returned/held"
        assert caller.post(path, {"decision": "accept"}).status == status
    assert Returned.objects.filter(state=HELD).count() == SIZE - 100


def test_nothing_is_held_unless_somebody_can_be_told(
    keeper: FakeKeeper, ada: Api, many: d.Send
) -> None:
    forge(keeper, many, Outcome.HARD_BOUNCE)
    keeper.break_at("report_incident", UnavailableError("away"))

    with pytest.raises(UnavailableError):
        settle(keeper)

    assert not Returned.objects.filter(state=HELD).exists()
    assert statuses(ada, many)["subscribed"] == SIZE
