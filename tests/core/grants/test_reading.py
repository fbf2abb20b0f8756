import re

import pytest

from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants.in_force import DEFAULT_POLICY
from listkeep.core.grants.policy import Role
from listkeep.core.grants.reading import (
    MAX_BYTES,
    load,
    read_policy,
    require_forbids_only,
    schema,
)
from listkeep.core.grants.terms import Action
from tests.core.grants.texts import EVERYTHING, forbid, permit

GOOD = forbid("a", 'action == Action::"export"', "context.cap > 5")


def complaint(text: str) -> str:
    with pytest.raises(MalformedError) as caught:
        read_policy(text)
    assert caught.value.code is Code.POLICY_INVALID
    return caught.value.message


# --- what is read -----------------------------------------------------------------


def test_a_statement_tells_its_name_its_words_and_its_line() -> None:
    first, second = read_policy(f"{GOOD}\n{EVERYTHING}")

    assert (first.id, first.effect, first.says, first.line) == ("a", "forbid", "a", 2)
    assert first.actions == frozenset({"export"})
    assert (second.id, second.effect, second.line) == ("all", "permit", 6)
    assert second.actions is None


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        ("resource", None),
        ("resource is Tenant", "Tenant"),
        ('resource == Tenant::"t_a"', "Tenant"),
        ('resource is Tenant in Tenant::"t_a"', "Tenant"),
        ('resource == Operator::"operator"', "Operator"),
    ],
)
def test_a_statement_tells_what_it_is_about(resource: str, kind: str | None) -> None:
    text = permit("a", 'action in [Action::"freeze", Action::"unfreeze"]')

    (statement,) = read_policy(text.replace("resource", resource))

    assert statement.resource == kind
    assert statement.actions == frozenset({"freeze", "unfreeze"})


@pytest.mark.parametrize(
    ("when", "counts"),
    [
        ("context.cap > 1", set()),
        ("context.approvals.owner >= 1", {"owner"}),
        ('context["approvals"]["custodian"] >= 1', {"custodian"}),
        ("if true then true else context.approvals.support > 1", {"support"}),
        ("[context.approvals.owner].contains(2)", {"owner"}),
        ("{a: context.approvals}.a.owner > 2", {"*"}),
    ],
)
def test_a_statement_tells_whose_approval_it_counts(
    when: str, counts: set[str]
) -> None:
    (statement,) = read_policy(permit("a", when=when))

    assert statement.counts == counts


def test_numbers_are_told_of_rows_only() -> None:
    text = GOOD + forbid("b", when="context.waited < 60")

    assert [each.numbers for each in read_policy(text)] == [{5}, set()]


def test_a_text_may_say_nothing() -> None:
    assert read_policy("// nothing\n") == ()


def test_the_schema_has_every_action_and_role_and_no_other() -> None:
    text = str(schema())
    actions = set(re.findall(r'action "([a-z.-]+)"', text))
    listed = load("schema.cedarschema")
    roles = re.search(r"entity Role enum \[(.+)\]", listed)

    assert actions == {action.value for action in Action}
    assert roles
    assert re.findall(r'"(\w+)"', roles[1]) == [role.value for role in Role]


def test_every_action_is_permitted_somewhere_in_the_default_policy() -> None:
    named = {
        action
        for each in read_policy(DEFAULT_POLICY.floor)
        for action in each.actions or ()
    }

    assert named == {action.value for action in Action}


# --- what is refused, and where ---------------------------------------------------

REFUSED = {
    "a sign nobody knows": ("permit #", "line 1, column 8: a sign"),
    "a string without an end": ('@id("a', "line 1, column 5: a sign"),
    "half a statement": ("permit (principal,\n action", "line 2, column 2: unexpected"),
    "one operator too many": (
        GOOD.replace(" > ", " >> "),
        "line 4, column 21: unexpected token `>`",
    ),
    "an unknown action": (
        forbid("a", 'action == Action::"exprot"'),
        "line 3, column 38: unrecognized action",
    ),
    "an unknown fact": (
        GOOD.replace("cap", "capp"),
        "line 4, column 16: attribute `capp`",
    ),
    "an unknown role": (
        GOOD.replace("principal,", 'principal in Role::"ownr",'),
        "line 3, column 28: entity",
    ),
    "text beside a number": (
        GOOD.replace("5", '"5"'),
        "line 2, column 1: unexpected type",
    ),
    "a number beyond 64 bits": (GOOD.replace("5", "9" * 20), "integer parse error"),
    "no name": (
        '@says("x") ' + GOOD.split("\n", 2)[2],
        "line 1, column 1: a statement",
    ),
    "a strange name": (GOOD.replace('@id("a")', '@id("A b")'), "needs a name"),
    "no words": (GOOD.replace('@says("a")', ""), "says what it does"),
    "words that hide": (
        GOOD.replace('@says("a")', r'@says("a\u{202e}b")'),
        "says what it does",
    ),
    "a name twice": (GOOD + GOOD, "line 6, column 1: this @id stands above"),
    "one annotation twice": (GOOD.replace("@says", '@id("b") @says'), "duplicate"),
    "a template": (
        GOOD.replace("principal", "principal == ?principal"),
        "has a ?slot",
    ),
    "a direction mark": (f"// \u202e\n{GOOD}", "line 1, column 4: a character"),
    "a tab": (f"\n\t{GOOD}", "line 2, column 1: a character"),
    "letters in two parts": ("// e\u0301\n", "not in Unicode NFC"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_a_text_is_refused_and_the_place_is_named(text: str, said: str) -> None:
    assert said in complaint(text)


def test_the_place_is_that_of_the_second_statement() -> None:
    assert complaint(f"{GOOD}{GOOD.replace('cap', 'capp')}").startswith("line 8, col")


@pytest.mark.parametrize(
    "deep",
    [
        "(" * 6000 + "true" + ")" * 6000,
        "[" * 6000 + "]" * 6000,
        "if true then " * 3000 + "true" + " else true" * 3000,
        "context" + ".a" * 6000,
        "!" * 17 + "true",
    ],
    ids=["brackets", "lists", "conditions", "attributes", "negations"],
)
def test_a_text_that_would_exhaust_the_engine_never_reaches_it(deep: str) -> None:
    said = complaint(forbid("a", when=deep))

    assert any(word in said for word in ("nested", "too long", "32 KiB", "many"))


def test_a_text_has_a_size() -> None:
    assert "32 KiB" in complaint("/" * (MAX_BYTES + 1))
    assert "to be recorded" in complaint("\n" * 20_000 + "//" + '"' * 2_000)


def test_what_stands_in_the_text_does_not_come_back() -> None:
    canary = "ann.canary@example.com"
    for text in (
        forbid("a", when=f'context.cap == "{canary}"'),
        forbid("a", when=f'"{canary}" "{canary}"'),
        forbid("a", f'action == Action::"{canary}"'),
        forbid("a", when=f'context["{canary}"]'),
        forbid(canary),
        f"{canary}",
    ):
        assert "canary@" not in complaint(text)


# --- stricter texts -----------------------------------------------------------------


def test_a_stricter_text_forbids_and_nothing_else() -> None:
    require_forbids_only(read_policy(GOOD + forbid("b")))

    with pytest.raises(MalformedError, match="line 6: a stricter policy only forbids"):
        require_forbids_only(read_policy(GOOD + permit("b")))
