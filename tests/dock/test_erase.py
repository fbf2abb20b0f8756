"""One person is erased from every list of a tenant, and does not come back."""

from collections.abc import Iterator

import pytest

from listkeep.core.errors import Code, RefusedError, UnavailableError
from listkeep.core.sealing import format_token
from listkeep.dock.intake.models import Import
from listkeep.dock.intake.receiving import Receiver, Upload
from listkeep.dock.lists.bulk import Staging
from listkeep.dock.lists.models import Change, Entry, PastEntry
from tests.dock.conftest import HEADER, Answer, Api
from tests.dock.taking_back import Clock, preview, statuses, still_clock, take_back
from tests.fakes.keeper import FakeKeeper


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    with still_clock() as clock:
        yield clock


@pytest.fixture
def more(ada: Api) -> str:
    """Another list, in which Anna is as well."""
    list_id = ada.open_list("more")
    lines = ("anna@example.com,pro,DE,Anna", "zoe@example.com,pro,DE,Zoe")
    ada.fill(list_id, *lines)
    ada.fill(list_id, *lines)
    return list_id


@pytest.fixture
def anna(keeper: FakeKeeper) -> bytes:
    return keeper.token_of("acme", "anna@example.com")


def erase(
    keeper: FakeKeeper, api: Api, list_id: str, token: bytes, *, keep: bool
) -> Answer:
    request = keeper.grant_erasure(list_id, token, keep=keep)
    return api.post("/erasures", {"request": request, "token": format_token(token)})


def test_with_a_mark_nothing_but_the_mark_stays(
    keeper: FakeKeeper, ada: Api, news: str, more: str, anna: bytes
) -> None:
    answer = erase(keeper, ada, news, anna, keep=True)

    assert answer.status == 200, answer.content
    assert answer.json == {"lists": 2, "past": 1, "kept": True}
    assert not PastEntry.objects.filter(token=anna).exists()
    for list_id in (news, more):
        row = Entry.objects.get(list_id=list_id, token=anna)
        assert (row.status, bytes(row.sealed), bytes(row.batch_id)) == (
            *(4, b"", bytes(12)),
        )
        assert row.facets == "[null,null]"
        change = Change.objects.filter(list_id=list_id).order_by("-number")[0]
        assert (change.kind, change.who) == ("erase", "ada")
        assert (change.updated, change.removed) == (1, 0)
    [told] = keeper.erasures
    assert [(each.list, each.removed) for each in told.lists] == [
        *((news, False), (more, False))
    ]


def test_without_a_mark_nothing_stays(
    keeper: FakeKeeper, ada: Api, news: str, more: str, anna: bytes
) -> None:
    assert erase(keeper, ada, news, anna, keep=False).json["kept"] is False

    assert not Entry.objects.filter(token=anna).exists()
    assert not PastEntry.objects.filter(token=anna).exists()
    assert [each.removed for each in keeper.erasures[0].lists] == [True, True]


def test_others_and_other_tenants_are_left_alone(  # noqa: PLR0917 - a cast of six
    keeper: FakeKeeper, ada: Api, eve: Api, news: str, more: str, anna: bytes
) -> None:
    theirs = eve.open_list("theirs")
    eve.fill(theirs, "anna@example.com,pro,DE,Anna")
    before = statuses(theirs), len(statuses(news)), PastEntry.objects.count()

    erase(keeper, ada, news, anna, keep=False)

    assert statuses(theirs) == before[0]
    assert len(statuses(news)) == before[1] - 1
    assert PastEntry.objects.count() == before[2] - 1
    assert Change.objects.filter(list_id=theirs).count() == 1


