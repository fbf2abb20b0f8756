"""The database goes away, or is full, while an import runs: the list is as it was."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from django.db import OperationalError, connection

from listkeep.dock.intake import endings
from tests.dock.conftest import ENGINE, HEADER, Api
from tests.dock.disks import nearly_full_disk
from tests.dock.test_import_refused import GOOD, snapshot
from tests.fakes.keeper import FakeKeeper
from tests.postgres import Cluster

MANY = f"{HEADER[:-1]},Status\n" + "".join(
    f"u{i}@example.com,pro,DE,U,unsubscribed\n" for i in range(9_000)
)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Cluster:
    if ENGINE != "postgresql":
        pytest.skip("SQLite has no server to lose")
    found: Cluster = request.getfixturevalue("cluster")
    return found


@pytest.fixture
def small_disk(news: str) -> Iterator[None]:
    """A database that cannot grow by more than a few pages."""
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite's own file")
    with nearly_full_disk(spare_pages=20):
        yield


def once(act: Callable[[], None]) -> Callable[[], None]:
    """Sealing goes on in several threads; one of them does it."""
    left = [act]

    def do() -> None:
        with suppress(IndexError):
            left.pop()()

    return do


@pytest.mark.parametrize("step", ["seal_rows", "suppress"])
def test_a_server_that_restarts_mid_import_leaves_the_list_as_it_was(
    server: Cluster, keeper: FakeKeeper, ada: Api, news: str, step: str
) -> None:
    before = snapshot(news)
    import_id = ada.begin_import(news)
    keeper.break_at(step, once(server.restart), after=1)

    answer = ada.put(f"/imports/{import_id}/file", MANY.encode())

    assert (answer.status, answer.json["code"]) == (503, "dock-unavailable")
    assert answer.json["hint"]
    keeper._faults.clear()
    assert ada.send(news, GOOD).status == 200
    assert ada.get(f"/imports/{import_id}").json["state"] == "failed"
    assert len(snapshot(news)) == len(before) + 1


def test_a_server_that_stays_away_is_said_to_and_blocks_no_later_import(
    keeper: FakeKeeper, ada: Api, news: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row of the import cannot be written either, until later."""
    before = snapshot(news)
    import_id = ada.begin_import(news)
    away = True

    def refuse(*arguments: object, **named: object) -> None:
        if away:
            raise OperationalError("anna@example.com")
        fail(*arguments, **named)  # type: ignore[arg-type]

    fail = endings.fail_import
    monkeypatch.setattr(endings, "fail_import", refuse)
    keeper.break_at("seal_rows", refuse)
    answer = ada.put(f"/imports/{import_id}/file", GOOD)
    shown = ada.get(f"/imports/{import_id}").json
    away = False
    keeper._faults.clear()

    assert (answer.status, answer.json["code"]) == (503, "dock-unavailable")
    assert "anna" not in answer.content.decode()
    assert shown["state"] == "receiving"
    assert ada.send(news, GOOD).status == 200
    assert ada.get(f"/imports/{import_id}").json["state"] == "failed"
    assert len(snapshot(news)) == len(before) + 1
    assert endings._unmarked == {}


def test_a_commit_whose_answer_was_lost_counts(
    keeper: FakeKeeper, ada: Api, news: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(news)
    commit = connection._commit  # type: ignore[attr-defined]

    def lose_the_answer() -> None:
        commit()
        has_grown = len(snapshot(news)) > len(before)
        connection.connection.rollback()  # of having looked
        if has_grown:
            monkeypatch.undo()
            raise OperationalError

    import_id = ada.begin_import(news)
    monkeypatch.setattr(connection, "_commit", lose_the_answer)
    answer = ada.put(f"/imports/{import_id}/file", GOOD)

    assert (answer.status, answer.json["state"]) == (200, "done")
    assert len(snapshot(news)) == len(before) + 1
    end = keeper.tickets["t2"].end
    assert end is not None
    assert end.committed


def test_a_full_disk_leaves_the_list_as_it_was(
    small_disk: None, ada: Api, news: str
) -> None:
    before = snapshot(news)
    import_id = ada.begin_import(news)

    answer = ada.put(f"/imports/{import_id}/file", MANY.encode())

    assert (answer.status, answer.json["code"]) == (503, "dock-unavailable")
    assert "disk is full" in answer.json["detail"]
    assert snapshot(news) == before
    assert ada.get(f"/imports/{import_id}").json["state"] == "failed"
