import json
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from listkeep.core.canonical import encode
from listkeep.core.errors import Code, ListkeepError, MalformedError
from listkeep.core.grants import (
    RELEASES,
    Action,
    Circumstances,
    Decision,
    Enrol,
    Genesis,
    Outcome,
    Role,
    SignIn,
    Signer,
    Statement,
    Terms,
    decide,
    format_time,
    may_take_part,
    parse_time,
)
from tests.core.grants.cast import ACME, NOON, OPERATOR, OTHER, make_terms

KINDS = (Statement, SignIn, Enrol, Genesis)
PLANTED = "planted.person@example.com"
MOMENTS = st.datetimes(
    datetime(2000, 1, 1),
    datetime(2200, 1, 1),
    timezones=st.just(UTC),  # noqa: DTZ001
).map(lambda moment: moment.replace(microsecond=0))
SHOWN = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Cn", "Co", "Zl", "Zp", "M"]),
    max_size=30,
)
ANY_TEXT = st.text(max_size=20) | st.just(PLANTED)

# --- people ------------------------------------------------------------------

HOMES = {
    Role.OWNER: [ACME, OTHER],
    Role.MARKETER: [ACME, OTHER],
    Role.CUSTODIAN: [OPERATOR],
    Role.SUPPORT: [OPERATOR],
}


@st.composite
def casts(draw: st.DrawFn) -> list[Signer]:
    """Draw a few people with consistent facts, as a registry would know them."""
    people = []
    for number in range(draw(st.integers(2, 7))):
        role = draw(st.sampled_from(Role))
        people.append(
            Signer(
                person=f"p_{number}",
                tenant=draw(st.sampled_from(HOMES[role])),
                roles=frozenset({role}),
                team=draw(st.sampled_from(["", "", "red", "blue"])),
            )
        )
    return people


@st.composite
def situations(
    draw: st.DrawFn, actions: Sequence[Action] = tuple(Action)
) -> "Situation":
    people = draw(casts())
    action = draw(st.sampled_from(actions))
    about_a_list = action in RELEASES | {Action.IMPORT, Action.SUPPRESS}
    return Situation(
        people,
        make_terms(
            action,
            tenant=ACME if about_a_list else draw(st.sampled_from([ACME, OPERATOR])),
            cap=draw(st.sampled_from([0, 1, 10, 11, 1000, 1001, 10**9])),
        ),
        draw(st.sampled_from(people)) if draw(st.integers(0, 9)) else None,
        draw(st.lists(st.sampled_from(people), max_size=5)),
        Circumstances(
            owners=draw(st.integers(0, 3)),
            recent_rows=draw(st.sampled_from([0, 1, 999, 1000, 10**6])),
            signed_at=draw(st.sampled_from([NOON, None])),
        ),
        NOON + timedelta(hours=draw(st.sampled_from([-1, 0, 1, 23, 24, 72, 167, 168]))),
    )


