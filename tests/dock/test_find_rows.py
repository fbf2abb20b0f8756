"""Rows of a few tokens are found where they stand, however long the list is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from listkeep.dock.lists import bulk, queries
from listkeep.dock.lists.models import Entry
from listkeep.dock.watch.rows import read_again
from tests.dock.conftest import Api


@pytest.fixture
def tokens(ada: Api) -> list[bytes]:
    """The tokens of a list of three, in their order."""
    list_id = ada.open_list()
    lines = "".join(f"p{n}@example.org,pro,DE\n" for n in range(3))
    answer = ada.send(list_id, f"E-mail,Plan,Country\n{lines}".encode())
    assert answer.status == 200, answer.content
    found = Entry.objects.order_by("token").values_list("token", flat=True)
    return [bytes(token) for token in found]


@pytest.fixture
def list_id(tokens: list[bytes]) -> str:
    return str(Entry.objects.get(token=tokens[0]).list_id)


def test_rows_come_in_the_order_of_their_tokens_and_strangers_are_left_out(
    list_id: str, tokens: list[bytes]
) -> None:
    asked = [tokens[2], b"\xff" * 16, tokens[0]]

    rows = bulk.find_rows(("token",), list_id, asked)

    assert [bytes(row[0]) for row in rows] == [tokens[0], tokens[2]]


def test_rows_of_another_list_are_not_found(tokens: list[bytes]) -> None:
    assert bulk.find_rows(("token",), "l_other", tokens) == []


def test_nobody_is_found_for_no_token(list_id: str) -> None:
    assert bulk.find_rows(("token",), list_id, []) == []


def test_a_column_the_table_does_not_have_is_refused(list_id: str) -> None:
    with pytest.raises(ValueError, match="sealed; DROP"):
        bulk.find_rows(("sealed; DROP",), list_id, [bytes(16)])


@pytest.mark.parametrize("way", [queries.find_sealed, queries.find_rows, read_again])
def test_a_message_of_a_send_does_not_walk_the_whole_list(
    list_id: str, tokens: list[bytes], way: object
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("it is about what SQLite's planner does")
    with CaptureQueriesContext(connection) as said:
        way(list_id, tokens)  # type: ignore[operator]

    with connection.cursor() as cursor:
        for query in said:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plans = [row[3] for row in cursor.fetchall()]
            assert len(plans) == 1
            assert "token=?" in plans[0]
    assert said.captured_queries
