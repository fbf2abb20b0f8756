from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from listkeep.core.errors import Code
from listkeep.core.grants import (
    DEFAULT_POLICY,
    OPERATOR_ROLES,
    Action,
    Circumstances,
    Decision,
    Outcome,
    Policy,
    Role,
    Signer,
    Terms,
    decide,
    may_sign,
)
from tests.core.grants.cast import ACME, NOON, OPERATOR, OTHER, make_terms
from tests.core.grants.texts import EVERYTHING, forbid

ANYTHING = Policy(EVERYTHING)
HOMES = {
    Role.OWNER: [ACME, OTHER],
    Role.MARKETER: [ACME, OTHER],
    Role.AGENT: [ACME, OTHER],
    Role.CUSTODIAN: [OPERATOR],
    Role.SUPPORT: [OPERATOR],
}


ABOUT_A_LIST = {
    *(Action.REVEAL, Action.EXPORT, Action.IMPORT, Action.SUPPRESS, Action.SEND),
}
TEAMS = st.sampled_from(["", "", "red", "blue"])


def people_of(role: Role) -> st.SearchStrategy[Signer]:
    return st.builds(
        Signer,
        person=st.just(""),
        tenant=st.sampled_from(HOMES[role]),
        roles=st.just(frozenset({role})),
        team=TEAMS,
    )


@st.composite
def casts(draw: st.DrawFn) -> list[Signer]:
    """Draw a few people with consistent facts, as a registry would know them."""
    roles = [Role.OWNER, Role.OWNER, Role.MARKETER, Role.CUSTODIAN, Role.CUSTODIAN]
    roles += draw(st.lists(st.sampled_from(Role), max_size=3))
    return [
        replace(draw(people_of(role)), person=f"p_{number}")
        for number, role in enumerate(roles)
    ]


@dataclass(frozen=True)
class Situation:
    """Everything a decision depends on."""

    people: list[Signer]
    terms: Terms
    requester: Signer | None
    approvers: list[Signer]
    circumstances: Circumstances
    now: datetime
    policy: Policy = DEFAULT_POLICY

    @property
    def asker(self) -> Signer:
        """The requester, in laws about what a requester may not do."""
        assume(self.requester is not None)
        assert self.requester is not None
        return self.requester

    def decide(self, **changes: Any) -> Outcome:
        it = replace(self, **changes)
        return decide(
            it.terms,
            requester=it.requester,
            approvers=it.approvers,
            circumstances=it.circumstances,
            now=it.now,
            policy=it.policy,
        )


CIRCUMSTANCES = st.builds(
    Circumstances,
    owners=st.integers(0, 3),
    recent_rows=st.sampled_from([0, 0, 1, 999, 1000, 10**6]),
    signed_at=st.sampled_from([NOON, NOON, NOON, None]),
    unusual=st.booleans(),
    standing=st.booleans(),
    hour=st.integers(0, 23),
)
HOURS = st.sampled_from([0, 1, 1, 2, 23, 24, 72, 167, 168, -1])


@st.composite
def situations(draw: st.DrawFn, actions: Sequence[Action] = tuple(Action)) -> Situation:
    people = draw(casts())
    action = draw(st.sampled_from(actions))
    about_a_list = action in ABOUT_A_LIST
    tenant = ACME if about_a_list else draw(st.sampled_from([ACME, OPERATOR]))
    cap = draw(st.sampled_from([1, 10, 1000, 1001, 11, 10**9, 0]))
    terms = make_terms(action, tenant=tenant, cap=cap)
    # Mostly people who may ask, or hardly anything would ever be granted.
    able: list[Signer | None] = [
        who for who in people if may_sign(terms, who, Decision.REQUEST)
    ]
    anybody = [*people, None]
    askers = draw(st.sampled_from([able, able, able, anybody])) or anybody
    return Situation(
        people,
        terms,
        draw(st.sampled_from(askers)),
        [who for who in people if draw(st.booleans())],
        draw(CIRCUMSTANCES),
        NOON + timedelta(hours=draw(HOURS)),
    )


@given(situations())
def test_granted_means_that_nothing_is_missing_and_a_refusal_says_why(
    it: Situation,
) -> None:
    outcome = it.decide()

    assert outcome.granted == (outcome.missing == ()) == (outcome.code is None)
    assert all(outcome.missing)


