import os
from pathlib import Path

from listkeep.core.grants.policy import OPERATOR_ROLES, RIGHTS, Right, Role
from tests.core.grants.matrix import write_matrix

GOLDEN = Path(__file__).parent / "golden" / "policy.txt"
REWRITE = "LISTKEEP_REWRITE_GOLDEN"


def test_the_policy_answers_as_it_was_last_agreed() -> None:
    """Rewrite with ``LISTKEEP_REWRITE_GOLDEN=1`` and read the difference."""
    text = write_matrix()
    if os.environ.get(REWRITE):
        GOLDEN.write_text(text, encoding="utf-8")

    assert text.splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_the_operators_people_have_no_right_in_a_tenant() -> None:
    assert {Role.CUSTODIAN, Role.SUPPORT} == OPERATOR_ROLES
    assert not any(RIGHTS[role] for role in OPERATOR_ROLES)


def test_only_owners_administer() -> None:
    assert RIGHTS[Role.OWNER] == frozenset(Right)
    assert frozenset(Right) - RIGHTS[Role.MARKETER] == {Right.ADMINISTER}
