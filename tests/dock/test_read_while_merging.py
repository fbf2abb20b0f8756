"""Whoever only looks does not wait for somebody's import to be committed."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connections

from listkeep.core.sealing import format_token
from listkeep.core.segments import Schema
from listkeep.dock.lists import services
from listkeep.dock.lists.bulk import Merged, Staging
from listkeep.dock.lists.history import Author
from tests.dock.conftest import Api
from tests.fakes.keeper import FakeKeeper

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NEW = bytes(range(16))
LONGEST_SECONDS = 20  # a question that waits would wait for longer
READS = (
    "/lists",
    "/lists/{news}",
    "/lists/{news}/count",
    "/lists/{news}/facets",
    "/lists/{news}/sample",
    "/lists/{news}/tokens",
    "/lists/{news}/history",
    "/lists/{news}/entries/{anna}",
)


class Merging(threading.Thread):
    """An import that has written all its rows, and commits when it is told to."""

    def __init__(self, list_id: str, folder: Path) -> None:
        super().__init__()
        self._list_id, self._folder = list_id, folder
        self._has_written, self._may_commit = threading.Event(), threading.Event()
        self.order: list[str] = []

    def run(self) -> None:
        staging = Staging(self._folder / "rows.sqlite3")
        try:
            staging.add([(NEW, bytes(12), 0, b"sealed", '["pro","DE"]', 0)])
            services.merge_staging(
                staging,
                list_id=self._list_id,
                schema=Schema(()),
                author=Author("ada"),
                now=NOON,
                before_commit=self._wait,
            )
        finally:
            staging.remove()
            connections.close_all()

    def reach_the_commit(self) -> None:
        self.start()
        assert self._has_written.wait(LONGEST_SECONDS)

    def commit(self) -> None:
        self._may_commit.set()
        self.join()

    def _wait(self, merged: Merged, _suppressions: services.Suppressions) -> None:
        assert merged.added == 1
        self._has_written.set()
        self._may_commit.wait(LONGEST_SECONDS)
        self.order.append("committed")


@pytest.fixture
def merging(news: str, tmp_path: Path) -> Iterator[Merging]:
    import_ = Merging(news, tmp_path)
    import_.reach_the_commit()
    yield import_
    import_.commit()


@pytest.mark.parametrize("path", READS)
def test_a_question_is_answered_before_an_import_commits(
    keeper: FakeKeeper, ada: Api, news: str, merging: Merging, path: str
) -> None:
    anna = format_token(keeper.token_of("acme", "anna@example.com"))

    answer = ada.get(path.format(news=news, anna=anna))
    merging.order.append("answered")
    merging.commit()

    assert answer.status == 200, answer.content
    assert merging.order == ["answered", "committed"]


def test_an_address_is_looked_up_before_an_import_commits(
    ada: Api, news: str, merging: Merging
) -> None:
    answer = ada.post(f"/lists/{news}/look-up", {"address": "anna@example.com"})
    merging.order.append("answered")
    merging.commit()

    assert answer.json["status"] == "subscribed"
    assert merging.order == ["answered", "committed"]
    assert len(ada.tokens(news)) == 5, "the import's own row is there now"
