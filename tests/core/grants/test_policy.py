from listkeep.core.grants.policy import OPERATOR_ROLES, RIGHTS, Right, Role


def test_the_operators_people_have_no_right_in_a_tenant() -> None:
    assert {Role.CUSTODIAN, Role.SUPPORT} == OPERATOR_ROLES
    assert not any(RIGHTS[role] for role in OPERATOR_ROLES)


def test_only_owners_administer() -> None:
    assert RIGHTS[Role.OWNER] == frozenset(Right)
    assert frozenset(Right) - RIGHTS[Role.MARKETER] == {Right.ADMINISTER}
