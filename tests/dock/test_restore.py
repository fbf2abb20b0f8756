"""A list is taken back to an earlier time: looked at, then whole or not at all."""

from collections.abc import Iterator

import pytest

from listkeep.core.errors import (
    Code,
    RefusedError,
    UnavailableError,
)
from listkeep.core.sealing import SealedRow
from listkeep.dock.intake import queries
from listkeep.dock.intake.models import Restore
from listkeep.dock.lists.models import Change, Entry, PastEntry
from tests.dock.conftest import Api, token_text
from tests.dock.taking_back import (
    Clock,
    begin,
    change_people,
    facets,
    preview,
    statuses,
    still_clock,
    take_back,
)
from tests.fakes.keeper import FakeKeeper


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """These few lines would all be rounded to nothing; see ``test_round_restores``."""
    monkeypatch.setattr(queries, "ROUNDED_BELOW", 0)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    with still_clock() as clock:
        yield clock


@pytest.fixture
def before(clock: Clock, ada: Api, news: str) -> str:
    """Anna and Emil as they were: she changes, he comes, and Bert unsubscribes."""
    return change_people(clock, ada, news)


def addresses(keeper: FakeKeeper, list_id: str) -> dict[str, str]:
    """Open every row that the list holds, as its owner could have it done."""
    record = keeper.lists[list_id]
    return {
        keeper.open(
            record,
            SealedRow(
                bytes(row.token),
                bytes(row.batch_id),
                row.position,
                bytes(row.sealed),
                row.facets,
            ),
        ).address: row.facets
        for row in Entry.objects.filter(list_id=list_id)
    }


def unsubscribe(keeper: FakeKeeper, api: Api, list_id: str, name: str) -> None:
    token = token_text(keeper, f"{name}@example.com")
    path = f"/lists/{list_id}/entries/{token}"
    assert api.patch(path, {"status": "unsubscribed"}).status == 200


def test_a_preview_says_what_would_change_and_changes_nothing(
    keeper: FakeKeeper, app: Api, ada: Api, news: str, before: str
) -> None:
    for name in ("bert", "fred"):
        unsubscribe(keeper, app, news, name)

    answer = preview(ada, news, before)

    assert answer.json == {
        "moment": before,
        "latest": 4,
        "changes": 3,
        "rows": 2,
        "come_back": 0,
        "change": 1,
        "go": 1,
        "stay_suppressed": 2,
        "facets": {"plan": 1, "country": 1},
        "rounded": False,
    }
    assert "start_restore" not in keeper.calls
    assert Change.objects.count() == 4


def test_a_list_is_taken_back_and_its_rows_are_sealed_anew(
    keeper: FakeKeeper, ada: Api, news: str, before: str
) -> None:
    old = PastEntry.objects.get(list_id=news)

    done = take_back(ada, news, before)

    assert done.status == 200, done.content
    assert done.json["state"] == "done"
    counts = ("added", "updated", "removed", "rows", "refused")
    assert [done.json[name] for name in counts] == [0, 1, 2, 1, 0]
    assert set(addresses(keeper, news)) == {
        f"{name}@example.com" for name in ("anna", "bert", "carl", "dora")
    }
    assert addresses(keeper, news)["anna@example.com"] == '["pro","DE"]'
    now = Entry.objects.get(list_id=news, token=old.token)
    assert (now.batch_id, now.sealed) != (old.batch_id, old.sealed)
    [ticket] = keeper.restores.values()
    assert ticket.end
    assert (ticket.end.committed, ticket.end.rows) == (True, 3)
    assert (ticket.end.added, ticket.end.removed) == (0, 2)
    change = Change.objects.get(list_id=news, number=3)
    assert (change.kind, change.who, change.removed) == ("restore", "ada", 2)


def test_a_restore_can_be_taken_back_as_well(
    clock: Clock, keeper: FakeKeeper, ada: Api, news: str, before: str
) -> None:
    between = clock.tick(60)
    was = facets(ada, news)
    take_back(ada, news, before)
    clock.tick(60)

    answer = preview(ada, news, between).json
    assert [answer[name] for name in ("come_back", "change", "go")] == [2, 1, 0]
    take_back(ada, news, between)

    assert facets(ada, news) == was
    assert "emil@example.com" in addresses(keeper, news)