@given(situations())
def test_nothing_is_granted_without_a_requester_whose_role_may_ask(
    it: Situation,
) -> None:
    if it.decide().granted:
        assert it.requester is not None
        assert may_sign(it.terms, it.requester, Decision.REQUEST)
        assert it.requester.tenant in (it.terms.tenant, OPERATOR)


@given(situations((Action.EXPORT,)))
def test_no_export_without_an_owner_who_is_a_second_person_of_another_team(
    it: Situation,
) -> None:
    if it.decide().granted:
        asked = it.asker
        assert any(
            who.person != asked.person
            and (not who.team or who.team != asked.team)
            and who.has(Role.OWNER, tenant=ACME)
            for who in it.approvers
        )


@given(situations((Action.SEND,)), st.sampled_from([DEFAULT_POLICY, ANYTHING]))
def test_nothing_unusual_or_standing_is_sent_without_an_owner(
    it: Situation, policy: Policy
) -> None:
    if it.decide(policy=policy).granted and (
        it.circumstances.unusual or it.circumstances.standing
    ):
        assert any(
            who.has(Role.OWNER, tenant=ACME) for who in (it.asker, *it.approvers)
        )


@given(situations((Action.SEND,)))
def test_what_is_usual_and_by_day_is_never_harder_to_send(it: Situation) -> None:
    if it.decide().granted:
        usual = replace(it.circumstances, unusual=False, standing=False, hour=12)
        assert it.decide(circumstances=usual).granted


@given(situations((Action.SEND,)), st.sampled_from([DEFAULT_POLICY, ANYTHING]))
def test_the_operators_people_send_nothing(it: Situation, policy: Policy) -> None:
    if it.decide(policy=policy).granted:
        assert it.asker.tenant == ACME


@given(situations((Action.EXPORT,)), st.lists(st.sampled_from(Role)))
def test_one_person_never_exports_however_often_they_sign(
    it: Situation, roles: list[Role]
) -> None:
    asked = it.asker
    signed = [replace(asked, roles=frozenset({role}), team="") for role in roles]

    assert not it.decide(approvers=[asked, *signed]).granted


@given(situations((Action.EXPORT,)))
def test_a_large_export_takes_three_people_and_an_hour(it: Situation) -> None:
    large = it.terms.cap > 1000 or it.circumstances.recent_rows + it.terms.cap > 1000
    if large and it.decide().granted:
        names = {it.asker.person, *(who.person for who in it.approvers)}
        assert len(names) >= 3
        assert any(Role.CUSTODIAN in who.roles for who in it.approvers)
        assert it.now >= NOON + timedelta(hours=1)


@given(situations(), st.sampled_from(Role), st.booleans())
def test_a_team_mate_of_the_requester_never_helps(
    it: Situation, role: Role, of_the_operator: bool
) -> None:
    assume(it.asker.team)
    mate = Signer(
        person="p_mate",
        tenant=OPERATOR if of_the_operator else ACME,
        roles=frozenset({role}),
        team=it.asker.team,
    )

    assert it.decide(approvers=[*it.approvers, mate]) == it.decide()


@given(situations(), st.sets(st.sampled_from(Role)), st.sampled_from(["", "red"]))
def test_nobodys_own_approval_counts(
    it: Situation, roles: set[Role], team: str
) -> None:
    own = replace(it.asker, roles=frozenset(roles), team=team)

    assert it.decide(approvers=[*it.approvers, own]) == it.decide()


@given(situations(), st.sampled_from([Role.OWNER, Role.MARKETER, Role.AGENT]))
def test_people_of_another_tenant_never_help(it: Situation, role: Role) -> None:
    eve = Signer(person="p_eve", tenant=OTHER, roles=frozenset({role}))

    assert it.decide(approvers=[*it.approvers, eve]) == it.decide()
    assert not any(may_sign(it.terms, eve, word) for word in Decision)


@given(situations(), st.data())
def test_neither_order_nor_repetition_of_approvals_matters(
    it: Situation, data: st.DataObject
) -> None:
    again = data.draw(st.permutations([*it.approvers, *it.approvers]))

    assert it.decide(approvers=again) == it.decide()


@given(situations(), st.data())
def test_another_approval_never_takes_a_grant_away(
    it: Situation, data: st.DataObject
) -> None:
    more = [*it.approvers, data.draw(st.sampled_from(it.people))]

    assert it.decide(approvers=more).granted >= it.decide().granted


