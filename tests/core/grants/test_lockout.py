import pytest

from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants.decision import Signer
from listkeep.core.grants.in_force import DEFAULT_POLICY, Policy
from listkeep.core.grants.lockout import require_changeable
from listkeep.core.grants.policy import Role
from tests.core.grants.cast import ACME, ADA, AMIR, BEN, CLEO, CYRUS, EVE
from tests.core.grants.texts import EVERYTHING, forbid

SET = 'action == Action::"policy.set"'
EVERYBODY = (ADA, AMIR, BEN, CLEO, CYRUS, EVE)


def refused(
    text: str, people: tuple[Signer, ...] = EVERYBODY, tenant: str = ACME
) -> str:
    with pytest.raises(RefusedError) as caught:
        passes(text, people, tenant)
    assert caught.value.code is Code.POLICY_LOCKS_OUT
    return caught.value.message


def passes(
    text: str, people: tuple[Signer, ...] = EVERYBODY, tenant: str = ACME
) -> None:
    policy = DEFAULT_POLICY.with_text(text, tenant=tenant, side=Role.OWNER)
    require_changeable(policy, tenant=tenant, people=people)


def test_the_default_policy_locks_nobody_out() -> None:
    for tenant in ("", ACME):
        require_changeable(DEFAULT_POLICY, tenant=tenant, people=EVERYBODY)


@pytest.mark.parametrize("text", ["// nothing", EVERYTHING + forbid("x", SET)])
def test_an_operators_text_without_a_way_back(text: str) -> None:
    assert "change it" in refused(text, tenant="")


def test_an_operators_text_that_takes_the_owners_way() -> None:
    owners = forbid("x", SET).replace("principal", 'principal in Role::"owner"')

    said = refused(DEFAULT_POLICY.floor + owners, tenant="")
    assert said == "under this policy two owners could not change it any more"


def test_a_text_that_leaves_it_to_one_named_person() -> None:
    one = forbid("x", SET, 'principal != Person::"p_ada"')

    assert "could not change it" in refused(one)


def test_a_text_that_shuts_out_everybody_there_is() -> None:
    named = forbid(
        "x", SET, 'principal == Person::"p_ada" || principal == Person::"p_amir"'
    )

    assert refused(named) == "under this policy two owners could not change it any more"
    passes(named, (CLEO, CYRUS))


def test_a_text_that_asks_for_more_people_than_there_are() -> None:
    second = forbid(
        "x", SET, 'principal in Role::"owner" && context.approvals.owner < 1'
    )

    passes(second)
    assert "two owners" in refused(second, (ADA, CLEO, CYRUS))


def test_a_text_under_which_nobody_could_stop_releases() -> None:
    freeze = 'action == Action::"freeze"'
    custodians = forbid("x", freeze).replace(
        "principal", 'principal in Role::"custodian"'
    )

    assert "freeze" in refused(forbid("x", freeze))
    assert "one custodian" in refused(custodians)
    assert "freeze" in refused(DEFAULT_POLICY.floor + forbid("x", freeze), tenant="")


def test_what_passes_is_no_lockout() -> None:
    passes(forbid("x", when="context.incident_open"))
    passes(forbid("x", SET, "context.waited < 24 * 3600"))


def test_a_tenant_without_owners_locks_out_none() -> None:
    require_changeable(Policy(DEFAULT_POLICY.floor), tenant=ACME, people=(CLEO, CYRUS))
