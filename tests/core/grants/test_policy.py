import os
from dataclasses import replace
from pathlib import Path

import pytest

from listkeep.core.grants import policy
from listkeep.core.grants.policy import (
    DEFAULT_POLICY,
    OPERATOR_ROLES,
    RIGHTS,
    Budget,
    Right,
    Role,
    policy_digest,
)
from listkeep.core.grants.terms import Action
from tests.core.grants.matrix import write_matrix

GOLDEN = Path(__file__).parent / "golden" / "policy.txt"
REWRITE = "LISTKEEP_REWRITE_GOLDEN"


def test_the_policy_answers_as_it_was_last_agreed() -> None:
    """Rewrite with ``LISTKEEP_REWRITE_GOLDEN=1`` and read the difference."""
    text = write_matrix()
    if os.environ.get(REWRITE):
        GOLDEN.write_text(text, encoding="utf-8")

    assert text.splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_the_table_has_a_row_for_each_action() -> None:
    assert set(DEFAULT_POLICY) == set(Action)
    assert all(DEFAULT_POLICY.values())


def test_the_digest_names_everything_a_decision_depends_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digests = {policy_digest()}
    shorter = replace(DEFAULT_POLICY[Action.REVEAL][0], max_cap=9)
    monkeypatch.setitem(DEFAULT_POLICY, Action.REVEAL, (shorter,))
    digests.add(policy_digest())
    monkeypatch.setattr(policy, "Budget", lambda: Budget(look_ups=51))
    digests.add(policy_digest())

    assert len(digests) == 3
    assert all(len(digest) == 64 for digest in digests)


# --- roles and rights -----------------------------------------------------------


def test_the_operators_people_have_no_right_in_a_tenant() -> None:
    assert {Role.CUSTODIAN, Role.SUPPORT} == OPERATOR_ROLES
    assert not any(RIGHTS[role] for role in OPERATOR_ROLES)


def test_only_owners_administer() -> None:
    assert RIGHTS[Role.OWNER] == frozenset(Right)
    assert frozenset(Right) - RIGHTS[Role.MARKETER] == {Right.ADMINISTER}


# --- the window -----------------------------------------------------------------


# --- budgets --------------------------------------------------------------------


def test_an_hour_has_half_of_a_day_rounded_up() -> None:
    assert [Budget().of_an_hour(day) for day in (0, 1, 2, 5, 50)] == [0, 1, 1, 3, 25]
