from datetime import timedelta

from listkeep.core.grants.decision import Circumstances, Signer
from listkeep.core.grants.explain import Explanation, explain
from listkeep.core.grants.in_force import DEFAULT_POLICY, Policy
from listkeep.core.grants.policy import Role
from listkeep.core.grants.terms import Action, Terms
from tests.core.grants.cast import ACME, ADA, BEN, CLEO, NOON, make_terms
from tests.core.grants.texts import forbid

LARGE = make_terms(cap=1001)


def ask(
    terms: Terms,
    requester: Signer | None,
    *approvers: Signer,
    policy: Policy = DEFAULT_POLICY,
) -> Explanation:
    return explain(
        terms,
        requester=requester,
        approvers=approvers,
        circumstances=Circumstances(owners=2, signed_at=NOON),
        now=NOON + timedelta(minutes=30),
        policy=policy,
    )


def ids(told: Explanation) -> list[list[str]]:
    return [
        [each.id for each in part] for part in (told.permits, told.forbids, told.then)
    ]


def test_a_grant_names_what_permits_it() -> None:
    told = ask(make_terms(), BEN, ADA)

    assert told.outcome.granted
    assert ids(told) == [["export-small"], [], []]


def test_what_is_missing_leads_to_a_statement() -> None:
    told = ask(LARGE, BEN, ADA, CLEO)

    assert not told.outcome.granted
    assert ids(told) == [[], [], ["export-large"]]


def test_before_anybody_signed_every_way_is_named() -> None:
    assert ids(ask(make_terms(Action.PERSON_REVOKE), None)) == [[], [], ["one-revokes"]]
    assert ids(ask(make_terms(Action.POLICY_SET), None)) == [
        [],
        [],
        ["owners-decide", "custodians-decide"],
    ]


def test_a_forbid_is_named_and_leads_nowhere() -> None:
    text = forbid("no-copies", 'action == Action::"export"')
    policy = DEFAULT_POLICY.with_text(text, tenant=ACME, side=Role.OWNER)

    told = ask(LARGE, BEN, ADA, CLEO, policy=policy)

    assert ids(told) == [[], ["no-copies"], []]
    assert told.outcome.missing == ("another policy: no-copies",)
