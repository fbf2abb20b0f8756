from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from listkeep.core.errors import Code
from listkeep.core.grants.decision import (
    Circumstances,
    Outcome,
    Signer,
    decide,
    may_sign,
)
from listkeep.core.grants.in_force import DEFAULT_POLICY, Policy
from listkeep.core.grants.policy import Role
from listkeep.core.grants.statements import Decision
from listkeep.core.grants.terms import Action, Terms
from tests.core.grants.cast import (
    ADA,
    AMIR,
    AYA,
    BEN,
    CARA,
    CLEO,
    CYRUS,
    EVE,
    IVAN,
    NOON,
    OPERATOR,
    SAM,
    make_terms,
)
from tests.core.grants.texts import permit

HOUR = timedelta(hours=1)
EXPORT = make_terms(Action.EXPORT, cap=1000)
LARGE = make_terms(Action.EXPORT, cap=1001)
LONE = "the approval of another owner of the tenant"


def ask(
    terms: Terms,
    requester: Signer | None,
    *approvers: Signer,
    owners: int = 2,
    recent: int = 0,
    signed_at: datetime | None = NOON,
    now: datetime = NOON,
    policy: Policy = DEFAULT_POLICY,
) -> Outcome:
    circumstances = Circumstances(
        owners=owners, recent_rows=recent, signed_at=signed_at
    )
    return decide(
        terms,
        requester=requester,
        approvers=approvers,
        circumstances=circumstances,
        now=now,
        policy=policy,
    )


def team(signer: Signer, name: str) -> Signer:
    return replace(signer, team=name)


# --- the whole table ------------------------------------------------------------


def test_roles_count_where_they_are_held() -> None:
    assert ADA.has(Role.OWNER, tenant=ADA.tenant)
    assert not ADA.has(Role.MARKETER, tenant=ADA.tenant)
    assert not EVE.has(Role.OWNER, tenant=ADA.tenant)
    assert CLEO.has(Role.CUSTODIAN, tenant=ADA.tenant)
    assert CLEO.has(Role.CUSTODIAN, tenant=OPERATOR)


def test_a_custodian_inside_a_tenant_is_none() -> None:
    fake = replace(EVE, roles=frozenset({Role.CUSTODIAN}))

    assert not fake.has(Role.CUSTODIAN, tenant=fake.tenant)


@pytest.mark.parametrize("now", [EXPORT.expires, EXPORT.expires + HOUR])
def test_a_request_ends_when_it_expires(now: datetime) -> None:
    assert ask(EXPORT, BEN, ADA, now=EXPORT.expires - timedelta(seconds=1)).granted

    late = ask(EXPORT, BEN, ADA, now=now)

    assert (late.granted, late.code) == (False, Code.EXPIRED)


def test_a_request_does_not_begin_early() -> None:
    early = ask(EXPORT, BEN, ADA, now=NOON - timedelta(seconds=1))

    assert (early.granted, early.code) == (False, Code.NOT_GRANTED)
    assert early.opens_at == NOON
    assert "2026-01-05 12:00 UTC" in early.missing[0]


# --- exports and reveals --------------------------------------------------------


def test_an_export_takes_an_owner_beside_the_requester() -> None:
    assert ask(EXPORT, BEN, ADA) == Outcome()
    assert ask(EXPORT, ADA, AMIR).granted


@pytest.mark.parametrize(
    "approvers",
    [(), (BEN,), (IVAN,), (CLEO, CYRUS), (SAM,), (EVE,)],
    ids=["nobody", "self", "marketer", "custodians", "support", "other tenant"],
)
def test_nobody_else_replaces_the_owner(approvers: Sequence[Signer]) -> None:
    outcome = ask(EXPORT, BEN, *approvers)

    assert outcome == Outcome((LONE,), code=Code.NOT_GRANTED)


def test_an_owner_does_not_approve_an_own_export() -> None:
    assert ask(EXPORT, ADA, ADA).missing == (LONE,)


