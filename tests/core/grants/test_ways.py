from dataclasses import replace

from listkeep.core.grants.in_force import DEFAULT_POLICY
from listkeep.core.grants.policy import Role
from listkeep.core.grants.rules import compile_rules
from listkeep.core.grants.ways import Way, alone, askers, find_ways, helped, most_rows
from tests.core.grants.cast import ACME
from tests.core.grants.test_rules import FACTS
from tests.core.grants.texts import EVERYTHING, permit

HOUR = 3600
RULES = DEFAULT_POLICY.rules(ACME)
EXPORT = replace(FACTS, action="export")


def test_the_only_way_to_a_large_export() -> None:
    assert find_ways(RULES, replace(EXPORT, cap=1001)) == (Way((1, 0, 1, 0, 0), HOUR),)


def test_the_smallest_way_to_a_small_one() -> None:
    assert find_ways(RULES, EXPORT) == (Way((1, 0, 0, 0, 0), 0),)


def test_ways_do_not_depend_on_what_is_there_already() -> None:
    later = replace(EXPORT, approvals=(1, 1, 1, 1, 0), waited=HOUR)

    assert find_ways(RULES, later) == find_ways(RULES, EXPORT)


def test_time_is_a_way_of_its_own() -> None:
    owner = replace(FACTS, action="person.add", roles=(Role.OWNER,))

    assert find_ways(RULES, owner) == (
        Way((1, 0, 0, 0, 0), 0),
        Way((0, 0, 0, 0, 0), 24 * HOUR),
    )


def test_there_is_none_for_who_may_not_ask() -> None:
    assert find_ways(RULES, replace(EXPORT, roles=(Role.SUPPORT,))) == ()


def test_no_way_is_found_beyond_three_approvals_and_none_is_invented() -> None:
    four = compile_rules(permit("four", when="context.approvals.owner >= 4"))

    assert four.ask(helped(FACTS)).allowed
    assert find_ways(four, FACTS) == ()


def test_a_way_lacks_the_people_who_are_not_there() -> None:
    way = Way((2, 0, 1, 0, 0), 0)

    assert way.lacking((0, 5, 0, 0, 0)) == [Role.OWNER, Role.OWNER, Role.CUSTODIAN]
    assert way.lacking((1, 0, 3, 0, 0)) == [Role.OWNER]


def test_the_most_rows_are_found() -> None:
    reveal = replace(FACTS, cap=10**9)

    assert most_rows(RULES, reveal) == 10
    assert most_rows(RULES, replace(reveal, roles=(Role.SUPPORT,))) == 0


def test_others_ask_in_the_requesters_place_with_nothing_of_theirs() -> None:
    ben = replace(FACTS, team="red", company="a_agency")

    tried = list(askers(ben))
    assert [facts.roles for facts in tried] == [(role,) for role in Role]
    assert {facts.person + facts.team + facts.company for facts in tried} == {""}
    assert len(list(askers(replace(ben, tenant="")))) == 2


def test_alone_is_without_help() -> None:
    assert alone(helped(FACTS)) == FACTS
    assert find_ways(compile_rules(EVERYTHING), FACTS) == (Way((0, 0, 0, 0, 0), 0),)
