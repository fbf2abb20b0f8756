import os
from pathlib import Path

from listkeep.core.grants.in_force import DEFAULT_POLICY, Policy
from listkeep.core.grants.matrix import compare, write_matrix
from tests.core.grants.texts import forbid

GOLDEN = Path(__file__).parent / "golden" / "policy.txt"
REWRITE = "LISTKEEP_REWRITE_GOLDEN"


def test_the_policy_answers_as_it_was_last_agreed() -> None:
    """Rewrite with ``LISTKEEP_REWRITE_GOLDEN=1`` and read the difference."""
    text = write_matrix(DEFAULT_POLICY)
    if os.environ.get(REWRITE):
        GOLDEN.write_text(text, encoding="utf-8")

    assert text.splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_a_policy_differs_from_itself_in_nothing() -> None:
    assert compare(DEFAULT_POLICY, Policy(DEFAULT_POLICY.floor)) == []


def test_every_decision_that_changes_is_told() -> None:
    stricter = DEFAULT_POLICY.floor + forbid(
        "no-large-reveals", 'action == Action::"reveal"', "context.cap > 1"
    )

    lines = compare(DEFAULT_POLICY, Policy(stricter))

    owner = next(n for n, line in enumerate(lines) if "asked by owner" in line)
    assert lines[0] == "reveal of the tenant, 10 rows, one owner"
    assert lines[owner].startswith("  asked by owner with nobody, owner, marketer")
    assert lines[owner + 1 : owner + 3] == [
        "    - granted",
        "    + cap-exceeded: fewer rows: at most 1 in one reveal",
    ]
    titles = {line for line in lines if not line.startswith(" ")}
    assert titles == {
        f"reveal of the tenant, {rows} rows, {owners}"
        for rows in (10, 11)
        for owners in ("one owner", "two owners")
    }


def test_whose_word_counts_is_compared_too() -> None:
    without = DEFAULT_POLICY.floor.replace("context.approvals.custodian >= 1 &&\n", "")

    lines = compare(DEFAULT_POLICY, Policy(without))

    where = lines.index("export of the tenant, who may approve")
    assert lines[where + 1 : where + 3] == ["    - owner, custodian", "    + owner"]