def test_nobody_erased_comes_back_by_a_restore(
    keeper: FakeKeeper, clock: Clock, ada: Api, news: str, anna: bytes
) -> None:
    before = clock.tick(60)
    ada.fill(news, "anna@example.com,free,FR,Anne", "emil@example.com,pro,DE,Emil")
    clock.tick(60)
    for keep in (True, False):
        erase(keeper, ada, news, anna, keep=keep)
        clock.tick(60)
        assert preview(ada, news, before).json["come_back"] == 0
        take_back(ada, news, before)
        assert statuses(news).get(anna) == ("erased" if keep else None)
        clock.tick(60)
        ada.fill(news, "emil@example.com,pro,DE,Emil")
        clock.tick(60)


def test_an_erasure_while_a_restore_runs_stops_it(
    keeper: FakeKeeper, clock: Clock, ada: Api, news: str, anna: bytes
) -> None:
    before = clock.tick(60)
    ada.fill(news, "anna@example.com,free,FR,Anne")
    clock.tick(60)
    keeper.break_at("reseal_rows", lambda: _erase_quietly(keeper, ada, news, anna))

    answer = take_back(ada, news, before)

    assert (answer.status, answer.json["code"]) == (409, "busy")
    assert anna not in statuses(news)


def _erase_quietly(keeper: FakeKeeper, ada: Api, news: str, anna: bytes) -> None:
    keeper._faults.clear()
    assert erase(keeper, ada, news, anna, keep=False).status == 200


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("status", ["subscribed", "unsubscribed"])
def test_an_import_that_was_staged_before_an_erasure_brings_nobody_back(  # noqa: PLR0917 - a cast of six
    keeper: FakeKeeper,
    ada: Api,
    news: str,
    anna: bytes,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    *,
    keep: bool,
) -> None:
    """Anna is in one list, and the file is on its way into another."""
    more = ada.open_list("more")
    suppressed_before = keeper.suppressed[more] - {anna}
    receive = Receiver.receive

    def receive_and_erase(receiver: Receiver, upload: Upload, staging: Staging) -> None:
        receive(receiver, upload, staging)
        assert erase(keeper, ada, news, anna, keep=keep).status == 200

    monkeypatch.setattr(Receiver, "receive", receive_and_erase)
    header = HEADER.replace("\n", ",status\n")
    zoe = "zoe@example.com,pro,DE,Zoe,subscribed"
    rows = f"anna@example.com,pro,DE,Anna,{status}\n{zoe}\n"
    answer = ada.send(more, f"{header}{rows}".encode())

    assert answer.status == 200, answer.content
    assert Import.objects.get(list_id=more).added == 1
    assert anna not in statuses(more)
    assert statuses(news).get(anna) == ("erased" if keep else None)
    told = keeper.suppressed[more] - suppressed_before
    assert told == ({anna} if keep else set()), "by the erasure, and not by the file"