def test_a_team_mate_is_nobody_else() -> None:
    ben, ada = team(BEN, "agency"), team(ADA, "agency")

    assert ask(EXPORT, ben, ada).missing == (LONE,)
    assert ask(EXPORT, ben, team(ADA, "house")).granted
    assert ask(EXPORT, ben, ada, AMIR).granted


def test_people_without_a_team_are_no_team() -> None:
    assert BEN.team == ADA.team == ""
    assert ask(EXPORT, BEN, ADA).granted


def test_before_anybody_signed_the_first_row_that_fits_is_told() -> None:
    outcome = ask(EXPORT, None, signed_at=None)

    assert outcome.missing == ("the requester's own signature", LONE)
    assert outcome.code is Code.NOT_GRANTED


def test_a_large_export_takes_a_custodian_and_an_hour() -> None:
    assert ask(LARGE, BEN, ADA).missing == (
        "the approval of another custodian of the operator",
    )

    waiting = ask(LARGE, BEN, ADA, CLEO, now=NOON + HOUR - timedelta(seconds=1))
    assert (waiting.granted, waiting.opens_at) == (False, NOON + HOUR)
    assert waiting.code is Code.NOT_GRANTED
    assert ask(LARGE, BEN, ADA, CLEO, now=NOON + HOUR).granted


TWO_OWNERS = Policy(permit("two", when="context.approvals.owner >= 2"))


def test_one_person_never_fills_two_places() -> None:
    assert ask(EXPORT, BEN, ADA, policy=TWO_OWNERS).missing == (LONE,)
    assert ask(EXPORT, BEN, ADA, ADA, policy=TWO_OWNERS).missing == (LONE,)
    assert ask(EXPORT, BEN, ADA, AMIR, policy=TWO_OWNERS).granted
    assert ask(EXPORT, BEN, policy=TWO_OWNERS).missing == (LONE, LONE)


def test_one_person_of_two_roles_counts_once() -> None:
    text = TWO_OWNERS.floor.replace(
        "owner >= 2", "owner >= 1 && context.approvals.marketer >= 1"
    )
    both = replace(ADA, roles=frozenset({Role.OWNER, Role.MARKETER}))

    assert not ask(EXPORT, BEN, both, policy=Policy(text)).granted
    assert ask(EXPORT, BEN, both, IVAN, policy=Policy(text)).granted


def test_without_a_time_of_signing_no_delay_has_passed() -> None:
    outcome = ask(LARGE, BEN, ADA, CLEO, signed_at=None, now=NOON + 99 * HOUR)

    assert outcome == Outcome(("a signature",), code=Code.NOT_GRANTED)


def test_small_exports_to_one_recipient_add_up() -> None:
    small = make_terms(cap=400)

    assert ask(small, BEN, ADA, recent=600).granted
    assert not ask(small, BEN, ADA, recent=601).granted
    assert ask(small, BEN, ADA, CLEO, recent=601, now=NOON + HOUR).granted


@pytest.mark.parametrize("requester", [BEN, ADA], ids=["marketer", "owner"])
def test_a_reveal_of_few_rows_takes_one_signature(requester: Signer) -> None:
    assert ask(make_terms(Action.REVEAL, cap=10), requester).granted


@pytest.mark.parametrize("requester", [BEN, None], ids=["signed", "not yet signed"])
def test_a_reveal_of_more_rows_says_how_many_are_allowed(
    requester: Signer | None,
) -> None:
    outcome = ask(make_terms(Action.REVEAL, cap=11), requester, ADA, CLEO)

    assert outcome.missing == ("fewer rows: at most 10 in one reveal",)
    assert outcome.code is Code.CAP_EXCEEDED


