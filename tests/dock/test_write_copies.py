"""The binary format of COPY, written by hand: what arrives is what was sent."""

import pytest
from django.db import connection, transaction

from listkeep.dock.lists import bulk
from listkeep.dock.lists.bulk.engine import get_engine
from listkeep.dock.lists.models import Change, Entry

ROWS = [
    (bytes([at]) * 16, bytes(12), place, sealed, facets, status)
    for at, (place, sealed, facets, status) in enumerate(
        [
            (0, b"", "[]", 0),
            (4095, b"\xff\xff" * 3, '["ü","\\\\x00",null]', 4),
            (65_535, bytes(30_000), '["' + "日" * 200 + '"]', 2),
            (1, b"PGCOPY\n\xff\r\n\0", "[true,-9007199254740991]", 1),
        ]
    )
]
COLUMNS = ["token", "batch_id", "position", "sealed", "facets", "status"]


def as_sent(rows: list[bulk.Found]) -> list[tuple[object, ...]]:
    return [
        tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows
    ]


@pytest.mark.parametrize("count", [0, 1, 4])
def test_an_empty_list_takes_rows_as_they_are(count: int) -> None:
    change = Change(list_id="l_ü", number=7, at=2**40, kind=Change.Kind.IMPORT)
    pages = [ROWS[at : min(at + 2, count)] for at in range(0, count, 2)]
    engine = get_engine()
    with transaction.atomic():
        added = engine.insert(
            change, [engine.form.write(bulk.Columns.of(page)) for page in pages]
        )

    assert added == count
    assert as_sent(bulk.read_rows(COLUMNS, "l_ü")) == ROWS[:count]
    found = Entry.objects.filter(list_id="l_ü").values_list("change", flat=True)
    assert set(found) == ({7} if count else set())


def test_the_temporary_table_takes_them_and_forgets_the_ones_before() -> None:
    engine = get_engine()
    with transaction.atomic(), connection.cursor() as cursor:
        engine.make_incoming()
        engine.fill_incoming(engine.form.write(bulk.Columns.of(ROWS[:2])))
        engine.fill_incoming(engine.form.write(bulk.Columns.of(ROWS[2:])))
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM incoming ORDER BY token")  # noqa: S608
        found = cursor.fetchall()

    assert as_sent(found) == ROWS[2:]


def test_a_statement_of_many_rows_and_a_rest_leave_none_out() -> None:
    change = Change(list_id="l", number=1, at=1, kind=Change.Kind.IMPORT)
    rows = [
        (at.to_bytes(16, "big"), bytes(12), at, b"s", "[]", 0) for at in range(1_300)
    ]
    engine = get_engine()
    with transaction.atomic():
        engine.insert(change, [engine.form.write(bulk.Columns.of(rows))])

    assert as_sent(bulk.read_rows(COLUMNS, "l")) == rows