def test_a_file_of_nobody_but_the_erased_leaves_the_list_as_it_was(
    keeper: FakeKeeper,
    ada: Api,
    news: str,
    anna: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receive = Receiver.receive

    def receive_and_erase(receiver: Receiver, upload: Upload, staging: Staging) -> None:
        receive(receiver, upload, staging)
        assert erase(keeper, ada, news, anna, keep=False).status == 200

    before = statuses(news)
    monkeypatch.setattr(Receiver, "receive", receive_and_erase)
    answer = ada.send(news, f"{HEADER}anna@example.com,pro,DE,Anna\n".encode())

    assert answer.status == 200, answer.content
    assert statuses(news) == {t: s for t, s in before.items() if t != anna}


def test_who_comes_in_an_import_that_began_later_comes_anew(
    keeper: FakeKeeper, ada: Api, news: str, anna: bytes
) -> None:
    erase(keeper, ada, news, anna, keep=False)
    ada.fill(news, "anna@example.com,free,FR,Anne")

    assert statuses(news)[anna] == "subscribed"


def test_an_import_asks_once_where_nobody_was_erased(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    before = keeper.calls.count("find_gone")
    ada.fill(news, "emil@example.com,pro,DE,Emil")

    assert keeper.calls.count("find_gone") == before + 1


def test_a_later_import_does_not_make_a_marked_person_sendable(
    keeper: FakeKeeper, ada: Api, news: str, more: str, anna: bytes
) -> None:
    erase(keeper, ada, news, anna, keep=True)

    ada.fill(news, "anna@example.com,pro,DE,Anna", "zoe@example.com,pro,DE,Zoe")

    assert statuses(news)[anna] == "erased"
    request = keeper.grant_export(news, selection="all", cap=9)
    run = ada.post("/exports", {"request": request, "format": "csv"}).json
    file = ada.get(f"/exports/{run['id']}/file").content
    assert "anna@example.com" not in keeper.open_export(file)
    assert "zoe@example.com" in keeper.open_export(file)


def test_marks_do_not_look_like_people_whom_facets_point_at(
    keeper: FakeKeeper, ada: Api
) -> None:
    list_id = ada.open_list("many")
    lines = [f"u{n}@example.com,pro,DE,U" for n in range(150)]
    ada.fill(list_id, *lines)
    for n in range(3):
        token = keeper.token_of("acme", f"u{n}@example.com")
        erase(keeper, ada, list_id, token, keep=True)

    content = HEADER + "".join(f"{line}\n" for line in lines)
    assert ada.send(list_id, content.encode()).status == 200


def test_it_takes_the_very_request(  # noqa: PLR0917 - a cast of six
    keeper: FakeKeeper, ada: Api, eve: Api, app: Api, news: str, anna: bytes
) -> None:
    bert = format_token(keeper.token_of("acme", "bert@example.com"))
    request = keeper.grant_erasure(news, anna, keep=True)
    export = keeper.grant_export(news, selection="all", cap=1)
    mine = {"request": request, "token": format_token(anna)}

    assert ada.post("/erasures", {**mine, "token": bert}).json["code"] == "not-granted"
    assert ada.post("/erasures", {**mine, "request": "r9"}).json["code"] == "not-found"
    wrong = ada.post("/erasures", {**mine, "request": export})
    assert (wrong.status, wrong.json["code"]) == (400, "request-invalid")
    assert eve.post("/erasures", mine).json["code"] == "not-found"
    assert app.post("/erasures", mine).status == 403
    assert ada.post("/erasures", {**mine, "token": "anna@example.com"}).status == 400
    assert statuses(news)[anna] == "subscribed"


@pytest.mark.parametrize(
    "fault",
    [UnavailableError("away"), RefusedError("no", code=Code.NOT_GRANTED)],
)
def test_what_the_keeper_does_not_record_is_not_done(
    keeper: FakeKeeper, ada: Api, news: str, anna: bytes, fault: RefusedError
) -> None:
    keeper.break_at("erase_entry", fault)

    assert erase(keeper, ada, news, anna, keep=False).status == fault.status

    assert statuses(news)[anna] == "subscribed"
    assert Change.objects.count() == 1


def test_a_dock_that_died_after_the_keeper_knew_is_asked_again(
    keeper: FakeKeeper, ada: Api, news: str, anna: bytes
) -> None:
    request = keeper.grant_erasure(news, anna, keep=False)
    body = {"request": request, "token": format_token(anna)}
    assert ada.post("/erasures", body).status == 200
    Entry.objects.create(  # as if its commit had not come about
        list_id=news,
        token=anna,
        batch_id=b"",
        position=0,
        sealed=b"",
        facets="[null,null]",
        status=0,
    )

    assert ada.post("/erasures", body).json["lists"] == 1
    assert anna not in statuses(news)


def test_somebody_in_no_list_is_told_to_the_keeper_alone(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    zoe = keeper.token_of("acme", "zoe@example.com")

    assert erase(keeper, ada, news, zoe, keep=True).json["lists"] == 0
    assert Change.objects.count() == 1
    assert keeper.erasures[0].lists == ()