@pytest.mark.parametrize("action", [Action.REVEAL, Action.EXPORT])
@pytest.mark.parametrize("requester", [CLEO, SAM, EVE], ids=lambda who: who.person)
def test_strangers_and_the_operator_ask_for_no_release(
    action: Action, requester: Signer
) -> None:
    outcome = ask(make_terms(action), requester, ADA, AMIR, CLEO, CYRUS)

    assert outcome.code is Code.NOT_PERMITTED
    assert outcome.missing == ("a requester whose role may ask for this",)


# --- changes of authority -------------------------------------------------------


def test_two_owners_change_their_people_at_once() -> None:
    assert ask(make_terms(Action.PERSON_ADD), ADA, AMIR).granted


@pytest.mark.parametrize(("owners", "hours"), [(2, 24), (3, 24), (1, 72)])
def test_one_owner_waits_in_case_somebody_denies(owners: int, hours: int) -> None:
    terms = make_terms(Action.PERSON_ADD)
    opens_at = NOON + hours * HOUR

    alone = ask(terms, ADA, owners=owners, now=opens_at - timedelta(seconds=1))
    assert not alone.granted
    assert alone.opens_at == opens_at
    assert alone.code is Code.NOT_GRANTED
    [either] = alone.missing
    assert either.startswith(f"{LONE} or time: it opens at 2026-01-")

    assert ask(terms, ADA, owners=owners, now=opens_at) == Outcome()


def test_time_alone_replaces_no_requester() -> None:
    outcome = ask(make_terms(Action.PERSON_ADD), None, ADA, now=NOON + 99 * HOUR)

    assert outcome.missing == ("the requester's own signature",)


def test_custodians_add_nobody_to_a_tenant() -> None:
    for action in (Action.PERSON_ADD, Action.SERVICE_ADD):
        outcome = ask(make_terms(action), CLEO, CYRUS, CARA, ADA)

        assert outcome.code is Code.NOT_PERMITTED
        assert outcome.missing == ("a requester whose role may ask for this",)


def test_two_custodians_add_the_operators_own_people_and_time_does_not() -> None:
    terms = make_terms(Action.PERSON_ADD, tenant=OPERATOR)

    assert ask(terms, CLEO, CYRUS).granted
    assert not ask(terms, CLEO, now=NOON + 100 * HOUR).granted
    assert not ask(terms, CLEO, ADA, EVE).granted
    assert not ask(terms, ADA, AMIR).granted


def test_what_the_operator_does_is_explained_in_the_operators_words() -> None:
    outcome = ask(make_terms(Action.PERSON_ADD, tenant=OPERATOR), None)

    assert outcome.missing == (
        "the requester's own signature",
        "the approval of another custodian of the operator",
    )


def test_nobody_is_an_owner_of_the_operator() -> None:
    fakes = [replace(who, tenant=OPERATOR) for who in (ADA, AMIR)]

    outcome = ask(make_terms(Action.PERSON_ADD, tenant=OPERATOR), *fakes)

    assert outcome.code is Code.NOT_PERMITTED


@pytest.mark.parametrize("who", [ADA, CLEO], ids=["owner", "custodian"])
@pytest.mark.parametrize(
    "action", [Action.FREEZE, Action.PERSON_REVOKE, Action.SERVICE_REVOKE]
)
def test_one_person_is_enough_to_make_it_tighter(action: Action, who: Signer) -> None:
    assert ask(make_terms(action), who).granted
    assert not ask(make_terms(action), BEN).granted
    assert not ask(make_terms(action), EVE).granted


def test_a_freeze_is_lifted_by_two_of_one_side() -> None:
    terms = make_terms(Action.UNFREEZE)

    assert ask(terms, ADA, AMIR).granted
    assert ask(terms, CLEO, CYRUS).granted
    assert not ask(terms, ADA, CLEO).granted
    assert not ask(terms, CLEO, ADA).granted


def test_many_new_rows_take_an_owner() -> None:
    for action in (Action.IMPORT, Action.SUPPRESS):
        terms = make_terms(action, cap=1_000_000)
        assert ask(terms, ADA).granted
        assert ask(terms, BEN, ADA).granted
        assert ask(terms, BEN, IVAN).missing == (LONE,)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("decision", Decision)