class Situation:
    """Everything a decision depends on."""

    def __init__(
        self,
        people: list[Signer],
        terms: Terms,
        requester: Signer | None,
        approvers: list[Signer],
        circumstances: Circumstances,
        now: datetime,
    ) -> None:
        self.people, self.terms = people, terms
        self.requester, self.approvers = requester, approvers
        self.circumstances, self.now = circumstances, now

    def __repr__(self) -> str:
        return str(vars(self))

    def decide(
        self,
        *,
        terms: Terms | None = None,
        approvers: Sequence[Signer] | None = None,
        circumstances: Circumstances | None = None,
        now: datetime | None = None,
    ) -> Outcome:
        return decide(
            terms or self.terms,
            requester=self.requester,
            approvers=self.approvers if approvers is None else approvers,
            circumstances=circumstances or self.circumstances,
            now=now or self.now,
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
        assert may_take_part(it.terms, it.requester)
        assert it.requester.tenant in (it.terms.tenant, OPERATOR)


@given(situations((Action.EXPORT,)))
def test_no_export_without_an_owner_who_is_a_second_person_of_another_team(
    it: Situation,
) -> None:
    if it.decide().granted:
        asked = it.requester
        assert asked is not None
        assert any(
            who.person != asked.person
            and (not who.team or who.team != asked.team)
            and who.has(Role.OWNER, tenant=ACME)
            for who in it.approvers
        )


@given(situations((Action.EXPORT,)), st.lists(st.sampled_from(Role)))
def test_one_person_never_exports_however_often_they_sign(
    it: Situation, roles: list[Role]
) -> None:
    assume(it.requester is not None)
    asked = it.requester
    assert asked is not None
    signed = [replace(asked, roles=frozenset({role}), team="") for role in roles]

    assert not it.decide(approvers=[asked, *signed]).granted


@given(situations((Action.EXPORT,)))
def test_a_large_export_takes_three_people_and_an_hour(it: Situation) -> None:
    large = it.terms.cap > 1000 or it.circumstances.recent_rows + it.terms.cap > 1000
    if large and it.decide().granted:
        assert it.requester is not None
        names = {it.requester.person, *(who.person for who in it.approvers)}
        assert len(names) >= 3
        assert any(Role.CUSTODIAN in who.roles for who in it.approvers)
        assert it.now >= NOON + timedelta(hours=1)


@given(situations(), st.sampled_from(Role), st.booleans())
def test_a_team_mate_of_the_requester_never_helps(
    it: Situation, role: Role, of_the_operator: bool
) -> None:
    assume(it.requester is not None)
    assert it.requester is not None
    assume(it.requester.team)
    mate = Signer(
        person="p_mate",
        tenant=OPERATOR if of_the_operator else ACME,
        roles=frozenset({role}),
        team=it.requester.team,
    )

    assert it.decide(approvers=[*it.approvers, mate]) == it.decide()


@given(situations(), st.sets(st.sampled_from(Role)), st.sampled_from(["", "red"]))
def test_nobodys_own_approval_counts(
    it: Situation, roles: set[Role], team: str
) -> None:
    assume(it.requester is not None)
    assert it.requester is not None
    own = replace(it.requester, roles=frozenset(roles), team=team)

    assert it.decide(approvers=[*it.approvers, own]) == it.decide()


@given(situations(), st.sampled_from([Role.OWNER, Role.MARKETER]))
def test_people_of_another_tenant_never_help(it: Situation, role: Role) -> None:
    eve = Signer(person="p_eve", tenant=OTHER, roles=frozenset({role}))

    assert it.decide(approvers=[*it.approvers, eve]) == it.decide()
    assert not may_take_part(it.terms, eve)


@given(situations(), st.randoms())
def test_neither_order_nor_repetition_of_approvals_matters(
    it: Situation, chance: "object"
) -> None:
    shuffled = [*it.approvers, *it.approvers]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert it.decide(approvers=shuffled) == it.decide()


@given(situations(), st.data())
def test_another_approval_never_takes_a_grant_away(
    it: Situation, data: st.DataObject
) -> None:
    more = [*it.approvers, data.draw(st.sampled_from(it.people))]

    assert it.decide(approvers=more).granted >= it.decide().granted


@given(situations(), st.integers(0, 10**9), st.integers(0, 10**6))
def test_fewer_rows_are_never_harder_to_get(
    it: Situation, cap: int, recent: int
) -> None:
    assume(cap <= it.terms.cap and recent <= it.circumstances.recent_rows)
    less = it.decide(
        terms=replace(it.terms, cap=cap),
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


@given(situations())
def test_a_grant_comes_when_it_was_announced(it: Situation) -> None:
    outcome = it.decide()
    assume(outcome.opens_at is not None)
    opens_at = outcome.opens_at
    assert opens_at is not None
    assume(it.now >= it.terms.not_before and opens_at < it.terms.expires)

    assert opens_at > it.now
    assert not it.decide(now=opens_at - timedelta(seconds=1)).granted
    assert it.decide(now=opens_at).granted


@given(situations())
def test_nothing_is_granted_outside_of_its_window(it: Situation) -> None:
    if it.decide().granted:
        assert it.terms.not_before <= it.now < it.terms.expires


@given(situations())
def test_whoever_makes_a_difference_could_have_denied_it(it: Situation) -> None:
    for who in it.approvers:
        others = [other for other in it.approvers if other.person != who.person]
        if it.decide(approvers=others) != it.decide():
            assert may_take_part(it.terms, who)


# --- bytes ---------------------------------------------------------------------

TERMS = st.builds(
    Terms,
    keeper=SHOWN,
    action=st.sampled_from(Action),
    tenant=SHOWN,
    list=SHOWN,
    selection=SHOWN,
    cap=st.integers(0, 10**9),
    purpose=SHOWN,
    recipient=SHOWN,
    subject=SHOWN,
    not_before=MOMENTS,
    expires=MOMENTS,
    nonce=SHOWN,
    facts=SHOWN,
)


def windowed(terms: Terms, seconds: int) -> Terms:
    return replace(terms, expires=terms.not_before + timedelta(seconds=seconds))


@given(TERMS, st.integers(1, 90 * 86_400))
def test_terms_that_can_be_written_read_back_the_same(
    terms: Terms, seconds: int
) -> None:
    terms = windowed(terms, seconds)
    try:
        data = terms.format()
    except MalformedError:
        return  # said before anybody signed

    assert Terms.parse(data) == terms
    assert Terms.parse(data).format() == data


@given(TERMS, TERMS)
def test_no_two_terms_share_a_name(first: Terms, second: Terms) -> None:
    first, second = windowed(first, 60), windowed(second, 60)
    try:
        names = first.digest(), second.digest()
    except MalformedError:
        return

    assert (names[0] == names[1]) == (first == second)


@given(MOMENTS)
def test_a_moment_and_its_text_are_one(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment


def tampered(data: bytes) -> st.SearchStrategy[bytes]:
    """Change valid bytes: their fields, or any byte."""
    fields_of: dict[str, str] = json.loads(data)
    one_field = st.builds(
        lambda name, value: encode({**fields_of, name: value}),
        st.sampled_from(sorted(fields_of)) | st.just(PLANTED),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
        | st.sampled_from([PLANTED, "0", "99999999999", "2026-01-05T12:00:60Z"]),
    )
    one_byte = st.builds(
        lambda at, byte: data[:at] + bytes([byte]) + data[at + 1 :],
        st.integers(0, len(data) - 1),
        st.integers(0, 255),
    )
    return one_field | one_byte | st.integers(0, len(data)).map(lambda n: data[:n])


def assert_only_ours_escapes(
    kind: type[Terms | Statement | SignIn | Enrol | Genesis], data: bytes
) -> None:
    try:
        value = kind.parse(data)
    except ListkeepError as error:
        assert isinstance(error, MalformedError)
        chain: BaseException | None = error
        while chain is not None:
            assert PLANTED not in str(chain)
            chain = chain.__cause__ or chain.__context__
    else:
        assert value.format() == data


@given(st.data())
def test_terms_take_one_spelling_and_refuse_the_rest_in_silence(
    data: st.DataObject,
) -> None:
    bytes_ = data.draw(
        st.binary(max_size=60)
        | st.dictionaries(ANY_TEXT, ANY_TEXT).map(lambda d: json.dumps(d).encode())
        | tampered(make_terms().format())
    )

    assert_only_ours_escapes(Terms, bytes_)


@given(st.sampled_from(KINDS), st.data())
def test_statements_take_one_spelling_and_refuse_the_rest_in_silence(
    kind: type[Statement | SignIn | Enrol | Genesis], data: st.DataObject
) -> None:
    values = {field.name: "deny" for field in fields(kind)}
    bytes_ = data.draw(
        st.binary(max_size=60)
        | st.dictionaries(ANY_TEXT, ANY_TEXT).map(lambda d: json.dumps(d).encode())
        | tampered(encode(values))
    )

    assert_only_ours_escapes(kind, bytes_)


@given(
    st.lists(SHOWN, min_size=4, max_size=4),
    st.sampled_from(Decision),
    st.sampled_from(Decision),
)
def test_a_challenge_is_good_for_one_statement_only(
    texts: list[str], decision: Decision, other: Decision
) -> None:
    keeper, person, credential, request = texts
    statement = Statement(
        keeper=keeper,
        person=person,
        credential=credential,
        decision=decision,
        request=request,
    )
    moved = replace(statement, decision=other)

    assert (statement.challenge() == moved.challenge()) == (decision == other)
    assert len(statement.challenge()) == 32