def test_whoever_unsubscribed_stays_so_whatever_else_comes_back(  # noqa: PLR0917 - a cast of six
    clock: Clock, keeper: FakeKeeper, ada: Api, app: Api, news: str, before: str
) -> None:
    for name in ("anna", "bert", "fred"):
        unsubscribe(keeper, app, news, name)
    after = clock.tick(60)

    take_back(ada, news, before)

    found = statuses(news)
    names = {name: keeper.token_of("acme", f"{name}@example.com") for name in NAMES}
    assert {name for name in NAMES if found.get(names[name]) == "unsubscribed"} == {
        *("anna", "bert", "fred")  # also he who came later: he stays as he is
    }
    assert names["emil"] not in found
    assert addresses(keeper, news)["anna@example.com"] == '["pro","DE"]'
    clock.tick(60)
    take_back(ada, news, after)
    assert statuses(news)[names["anna"]] == "unsubscribed"


NAMES = ("anna", "bert", "carl", "dora", "emil", "fred")


def test_a_status_that_sinks_while_a_restore_runs_stays_sunken(
    keeper: FakeKeeper, ada: Api, app: Api, news: str, before: str
) -> None:
    keeper.break_at("reseal_rows", lambda: unsubscribe(keeper, app, news, "anna"))

    assert take_back(ada, news, before).json["state"] == "done"

    anna = keeper.token_of("acme", "anna@example.com")
    assert statuses(news)[anna] == "unsubscribed"


def test_an_entry_whose_status_alone_sank_is_not_sealed_anew(
    clock: Clock, keeper: FakeKeeper, ada: Api, app: Api, news: str
) -> None:
    before = clock.tick(60)
    unsubscribe(keeper, app, news, "anna")
    clock.tick(60)

    answer = preview(ada, news, before).json

    assert (answer["rows"], answer["stay_suppressed"]) == (0, 1)
    refused = begin(ada, news, before)
    assert (refused.status, refused.json["code"]) == (409, "not-waiting")


def test_what_another_import_did_meanwhile_is_not_run_over(  # noqa: PLR0917 - a cast of six
    clock: Clock, keeper: FakeKeeper, ada: Api, ben: Api, news: str, before: str
) -> None:
    latest = preview(ada, news, before).json["latest"]
    ben.fill(news, "gina@example.com,pro,DE,Gina")
    clock.tick(60)
    stale = ada.post(
        f"/lists/{news}/restores", {"to": before, "latest": latest, "request": None}
    )
    assert (stale.status, stale.json["code"]) == (409, "busy")

    def meanwhile() -> None:
        ben.fill(news, "hans@example.com,pro,DE,Hans")

    keeper.break_at("reseal_rows", meanwhile)
    answer = take_back(ada, news, before)

    assert (answer.status, answer.json["code"]) == (409, "busy")
    assert {"gina@example.com", "hans@example.com"} < set(addresses(keeper, news))
    assert keeper.restores["i1"].end
    assert not keeper.restores["i1"].end.committed


def test_two_restores_at_once_are_one(
    keeper: FakeKeeper, ada: Api, ben: Api, news: str, before: str
) -> None:
    first, second = begin(ada, news, before), begin(ben, news, before)
    assert ada.post(f"/restores/{first.json['id']}/run", {}).status == 200

    late = ben.post(f"/restores/{second.json['id']}/run", {})
    again = ada.post(f"/restores/{first.json['id']}/run", {})

    assert (late.status, late.json["code"]) == (409, "busy")
    assert (again.status, again.json["code"]) == (409, "not-waiting")
    assert Change.objects.filter(kind="restore").count() == 1


def test_nobody_runs_what_somebody_else_began(
    ada: Api, ben: Api, news: str, before: str
) -> None:
    begun = begin(ada, news, before).json["id"]

    assert ben.post(f"/restores/{begun}/run", {}).status == 403
    assert ben.get(f"/restores/{begun}").json["state"] == "waiting"


def test_services_see_no_history_and_take_nothing_back(
    app: Api, intake: Api, news: str, before: str
) -> None:
    for api in (app, intake):
        assert api.get(f"/lists/{news}/history").status == 403
        assert preview(api, news, before).status == 403
        body = {"to": before, "latest": 2, "request": None}
        assert api.post(f"/lists/{news}/restores", body).status == 403


def test_eve_does_not_learn_that_there_is_a_list(
    ada: Api, eve: Api, news: str, before: str
) -> None:
    begun = begin(ada, news, before).json["id"]

    for answer in (
        eve.get(f"/lists/{news}/history"),
        preview(eve, news, before),
        eve.post(f"/lists/{news}/restores", {"to": before, "latest": 2}),
        eve.get(f"/restores/{begun}"),
        eve.post(f"/restores/{begun}/run", {}),
    ):
        assert (answer.status, answer.json["code"]) == (404, "not-found")