def test_strangers_and_support_take_part_in_nothing(
    action: Action, decision: Decision
) -> None:
    assert not may_sign(make_terms(action), SAM, decision)
    assert not may_sign(make_terms(action), EVE, decision)


@pytest.mark.parametrize("action", Action)
def test_an_owner_may_deny_whatever_touches_the_tenant(action: Action) -> None:
    assert may_sign(make_terms(action), AYA, Decision.DENY)


def test_a_custodian_approves_exports_but_not_reveals() -> None:
    assert may_sign(EXPORT, CLEO, Decision.APPROVE)
    assert not may_sign(EXPORT, CLEO, Decision.REQUEST)
    assert not may_sign(make_terms(Action.REVEAL), CLEO, Decision.APPROVE)
    assert not may_sign(make_terms(Action.REVEAL), CLEO, Decision.DENY)


def test_a_marketer_ends_nobody_elses_export() -> None:
    assert may_sign(EXPORT, BEN, Decision.REQUEST)
    assert not may_sign(EXPORT, BEN, Decision.APPROVE)
    assert not may_sign(EXPORT, BEN, Decision.DENY)


@pytest.mark.parametrize("action", [Action.PERSON_ADD, Action.SERVICE_ADD])
def test_custodians_have_no_word_in_who_joins_a_tenant(action: Action) -> None:
    for decision in Decision:
        assert not may_sign(make_terms(action), CLEO, decision)


def judge(
    terms: Terms,
    requester: Signer,
    *approvers: Signer,
    circumstances: Circumstances,
    policy: Policy = DEFAULT_POLICY,
) -> Outcome:
    return decide(
        terms,
        requester=requester,
        approvers=approvers,
        circumstances=circumstances,
        now=NOON,
        policy=policy,
    )


REVOKE = make_terms(Action.PERSON_REVOKE)
OF_OPERATOR = make_terms(Action.PERSON_REVOKE, tenant="")
QUIET = Circumstances(owners=2, signed_at=NOON)


def test_one_owner_lets_a_marketer_go_at_once() -> None:
    assert judge(REVOKE, ADA, circumstances=QUIET).granted
    assert judge(REVOKE, CLEO, circumstances=QUIET).granted


def test_a_stolen_owner_does_not_remove_the_other_owner_alone() -> None:
    about = replace(QUIET, about_owner=True)

    alone = judge(REVOKE, ADA, circumstances=about)

    assert not alone.granted
    assert alone.opens_at == NOON + timedelta(hours=24)
    assert judge(REVOKE, ADA, AYA, circumstances=about).granted


def test_one_custodian_does_not_remove_an_owner_or_the_other_custodian() -> None:
    about = replace(QUIET, about_owner=True)
    assert not judge(REVOKE, CLEO, circumstances=about).granted
    assert judge(REVOKE, CLEO, CYRUS, circumstances=about).granted
    assert not judge(OF_OPERATOR, CLEO, circumstances=QUIET).granted
    assert judge(OF_OPERATOR, CLEO, CYRUS, circumstances=QUIET).granted


def test_a_freeze_is_not_lifted_by_waiting_while_there_is_a_co_owner() -> None:
    terms = make_terms(Action.UNFREEZE)
    long_ago = replace(QUIET, signed_at=NOON - timedelta(days=30))

    assert not judge(terms, ADA, circumstances=long_ago).granted
    assert judge(terms, ADA, circumstances=replace(long_ago, owners=1)).granted


def test_a_team_counts_within_one_company_only() -> None:
    red = replace(BEN, team="red")
    same = replace(ADA, team="red")
    elsewhere = replace(CLEO, team="red")
    late = replace(QUIET, signed_at=NOON - timedelta(hours=2))

    assert not judge(EXPORT, red, same, circumstances=QUIET).granted
    assert judge(LARGE, red, ADA, elsewhere, circumstances=late).granted