@given(situations(), st.integers(0, 10), st.integers(0, 10))
def test_fewer_rows_are_never_harder_to_get(
    it: Situation, cap_tenths: int, recent_tenths: int
) -> None:
    recent = it.circumstances.recent_rows * recent_tenths // 10
    less = it.decide(
        terms=replace(it.terms, cap=it.terms.cap * cap_tenths // 10),
        circumstances=replace(it.circumstances, recent_rows=recent),
    )

    assert less.granted >= it.decide().granted


@given(situations(), st.timedeltas(timedelta(0), timedelta(days=8)))
def test_waiting_takes_nothing_away_until_the_request_expires(
    it: Situation, wait: timedelta
) -> None:
    later = it.decide(now=it.now + wait)

    if it.now + wait >= it.terms.expires:
        assert later.code is Code.EXPIRED
    else:
        assert later.granted >= it.decide().granted


DELAYED = (Action.EXPORT, Action.PERSON_ADD, Action.RECIPIENT_ADD, Action.UNFREEZE)


@given(situations(DELAYED))
def test_a_grant_comes_when_it_was_announced(it: Situation) -> None:
    signed = replace(it.circumstances, signed_at=it.now)
    opens_at = it.decide(circumstances=signed).opens_at
    if opens_at is None or it.now < it.terms.not_before:
        return
    before, then = opens_at - timedelta(seconds=1), opens_at

    assert opens_at > it.now
    assert not it.decide(circumstances=signed, now=before).granted
    if then < it.terms.expires:
        assert it.decide(circumstances=signed, now=then).granted


@given(situations())
def test_nothing_is_granted_outside_of_its_window(it: Situation) -> None:
    if it.decide().granted:
        assert it.terms.not_before <= it.now < it.terms.expires


@given(situations())
def test_whoever_makes_a_difference_could_have_denied_it(it: Situation) -> None:
    for who in it.approvers:
        others = [other for other in it.approvers if other.person != who.person]
        if it.decide(approvers=others) != it.decide():
            assert may_sign(it.terms, who, Decision.DENY)


WHEN = st.sampled_from(
    [
        "true",
        "context.cap > 10",
        "context.waited < 3600",
        "context.approvals.owner < 2",
        "context.approvals.custodian > 0",
        "context.sole_owner || context.about_owner",
        "context.cap * 4611686018427387904 > 1",
        'principal in Role::"marketer"',
        'principal.team == "red"',
        "resource is Tenant",
    ]
)
ACTIONS = st.sampled_from(
    ["action", *(f'action == Action::"{action.value}"' for action in Action)]
)


@given(situations(), st.lists(st.tuples(ACTIONS, WHEN), min_size=1, max_size=3))
def test_another_forbid_never_turns_a_denial_into_a_grant(
    it: Situation, forbids: list[tuple[str, str]]
) -> None:
    texts = [forbid(f"f{n}", *each) for n, each in enumerate(forbids)]
    floor = DEFAULT_POLICY.floor + "".join(texts)
    stricter = DEFAULT_POLICY.with_text("".join(texts), tenant=ACME, side=Role.OWNER)

    before = it.decide().granted
    assert it.decide(policy=Policy(floor)).granted <= before
    assert it.decide(policy=stricter).granted <= before


@given(situations())
def test_what_is_missing_is_enough(it: Situation) -> None:
    """Each approval that is named, by somebody new, and the time that is named then."""
    told = it.decide()
    needed = [role for role in Role if any(f" {role} " in m for m in told.missing)]
    if told.code is not Code.NOT_GRANTED or it.requester is None:
        return
    if it.now < it.terms.not_before or it.circumstances.signed_at is None:
        return
    fresh = [
        Signer(
            person=f"p_new{n}",
            tenant=OPERATOR if role in OPERATOR_ROLES else ACME,
            roles=frozenset({role}),
        )
        for n, role in enumerate(needed)
    ]
    helped = it.decide(approvers=[*it.approvers, *fresh])
    then = helped.opens_at or it.now

    assert not [m for m in helped.missing if "approval" in m]
    if then < it.terms.expires:
        assert it.decide(approvers=[*it.approvers, *fresh], now=then).granted
