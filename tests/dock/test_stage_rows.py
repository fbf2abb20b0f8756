"""The staging file: everything that went in comes out once, in order of tokens."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listkeep.dock.lists.bulk import Staging, staging

TOKENS = st.binary(min_size=16, max_size=16) | st.sampled_from(
    [bytes(16), b"\xff" * 16]
)
BATCHES = st.lists(st.lists(st.tuples(TOKENS, st.integers(0, 3)), max_size=8))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES, waiting=st.integers(1, 10), passes=st.booleans())
def test_the_last_row_of_a_token_wins_and_its_worst_status(
    tmp_path: Path,
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
        staged = Staging(tmp_path / "s.sqlite3")
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
        found = [row for page in staged.read_sorted() for row in page]
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
