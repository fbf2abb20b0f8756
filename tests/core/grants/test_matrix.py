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

    assert lines[:7] == [
        "reveal of the tenant, 2 rows",
        "  asked by nobody yet, with anybody:",
        "    - not-granted: the requester's own signature",
        "    + cap-exceeded: fewer rows: at most 1 in one reveal",
        "  asked by owner, marketer, agent, with anybody:",
        "    - granted",
        "    + cap-exceeded: fewer rows: at most 1 in one reveal",
    ]
    titles = {line for line in lines if not line.startswith(" ")}
    assert titles == {
        f"reveal of the tenant, {n} rows" for n in (2, 10, 11, 1000, 1001)
    }


def test_only_the_approvers_who_make_a_difference_are_named() -> None:
    stricter = DEFAULT_POLICY.floor + forbid(
        "another-owner",
        'action == Action::"freeze"',
        "context.sole_owner && context.approvals.owner < 1",
    )

    lines = compare(DEFAULT_POLICY, Policy(stricter))

    assert lines[0] == "freeze of the tenant, one owner"
    assert any(
        line.endswith(
            ", with nobody, marketer, custodian, support, agent, "
            "marketer+marketer, marketer+custodian, marketer+support, "
            "marketer+agent, custodian+custodian, custodian+support, "
            "custodian+agent, support+support, support+agent, agent+agent:"
        )
        for line in lines
    )


def test_whose_word_counts_is_compared_too() -> None:
    without = DEFAULT_POLICY.floor.replace("context.approvals.custodian >= 1 &&\n", "")

    lines = compare(DEFAULT_POLICY, Policy(without))

    where = lines.index("export of the tenant, who may approve")
    assert lines[where + 1 : where + 3] == ["    - owner, custodian", "    + owner"]
