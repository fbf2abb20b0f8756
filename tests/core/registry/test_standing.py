from dataclasses import replace
from datetime import timedelta

import pytest

from listkeep.core.grants import Action, Role
from listkeep.core.registry.facts import Person
from listkeep.core.registry.standing import (
    RELEASES,
    find_objection,
    helper,
    may_be_chosen,
    may_recover,
)
from tests.core.grants.cast import NOON
from tests.core.registry.cast import make_registry, terms_of

PEOPLE = make_registry().people
ADA, AMIR, BEN, IVAN = (PEOPLE[f"p_{name}"] for name in ("ada", "amir", "ben", "ivan"))
EVE, CLEO, CYRUS, SAM = (
    PEOPLE[f"p_{name}"] for name in ("eve", "cleo", "cyrus", "sam")
)
DECISIONS = ("request", "approve", "deny")


def objects(
    person: Person,
    action: Action,
    decision: str,
    *,
    about: Person | None = None,
    hours: float = 0,
) -> bool:
    now = NOON + timedelta(hours=hours)
    subject = {"id": about.id} if about else {}
    terms = terms_of(action, **subject)
    return bool(find_objection(person, terms, decision, about=about, now=now))


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("decision", DECISIONS)
def test_nothing_is_held_against_a_person_in_good_standing(
    action: Action, decision: str
) -> None:
    about = ADA if action in (Action.PASSKEY_ADD, Action.RECOVERY_CHOOSE) else BEN

    assert not objects(ADA, action, decision, about=about)


@pytest.mark.parametrize("action", list(Action))
def test_who_was_not_confirmed_releases_nothing_and_may_do_the_rest(
    action: Action,
) -> None:
    ada = replace(ADA, waits_for=frozenset({"p_ada"}))

    for decision in ("request", "approve"):
        refused = objects(ada, action, decision, about=ada)
        assert refused == (action in RELEASES)
    assert not objects(ada, action, "deny", about=ada)


@pytest.mark.parametrize("action", list(Action))
def test_who_was_recovered_releases_and_approves_nothing_for_three_days(
    action: Action,
) -> None:
    ada = replace(ADA, limited_until=NOON + timedelta(hours=72))
    waits = {*RELEASES, Action.RECOVERY_CHOOSE}

    assert objects(ada, action, "approve", about=ada)
    assert objects(ada, action, "request", about=ada) == (action in waits)
    assert not objects(ada, action, "deny", about=ada)
    assert objects(ada, action, "approve", about=ada, hours=71.9)
    for decision in DECISIONS:
        assert not objects(ada, action, decision, about=ada, hours=72)


@pytest.mark.parametrize("action", [Action.PASSKEY_ADD, Action.RECOVERY_CHOOSE])
def test_everybody_asks_for_this_in_the_own_name(action: Action) -> None:
    assert objects(AMIR, action, "request", about=ADA)
    assert objects(AMIR, action, "request", about=None)
    assert not objects(AMIR, action, "approve", about=ADA)


def test_who_was_recovered_lately_helps_nobody() -> None:
    amir = replace(AMIR, recovered_at=NOON)
    days = {"hours": 24 * 30}

    for decision in ("request", "approve"):
        assert objects(amir, Action.PASSKEY_REPLACE, decision, about=ADA)
        assert objects(amir, Action.PASSKEY_REPLACE, decision, about=ADA, hours=719)
        assert not objects(amir, Action.PASSKEY_REPLACE, decision, about=ADA, **days)
    assert not objects(amir, Action.PASSKEY_REPLACE, "deny", about=ADA)
    assert not objects(amir, Action.PERSON_ADD, "approve")


@pytest.mark.parametrize(
    ("lost", "helpers"),
    [
        (ADA, {"amir"}),
        (BEN, {"ada", "amir"}),
        (CLEO, {"cyrus"}),
        (SAM, {"cleo", "cyrus"}),
        (EVE, set()),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_owners_and_custodians_help_their_own_side(
    lost: Person, helpers: set[str]
) -> None:
    found = {each.name for each in PEOPLE.values() if may_recover(PEOPLE, lost, each)}

    assert found == helpers


def test_those_who_were_chosen_help_and_nobody_else() -> None:
    ada = replace(ADA, recovery=("p_ben", "p_ivan"))
    people = {**PEOPLE, "p_ada": ada}

    found = {each.name for each in people.values() if may_recover(people, ada, each)}
    assert found == {"ben", "ivan"}


def test_when_fewer_than_two_of_the_chosen_are_left_the_owners_help() -> None:
    ada = replace(ADA, recovery=("p_ben", "p_gone"))
    people = {**PEOPLE, "p_ada": ada}

    found = {each.name for each in people.values() if may_recover(people, ada, each)}
    assert found == {"amir"}


def test_the_help_desk_helps_nobody_even_if_somebody_chose_it() -> None:
    cleo = replace(CLEO, recovery=("p_sam", "p_cyrus"))
    people = {**PEOPLE, "p_cleo": cleo}

    assert not may_be_chosen(cleo, SAM)
    assert not may_recover(people, cleo, SAM)
    assert may_recover(people, cleo, CYRUS)


def test_nobody_of_another_side_can_be_chosen() -> None:
    for other in (EVE, CLEO, SAM, ADA):
        assert not may_be_chosen(ADA, other)
    for other in (AMIR, BEN):
        assert may_be_chosen(ADA, other)


def test_a_helper_stands_in_for_an_owner_in_this_matter_only() -> None:
    ada = replace(ADA, recovery=("p_ben", "p_ivan"))
    people = {**PEOPLE, "p_ada": ada}

    assert helper(people, ada, BEN).roles == {Role.OWNER}
    assert helper(people, ada, AMIR).roles == frozenset()
    assert helper(people, ada, ada).roles == frozenset()
    assert helper(people, None, AMIR).roles == frozenset()
    assert helper(people, CLEO, CYRUS).roles == {Role.CUSTODIAN}
    assert helper(people, ada, CYRUS).roles == frozenset()
    assert BEN.signer().roles == {Role.MARKETER}