def test_the_keepers_refusal_leaves_the_list_as_it_is(
    keeper: FakeKeeper, ada: Api, news: str, before: str
) -> None:
    keeper.restore_budget = 2
    refused = begin(ada, news, before)
    assert (refused.status, refused.json["code"]) == (403, "budget-spent")

    request = keeper.grant_restore(news, moment=before, cap=3)
    assert take_back(ada, news, before, request=request).status == 200
    assert Change.objects.get(number=3).source == request


@pytest.mark.parametrize(
    "fault",
    [
        UnavailableError("the keeper is away"),
        RefusedError("no more", code=Code.CAP_EXCEEDED),
    ],
)
def test_a_keeper_that_goes_away_leaves_the_list_as_it_is(
    keeper: FakeKeeper,
    ada: Api,
    news: str,
    before: str,
    fault: UnavailableError | RefusedError,
) -> None:
    was = facets(ada, news)
    keeper.break_at("reseal_rows", fault)

    answer = take_back(ada, news, before)

    assert answer.status == fault.status
    assert facets(ada, news) == was
    restore = Restore.objects.get()
    assert (restore.state, restore.code) == ("failed", fault.code)
    assert not Change.objects.filter(kind="restore").exists()


def test_who_was_erased_by_the_keepers_word_is_left_out_and_counted(
    keeper: FakeKeeper, ada: Api, news: str, before: str
) -> None:
    keeper.erased.add(("acme", keeper.token_of("acme", "anna@example.com")))

    done = take_back(ada, news, before).json

    assert (done["rows"], done["refused"], done["removed"]) == (0, 1, 2)
    assert addresses(keeper, news)["anna@example.com"] == '["free","FR"]'


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2026-01-05T13:00:01Z", "message-invalid"),  # it has not come
        ("2026-01-05T12:00:00", "message-invalid"),
        ("yesterday", "message-invalid"),
        ("2026-13-05T12:00:00Z", "message-invalid"),
    ],
)
def test_a_moment_is_a_time_that_was(
    ada: Api, news: str, moment: str, code: str
) -> None:
    answer = preview(ada, news, moment)

    assert (answer.status, answer.json["code"]) == (400, code)


def test_before_its_first_change_a_list_was_empty(
    keeper: FakeKeeper, clock: Clock, ada: Api
) -> None:
    news = ada.open_list()
    before = clock.tick(60)
    ada.fill(news, "anna@example.com,pro,DE,Anna")
    after = clock.tick(60)

    assert preview(ada, news, before).json["go"] == 1
    take_back(ada, news, before)
    assert addresses(keeper, news) == {}
    clock.tick(60)
    take_back(ada, news, after)
    assert set(addresses(keeper, news)) == {"anna@example.com"}


def test_a_change_is_undone_alone_also_where_others_fall_into_its_second(
    clock: Clock, ada: Api, news: str
) -> None:
    clock.tick(60)
    ada.fill(news, "one@example.com,pro,DE,One")
    ada.fill(news, "two@example.com,pro,DE,Two")
    ada.fill(news, "three@example.com,pro,DE,Three")
    now = clock.tick(0)
    last = newest(ada, news)

    assert preview(ada, news, now).json["rows"] == 0, "the time alone says nothing"
    seen = preview(ada, news, now, before=last).json
    assert (seen["changes"], seen["go"]) == (1, 1)
    assert take_back(ada, news, now, before=last).json["removed"] == 1
    clock.tick(60)
    undone = preview(ada, news, now, before=last - 1).json
    assert (undone["changes"], undone["go"]) == (3, 1)


def test_a_change_that_was_not_next_at_that_time_is_refused(
    clock: Clock, ada: Api, news: str
) -> None:
    early = clock.tick(60)
    clock.tick(60)
    ada.fill(news, "one@example.com,pro,DE,One")
    clock.tick(30)
    late = clock.tick(30)
    ada.fill(news, "two@example.com,pro,DE,Two")
    last = newest(ada, news)

    for moment, before in ((early, last), (late, last - 1), (late, last + 1)):
        answer = preview(ada, news, moment, before=before)
        assert (answer.status, answer.json["code"]) == (400, "message-invalid")
    assert preview(ada, news, late, before=last).status == 200
    assert preview(ada, news, early, before=last - 1).status == 200
    assert begin(ada, news, early, before=last).status == 400


def newest(api: Api, list_id: str) -> int:
    return int(api.get(f"/lists/{list_id}/history").json["changes"][0]["number"])
