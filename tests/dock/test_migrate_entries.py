"""Entries from before a migration are the entries after it."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection

from listkeep.dock.lists import bulk

from .conftest import ENGINE

ROWS = [(bytes([at]) * 16, bytes(12), at, b"sealed", '["pro"]', 1) for at in range(3)]
COLUMNS = ["token", "batch_id", "position", "sealed", "facets", "status"]


@pytest.fixture
def before() -> Iterator[None]:
    """Be where entries had a time of their own."""
    migrate("0003_renewal")
    yield
    migrate()


def migrate(*target: str) -> None:
    call_command("migrate", "lists", *target, verbosity=0)


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("rows", [ROWS, []], ids=["some", "none"])
def test_entries_stay_as_they_were_without_a_time_of_their_own(
    rows: list[tuple[bytes | int | str, ...]],
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO entry ({', '.join(COLUMNS)}, list_id, updated_at, change)"  # noqa: S608
            " VALUES (%s, %s, %s, %s, %s, %s, 'l_a', 1, 2)",
            rows,
        )

    migrate()

    found = bulk.read_rows(COLUMNS, "l_a")
    as_bytes = [
        tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
        for row in found
    ]
    assert as_bytes == rows
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM entry")
        assert "updated_at" not in {column[0] for column in cursor.description}


@pytest.mark.skipif(ENGINE == "sqlite", reason="about PostgreSQL's rows")
def test_a_new_table_has_no_hidden_column() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_attribute WHERE attisdropped"
            " AND attrelid = 'entry'::regclass"
        )
        assert cursor.fetchone() == (0,)
