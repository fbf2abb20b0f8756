"""The staging file: everything that went in comes out once, in order of tokens."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listkeep.core.segments import FacetRisk, Schema
from listkeep.dock.lists.bulk import Columns, Staging, staging
from listkeep.dock.lists.bulk.copying import Copies
from listkeep.dock.lists.bulk.forms import Form, Row, Tuples

TOKENS = st.binary(min_size=16, max_size=16) | st.sampled_from(
    [bytes(16), b"\xff" * 16]
)
BATCHES = st.lists(st.lists(st.tuples(TOKENS, st.integers(0, 3)), max_size=8))
FORMS = [Tuples(), Copies()]
SCHEMA = Schema.parse(["country:text"])


def rows_of(form: Form[Any], waiting: Sequence[Any]) -> list[Row]:
    """Read rows back from the form in which they wait."""
    if isinstance(form, Tuples):
        return list(waiting)
    rows = []
    for data in waiting:
        sealed = int.from_bytes(data[40:44], "big")
        position = int.from_bytes(data[36:40], "big")
        rows.append(
            (
                *(data[:16], data[20:32], position, data[44 : 44 + sealed]),
                *(form.facets(data), form.status(data)),
            )
        )
    return rows


@pytest.mark.parametrize("form", FORMS, ids=["tuples", "copies"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES, waiting=st.integers(1, 10), passes=st.booleans())
def test_the_last_row_of_a_token_wins_and_its_worst_status(
    tmp_path: Path,
    form: Form[Any],
    batches: list[list[tuple[bytes, int]]],
    waiting: int,
    passes: bool,
) -> None:
    """However often it is written to the disk, and read in one pass or in several."""
    expected: dict[bytes, tuple[int, int]] = {}
    worse = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "_WAITING_ROWS", waiting)
        patch.setattr(staging, "_ROWS_IN_A_PASS", 3 if passes else 65_536)
        (tmp_path / "s.sqlite3").unlink(missing_ok=True)  # of an example that failed
        staged = Staging(tmp_path / "s.sqlite3", form=form)
        for number, batch in enumerate(batches):
            staged.add(
                [
                    (token, bytes(12), number * 10 + at, b"", "[]", status)
                    for at, (token, status) in enumerate(batch)
                ]
            )
            for at, (token, status) in enumerate(batch):
                _, before = expected.get(token, (0, 0))
                expected[token] = number * 10 + at, max(before, status)
                worse += [(status, token)] if status else []
        staged.complete()
        found = [r for page in staged.read_sorted() for r in rows_of(form, page)]
        suppressed = [
            (status, token)
            for status, tokens in staged.read_suppressed()
            for token in tokens
        ]
        staged.remove()

    assert [row[0] for row in found] == sorted(expected)
    assert {row[0]: (row[2], row[5]) for row in found} == expected
    assert suppressed == sorted(worse, key=lambda one: one[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", FORMS, ids=["tuples", "copies"])
def test_a_row_waits_as_it_is(form: Form[Any]) -> None:
    rows: list[Row] = [
        (bytes([at]) * 16, bytes([at]) * 12, at * 9_000, bytes(at * 50), facets, at)
        for at, facets in enumerate(("[]", '["DE"]', '["日本"]', '["\\\\",null]', "[]"))
    ]
    written = form.write(Columns.of(rows))

    assert rows_of(form, written) == rows
    assert form.tokens(written) == [row[0] for row in rows]
    worse = [form.with_status(waiting, 4) for waiting in written]
    assert rows_of(form, worse) == [(*row[:5], 4) for row in rows]
    assert form.write(Columns.of([])) == []


@pytest.mark.parametrize("form", FORMS, ids=["tuples", "copies"])
def test_rows_of_unequal_columns_do_not_wait(form: Form[Any]) -> None:
    columns = Columns.of([(bytes(16), bytes(12), 0, b"", "[]", 0)] * 2)

    for name in Columns._fields:
        with pytest.raises(ValueError, match="zip"):
            form.write(columns._replace(**{name: getattr(columns, name)[:1]}))


@pytest.mark.parametrize("form", FORMS, ids=["tuples", "copies"])
def test_who_is_left_out_does_not_count_among_the_facets(
    tmp_path: Path, form: Form[Any]
) -> None:
    """Twice in the file, or erased meanwhile."""
    staged = Staging(tmp_path / "s.sqlite3", schema=SCHEMA, form=form)
    countries = ["DE"] * 60 + ["FR"] * 50 + ["IT"] * 3
    rows: list[Row] = [
        (bytes([at]) * 16, bytes(12), at, b"", f'["{country}"]', at % 2)
        for at, country in enumerate(countries)
    ]
    staged.add(rows)
    staged.add([(*row[:4], '["DE"]', 0) for row in rows[50:70]])
    staged.leave_out(lambda tokens: {t for t in tokens if t[0] >= len(rows) - 3})
    staged.complete()
    found = [r for page in staged.read_sorted() for r in rows_of(form, page)]
    staged.remove()

    expected = FacetRisk(SCHEMA)
    expected.add_many(row[4] for row in found)
    assert len(found) == len(rows) - 3
    assert staged.risk is not None
    assert staged.risk.report() == expected.report()


def test_tokens_that_are_suppressed_come_in_messages_of_a_size(tmp_path: Path) -> None:
    staged = Staging(tmp_path / "s.sqlite3")
    rows = [(at.to_bytes(16, "big"), bytes(12), 0, b"", "[]", 1) for at in range(9_000)]
    staged.add(rows[:3_000])
    staged.add(rows[3_000:])
    staged.complete()

    read = [(status, len(tokens)) for status, tokens in staged.read_suppressed()]
    staged.remove()

    assert read == [(1, 4096), (1, 4096), (1, 808)]


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    staged = Staging(tmp_path / "new" / "s.sqlite3")

    assert staged.path.stat().st_mode & 0o777 == 0o600
    assert staged.path.parent.stat().st_mode & 0o077 == 0
    staged.remove()
