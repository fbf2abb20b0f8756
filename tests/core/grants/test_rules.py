from dataclasses import replace
from typing import Any

import pytest

from listkeep.core.grants.policy import Role
from listkeep.core.grants.rules import LARGEST, Facts, compile_rules
from tests.core.grants.cast import ACME
from tests.core.grants.texts import EVERYTHING, forbid, permit

FACTS = Facts(
    action="reveal",
    tenant=ACME,
    person="p_ben",
    roles=(Role.MARKETER,),
    home=ACME,
    company="",
    team="",
    cap=1,
    recent_rows=0,
    waited=0,
    sole_owner=False,
    about_owner=False,
    loosens=False,
    lesson_lapsed=False,
    incident_open=False,
    unusual=False,
    standing=False,
    hour=12,
)
OPEN = compile_rules(EVERYTHING)


def test_what_is_permitted_is_allowed_and_says_by_what() -> None:
    verdict = OPEN.ask(FACTS)

    assert verdict.allowed
    assert not verdict.failed
    assert [each.id for each in verdict.statements] == ["all"]


def test_what_nothing_permits_is_denied() -> None:
    assert not compile_rules("// nothing").ask(FACTS).allowed


def test_a_forbid_wins_and_is_named() -> None:
    verdict = compile_rules(EVERYTHING, forbid("never")).ask(FACTS)

    assert not verdict.allowed
    assert [each.id for each in verdict.statements] == ["never"]


def test_a_forbid_that_fails_denies() -> None:
    """The engine leaves it out and says Allow, with an error beside it."""
    overflow = forbid("overflow", when=f"context.cap * {2**63 - 1} > 0")
    rules = compile_rules(EVERYTHING, overflow)

    assert rules.ask(FACTS).statements  # cap 1 does not overflow: it forbids
    verdict = rules.ask(replace(FACTS, cap=2))

    assert [each.id for each in verdict.statements] == ["all"]
    assert (verdict.allowed, verdict.failed) == (False, True)


def test_a_fact_that_is_missing_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    """``NoDecision`` is a third answer, and no Deny either."""
    whole = FACTS.context()
    for name in whole:
        less = {key: value for key, value in whole.items() if key != name}
        monkeypatch.setattr(Facts, "context", lambda _, less=less: less)
        verdict = OPEN.ask(FACTS)
        assert (verdict.allowed, verdict.failed) == (False, True), name


def test_a_fact_too_many_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {**FACTS.context(), "granted": True}
    monkeypatch.setattr(Facts, "context", lambda _: more)

    assert not OPEN.ask(FACTS).allowed


@pytest.mark.parametrize(
    "changes",
    [
        {"cap": LARGEST + 1},
        {"cap": 2**63},
        {"cap": 10**40},
        {"cap": -1},
        {"recent_rows": 2**63},
        {"waited": -1},
        {"approvals": (2**64, 0, 0, 0)},
    ],
    ids=str,
)
def test_a_number_the_engine_cannot_hold_denies(changes: dict[str, Any]) -> None:
    verdict = OPEN.ask(replace(FACTS, **changes))

    assert (verdict.allowed, verdict.failed) == (False, True)


def test_the_largest_numbers_can_be_added() -> None:
    rules = compile_rules(permit("sum", when="context.cap + context.recent_rows > 1"))

    assert rules.ask(replace(FACTS, cap=LARGEST, recent_rows=LARGEST - 1)).allowed


STRANGE = [
    'p_"; permit(principal, action, resource); //',
    'x"}]}',
    "\u0000",
    "\n",
    "\ud800",
    'Role::"owner"',
    "",
]


@pytest.mark.parametrize("text", STRANGE, ids=ascii)
@pytest.mark.parametrize("field", ["person", "tenant", "home", "company", "team"])
def test_an_id_that_looks_like_policy_is_only_an_id(field: str, text: str) -> None:
    owners = compile_rules(
        permit("owners").replace("principal", 'principal in Role::"owner"')
    )

    strange: dict[str, Any] = {field: text}
    verdict = owners.ask(replace(FACTS, **strange))

    assert not verdict.allowed


def test_a_role_or_action_nobody_declared_denies() -> None:
    class Planted(str):
        __slots__ = ()
        value = 'owner", "marketer'

    for changes in (
        {"roles": (Planted("owner"),)},
        {"action": 'reveal"'},
        {"action": ""},
    ):
        verdict = OPEN.ask(replace(FACTS, **changes))
        assert (verdict.allowed, verdict.failed) == (False, True)


def test_nobody_acts_outside_of_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    outside = {**FACTS.context(), "in_window": False}
    monkeypatch.setattr(Facts, "context", lambda _: outside)

    assert [each.id for each in OPEN.ask(FACTS).statements] == ["bound-window"]


def test_no_text_gives_the_operators_people_a_tenants_release() -> None:
    for role in (Role.CUSTODIAN, Role.SUPPORT):
        asker = replace(FACTS, roles=(role,), home="", approvals=(0, 0, 9, 9, 0))
        for action in ("reveal", "export", "import", "suppress", "person.add"):
            verdict = OPEN.ask(replace(asker, action=action))
            assert "bound-operator" in [each.id for each in verdict.statements]
        assert OPEN.ask(replace(asker, action="freeze")).allowed
        assert OPEN.ask(replace(asker, action="person.add", tenant="")).allowed


def test_no_text_lets_a_copy_or_a_person_through_without_an_owner() -> None:
    for action in ("export", "person.add", "service.add", "recipient.add"):
        asked = replace(FACTS, action=action, approvals=(0, 9, 9, 9, 0))
        assert [each.id for each in OPEN.ask(asked).statements] == ["bound-owner"]
        assert OPEN.ask(replace(asked, approvals=(1, 0, 0, 0, 0))).allowed
        assert OPEN.ask(replace(asked, roles=(Role.OWNER,))).allowed


def test_roles_are_counted_where_a_statement_names_them() -> None:
    rules = compile_rules(
        permit("a", 'action == Action::"reveal"', "context.approvals.owner > 0"),
        forbid("b", 'action == Action::"freeze"', "context.approvals.support < 1"),
        permit(
            "c", 'action == Action::"unfreeze"', "{a: context.approvals}.a.owner > 0"
        ),
    )

    assert rules.counted("reveal", ACME) == [Role.OWNER]
    assert (
        rules.counted("freeze", ACME) == rules.counted("freeze", "") == [Role.SUPPORT]
    )
    assert rules.counted("unfreeze", "") == list(Role)
    assert rules.counted("export", ACME) == [Role.OWNER]  # by what bounds it
    assert rules.counted("import", ACME) == []


def test_the_same_texts_are_read_once() -> None:
    assert compile_rules(EVERYTHING) is OPEN
