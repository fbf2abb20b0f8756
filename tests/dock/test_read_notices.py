"""People see what was told to whom, and how telling went; never where anybody is."""

from datetime import UTC, datetime

import pytest

from listkeep.dock.watch import services
from listkeep.dock.watch.models import Delivery
from listkeep.dock.watch.outcomes import Outcome
from tests.dock.conftest import Api
from tests.fakes.keeper import FakeKeeper

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def told(keeper: FakeKeeper) -> FakeKeeper:
    """Two tenants with a contact each, and something that happened at both."""
    keeper.add_contact("desk", "desk@acme.example")
    keeper.add_contact("elsewhere", "desk@other.example", tenant="other")
    keeper.tell()
    keeper.tell("releases.frozen", tenant="other", severity="alarm")
    services.follow_notices(keeper=keeper, now=NOON)
    return keeper


def test_a_person_sees_the_own_notices_and_how_telling_went(
    told: FakeKeeper, ada: Api
) -> None:
    Delivery.objects.filter(contact="d_desk").update(
        state="waiting", outcome=Outcome.REFUSED, attempts=1
    )

    page = ada.get("/notices").json

    assert page["next"] == 2
    [notice] = page["notices"]
    assert notice["sentence"] == "ben asks to export up to 1,200 rows of news"
    [delivery] = notice["deliveries"]
    assert (delivery["contact"], delivery["state"]) == ("desk", "waiting")
    assert (delivery["outcome"], delivery["attempts"]) == ("refused", 1)
    assert delivery["next_at"] == "2026-01-05T12:00:00Z"
    assert b"@" not in ada.get("/notices").content


def test_the_newest_warnings_are_found_behind_any_number_of_others(
    told: FakeKeeper, ada: Api
) -> None:
    told.tell("releases.frozen", severity="alarm")
    for _ in range(3):
        told.tell()
    told.tell("person.revoked", severity="warning")

    def found(limit: int) -> list[str]:
        page = ada.get("/notices", unusual="true", limit=str(limit)).json
        return [notice["event"] for notice in page["notices"]]

    assert found(8) == ["releases.frozen", "person.revoked"]
    assert found(1) == ["person.revoked"]


def test_eve_sees_hers_only(told: FakeKeeper, eve: Api) -> None:
    [notice] = eve.get("/notices").json["notices"]

    assert notice["tenant"] == "other"
    assert [each["contact"] for each in notice["deliveries"]] == ["elsewhere"]


def test_what_has_ended_has_no_next_try(told: FakeKeeper, ada: Api) -> None:
    Delivery.objects.update(state="sent", outcome=Outcome.DELIVERED)

    [notice] = ada.get("/notices").json["notices"]

    assert notice["deliveries"][0]["next_at"] is None


def test_pages_go_on_where_they_ended(told: FakeKeeper, ada: Api) -> None:
    for _ in range(3):
        told.tell()

    first = ada.get("/notices", limit="2").json
    second = ada.get("/notices", start=str(first["next"]), limit="2").json

    assert [notice["index"] for notice in first["notices"]] == [0]
    assert [notice["index"] for notice in second["notices"]] == [2, 3]


def test_a_service_reads_no_notices(told: FakeKeeper, app: Api) -> None:
    assert app.get("/notices").json["code"] == "not-signed-in"


def test_a_planted_delivery_shows_up_nowhere(told: FakeKeeper, ada: Api) -> None:
    Delivery.objects.create(
        id="m_planted",
        contact="d_mallory",
        name="mallory@evil.example",
        kind="mail",
        about="0",
        next_at=NOON,
        created_at=NOON,
        changed_at=NOON,
    )

    [notice] = ada.get("/notices").json["notices"]

    assert [each["contact"] for each in notice["deliveries"]] == ["desk"]
