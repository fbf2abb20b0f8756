from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants import in_force
from listkeep.core.grants.decision import (
    Circumstances,
    Outcome,
    Signer,
    decide,
    may_sign,
)
from listkeep.core.grants.in_force import DEFAULT_POLICY, Policy
from listkeep.core.grants.policy import Budget, Role
from listkeep.core.grants.statements import Decision
from listkeep.core.grants.terms import Action, Terms
from tests.core.grants.cast import (
    ACME,
    ADA,
    AMIR,
    BEN,
    CLEO,
    NOON,
    OTHER,
    SAM,
    make_terms,
)
from tests.core.grants.texts import EVERYTHING, forbid, permit

NEVER = forbid("never")
EXPORT = make_terms(Action.EXPORT, cap=1000)
LARGE = make_terms(Action.EXPORT, cap=1001)


def ask(
    terms: Terms,
    requester: Signer,
    *approvers: Signer,
    policy: Policy = DEFAULT_POLICY,
    hours: int = 0,
    **facts: Any,
) -> Outcome:
    return decide(
        terms,
        requester=requester,
        approvers=approvers,
        circumstances=Circumstances(owners=2, signed_at=NOON, **facts),
        now=NOON + timedelta(hours=hours),
        policy=policy,
    )


def test_a_tenants_text_is_its_own() -> None:
    policy = DEFAULT_POLICY.with_text(NEVER, tenant=ACME, side=Role.OWNER)

    assert policy.texts(ACME) == {"floor": DEFAULT_POLICY.floor, "owner": NEVER}
    assert policy.texts(OTHER) == policy.texts("") == {"floor": DEFAULT_POLICY.floor}
    assert policy.rules(OTHER) is DEFAULT_POLICY.rules(OTHER)


def test_each_side_has_one_text_and_replaces_only_its_own() -> None:
    first = DEFAULT_POLICY.with_text(NEVER, tenant=ACME, side=Role.OWNER)
    second = first.with_text(forbid("b"), tenant=ACME, side=Role.CUSTODIAN)
    third = second.with_text(forbid("c"), tenant=ACME, side=Role.OWNER)

    texts = third.texts(ACME)
    assert (texts["owner"], texts["custodian"]) == (forbid("c"), forbid("b"))


def test_the_operators_text_is_replaced_whole() -> None:
    policy = DEFAULT_POLICY.with_text(NEVER, tenant=ACME, side=Role.OWNER)

    other = policy.with_text(EVERYTHING, tenant="", side=Role.CUSTODIAN)

    assert other == Policy(EVERYTHING, policy.stricter)


@pytest.mark.parametrize("side", [Role.OWNER, Role.CUSTODIAN])
def test_nobody_permits_anything_for_a_tenant(side: Role) -> None:
    with pytest.raises(MalformedError):
        DEFAULT_POLICY.with_text(permit("a"), tenant=ACME, side=side)


@pytest.mark.parametrize("tenant", ["", ACME])
def test_what_cannot_be_read_does_not_come_into_force(tenant: str) -> None:
    with pytest.raises(MalformedError, match="line 1, column"):
        DEFAULT_POLICY.with_text("nonsense", tenant=tenant, side=Role.OWNER)


def test_a_text_that_cannot_be_read_decides_nothing() -> None:
    with pytest.raises(MalformedError):
        Policy("nonsense").rules("")


def test_the_digest_names_everything_a_decision_depends_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stricter = DEFAULT_POLICY.with_text(NEVER, tenant=ACME, side=Role.OWNER)
    other_side = DEFAULT_POLICY.with_text(NEVER, tenant=ACME, side=Role.CUSTODIAN)
    digests = [
        DEFAULT_POLICY.digest(ACME),
        Policy(EVERYTHING).digest(ACME),
        stricter.digest(ACME),
        other_side.digest(ACME),
    ]
    assert stricter.digest(OTHER) == stricter.digest() == DEFAULT_POLICY.digest()
    monkeypatch.setattr(in_force, "Budget", lambda: Budget(look_ups=51))
    digests.append(DEFAULT_POLICY.digest(ACME))

    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 64 for digest in digests)


# --- what a text can say ----------------------------------------------------------

BY_FACT = {
    "a lapsed lesson": ("context.lesson_lapsed", {"lesson_lapsed": True}),
    "an open incident": ("context.incident_open", {"incident_open": True}),
    "something unusual": ("context.unusual", {"unusual": True}),
}


@pytest.mark.parametrize(("when", "facts"), BY_FACT.values(), ids=BY_FACT)
def test_a_tenants_policy_can_name_facts_the_default_leaves_alone(
    when: str, facts: dict[str, Any]
) -> None:
    stricter = DEFAULT_POLICY.with_text(
        forbid("not-now", 'action == Action::"reveal"', when),
        tenant=ADA.tenant,
        side=Role.OWNER,
    )
    reveal = make_terms(Action.REVEAL)

    assert ask(reveal, BEN, **facts).granted
    assert ask(reveal, BEN, policy=stricter).granted
    told = ask(reveal, BEN, policy=stricter, **facts)
    assert told.missing == ("another policy: not-now",)
    assert told.code is Code.NOT_PERMITTED


def test_a_tenants_policy_can_keep_an_agency_from_copies() -> None:
    stricter = DEFAULT_POLICY.with_text(
        forbid("house-only", 'action == Action::"export"').replace(
            "true", 'principal.company != ""'
        ),
        tenant=ADA.tenant,
        side=Role.OWNER,
    )
    agent = replace(BEN, company="a_agency")

    assert ask(EXPORT, BEN, ADA, policy=stricter).granted
    assert not ask(EXPORT, agent, ADA, policy=stricter).granted


def test_a_tenants_policy_can_ask_for_one_person_more() -> None:
    stricter = DEFAULT_POLICY.with_text(
        forbid(
            "custodian-too",
            'action == Action::"reveal"',
            "context.approvals.custodian < 1",
        ),
        tenant=ADA.tenant,
        side=Role.OWNER,
    )
    reveal = make_terms(Action.REVEAL)

    told = ask(reveal, BEN, policy=stricter)
    assert told.missing == ("the approval of another custodian of the operator",)
    assert ask(reveal, BEN, CLEO, policy=stricter).granted
    assert may_sign(reveal, CLEO, Decision.APPROVE, stricter)
    assert not may_sign(reveal, CLEO, Decision.APPROVE)


def test_either_of_two_approvals_is_told_as_the_smallest_set() -> None:
    either = Policy(
        permit(
            "either",
            when="context.approvals.owner >= 2 || context.approvals.custodian >= 1",
        )
    )

    told = ask(make_terms(Action.IMPORT), BEN, policy=either)
    assert told.missing == ("the approval of another custodian of the operator",)


def test_rows_beyond_what_the_engine_counts_are_denied() -> None:
    for cap in (2**62 + 1, 2**63, 10**30):
        terms = replace(LARGE, cap=cap)
        assert not ask(terms, BEN, ADA, CLEO, hours=1).granted
    assert not ask(EXPORT, BEN, ADA, recent_rows=2**63).granted


def test_a_person_whose_id_is_a_piece_of_policy_gains_nothing() -> None:
    sly = replace(SAM, person='p_"; permit(principal, action, resource); //')

    assert not ask(EXPORT, sly, ADA, AMIR, CLEO).granted
    assert not may_sign(EXPORT, sly, Decision.REQUEST)
