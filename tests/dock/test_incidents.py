"""Incidents as people meet them: shown to whom they concern, noted on, closed."""

from datetime import timedelta

import pytest

from listkeep.core.registry.incidents import IncidentKind
from listkeep.dock.watch.incidents import open_incident
from listkeep.dock.watch.models import Incident, IncidentLine
from listkeep.dock.watch.sentences import INCIDENTS
from tests.dock.conftest import Api
from tests.dock.ways import NOON
from tests.fakes.keeper import OWNER_RIGHTS, FakeKeeper


def found(keeper: FakeKeeper, list_id: str, rows: int = 3, **wait: float) -> str:
    return open_incident(
        IncidentKind.ROWS_INVALID,
        keeper=keeper,
        list_id=list_id,
        found=rows,
        now=NOON + timedelta(**wait),
    )


@pytest.fixture
def cleo(keeper: FakeKeeper) -> Api:
    return Api(keeper.add_person("cleo", "", ("administer",)))


def test_an_owner_sees_what_was_found_in_words(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    incident = found(keeper, news)

    (shown,) = ada.get("/incidents").json["incidents"]
    assert (shown["id"], shown["kind"], shown["state"]) == (
        incident,
        "rows-invalid",
        "open",
    )
    assert (shown["tenant"], shown["list"], shown["found"]) == ("acme", "news", 3)
    assert "rows of news do not open" in shown["sentence"]
    whole = ada.get(f"/incidents/{incident}").json
    assert [line["what"] for line in whole["timeline"]] == ["opened"]


def test_what_is_found_again_is_counted_and_written_when_it_was_quiet_for_a_day(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    incident = found(keeper, news)
    for minute in range(1, 6):
        assert found(keeper, news, rows=minute, minutes=minute) == incident
    found(keeper, news, rows=9, days=2)

    whole = ada.get(f"/incidents/{incident}").json
    assert (whole["found"], whole["times"]) == (9, 7)
    assert [(line["what"], line["text"]) for line in whole["timeline"]] == [
        ("opened", "found: 3"),
        ("found", "found again: 9"),
    ]


def test_who_writes_a_note_looks_into_it(
    keeper: FakeKeeper, ada: Api, cleo: Api, news: str
) -> None:
    path = f"/incidents/{found(keeper, news)}"

    assert ada.post(f"{path}/notes", {"text": "asking the hosts"}).status == 200
    assert cleo.post(f"{path}/notes", {"text": "we are the hosts"}).status == 200

    whole = ada.get(path).json
    assert whole["state"] == "acknowledged"
    assert [(line["who"], line["text"]) for line in whole["timeline"][1:]] == [
        ("ada", "asking the hosts"),
        ("cleo", "we are the hosts"),
    ]


@pytest.mark.parametrize(
    "text", ["", "ask anna@example.com", "a\nb", "\x1b[2J", "x" * 501]
)
def test_no_note_and_no_reason_holds_an_address(
    keeper: FakeKeeper, ada: Api, news: str, text: str
) -> None:
    path = f"/incidents/{found(keeper, news)}"

    for answer in (
        ada.post(f"{path}/notes", {"text": text}),
        ada.post(f"{path}/close", {"reason": text}),
    ):
        assert answer.status == 400
        assert b"example.com" not in answer.content
    assert ada.get(path).json["state"] == "open"
    assert IncidentLine.objects.count() == 1


def test_an_owner_closes_it_for_a_reason(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    incident = found(keeper, news)

    closed = ada.post(f"/incidents/{incident}/close", {"reason": "rows put back"})

    assert closed.status == 200
    assert (closed.json["state"], closed.json["closed_by"]) == ("closed", "ada")
    assert closed.json["reason"] == "rows put back"
    assert closed.json["timeline"][-1]["what"] == "closed"
    again = ada.post(f"/incidents/{incident}/close", {"reason": "again"})
    assert (again.status, again.json["code"]) == (409, "not-waiting")
    assert found(keeper, news) != incident


def test_a_loss_is_accepted_only_if_somebody_says_so(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    incident = keeper.open_incident("rows-missing", list_id=news, found=2).id
    ada.post(f"/incidents/{incident}/close", {"reason": "they are gone"})
    assert keeper.removed == {}

    incident = keeper.open_incident("rows-missing", list_id=news, found=2).id
    ada.post(f"/incidents/{incident}/close", {"reason": "gone", "accept": True})
    assert keeper.removed == {news: 2}


def test_a_marketer_and_an_app_know_of_none(
    keeper: FakeKeeper, ben: Api, app: Api, news: str
) -> None:
    incident = found(keeper, news)

    assert ben.get("/incidents").json == {"incidents": []}
    assert ben.post(f"/incidents/{incident}/close", {"reason": "x"}).status == 404
    assert app.get("/incidents").json["code"] == "not-signed-in"
    assert app.post(f"/incidents/{incident}/close", {"reason": "x"}).status == 401


def test_a_custodian_sees_all_and_closes_the_operators(
    keeper: FakeKeeper, ada: Api, cleo: Api, news: str
) -> None:
    theirs = found(keeper, news)
    own = open_incident(IncidentKind.SCRUB_EDITED, keeper=keeper, now=NOON)

    shown = cleo.get("/incidents").json["incidents"]
    assert [(each["id"], each["tenant"]) for each in shown] == [
        (theirs, "acme"),
        (own, "(operator)"),
    ]
    assert cleo.post(f"/incidents/{theirs}/close", {"reason": "x"}).status == 403
    assert cleo.post(f"/incidents/{own}/close", {"reason": "x"}).status == 200
    assert ada.get(f"/incidents/{own}").status == 404


def test_what_the_keeper_opened_itself_is_there_as_well(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    opened = keeper.open_incident("scrub-overdue", list_id=news)

    (shown,) = ada.get("/incidents").json["incidents"]
    assert shown["id"] == opened.id
    assert Incident.objects.get().kind == "scrub-overdue"


def test_each_kind_has_its_sentence() -> None:
    assert set(INCIDENTS) == set(IncidentKind)
    assert all("{list}" in form for form in INCIDENTS.values())


# --- somebody has the dock's tables -------------------------------------------------


def test_taking_an_incident_out_of_the_table_hides_nothing(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    incident = found(keeper, news)
    Incident.objects.all().delete()

    (shown,) = ada.get("/incidents").json["incidents"]
    assert (shown["id"], shown["state"]) == (incident, "open")


def test_calling_it_closed_in_the_table_closes_nothing(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    incident = found(keeper, news)
    Incident.objects.update(state="closed", kind="scrub-overdue", tenant="other")

    shown = ada.get(f"/incidents/{incident}").json
    assert (shown["state"], shown["kind"]) == ("open", "rows-invalid")
    assert "closed here only" in shown["timeline"][-1]["text"]


def test_planting_one_shows_nothing(keeper: FakeKeeper, ada: Api, news: str) -> None:
    found(keeper, news)
    Incident.objects.create(
        id="w_planted", kind="x", tenant="acme", opened_at=NOON, found_at=NOON
    )

    assert len(ada.get("/incidents").json["incidents"]) == 1
    assert ada.get("/incidents/w_planted").status == 404


def test_a_note_of_somebody_who_lost_the_role_is_not_taken(
    keeper: FakeKeeper, news: str
) -> None:
    nora = keeper.add_person("nora", "acme", OWNER_RIGHTS)
    path = f"/incidents/{found(keeper, news)}/notes"
    assert Api(nora).post(path, {"text": "mine"}).status == 200
    keeper.add_person("nora", "acme", ("view",))

    assert Api(nora).post(path, {"text": "still mine"}).status == 404
