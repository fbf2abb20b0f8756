import pytest

from listkeep.core.segments.ast import (
    All,
    And,
    Compare,
    Member,
    Missing,
    Node,
    Not,
    Operator,
    Or,
    Present,
    StatusCompare,
    StatusMember,
    all_of,
    any_of,
    format_node,
)
from listkeep.core.segments.values import FacetType, Status

COUNTRY = Compare(0, "country", FacetType.TEXT, Operator.EQUAL, "DE")
RATING = Compare(1, "rating", FacetType.INT, Operator.GREATER_OR_EQUAL, 3)
VIP = Compare(2, "vip", FacetType.BOOL, Operator.NOT_EQUAL, value=True)
JOINED = Compare(3, "joined", FacetType.MONTH, Operator.LESS, "2024-05")

FORMATTED: list[tuple[Node, str]] = [
    (All(), "all"),
    (COUNTRY, 'country = "DE"'),
    (RATING, "rating >= 3"),
    (VIP, "vip != true"),
    (JOINED, "joined < 2024-05"),
    (
        Compare(0, "country", FacetType.TEXT, Operator.EQUAL, 'a"b\\c'),
        'country = "a\\"b\\\\c"',
    ),
    (
        Member(0, "country", FacetType.TEXT, ("DE", "FR")),
        'country in ("DE", "FR")',
    ),
    (Member(1, "rating", FacetType.INT, (1, 2)), "rating in (1, 2)"),
    (Missing(3, "joined", FacetType.MONTH), "joined is missing"),
    (Present(3, "joined", FacetType.MONTH), "joined is not missing"),
    (
        StatusCompare(Operator.NOT_EQUAL, Status.BOUNCED),
        "status != bounced",
    ),
    (
        StatusMember((Status.BOUNCED, Status.SUBSCRIBED)),
        "status in (bounced, subscribed)",
    ),
    (Not(VIP), "not vip != true"),
    (Not(Not(VIP)), "not not vip != true"),
    (Not(And((COUNTRY, VIP))), 'not (country = "DE" and vip != true)'),
    (And((COUNTRY, VIP)), 'country = "DE" and vip != true'),
    (
        Or((And((COUNTRY, VIP)), RATING)),
        '(country = "DE" and vip != true) or rating >= 3',
    ),
    (
        And((Or((COUNTRY, VIP)), RATING)),
        '(country = "DE" or vip != true) and rating >= 3',
    ),
]


@pytest.mark.parametrize(
    ("node", "text"), FORMATTED, ids=[text for _, text in FORMATTED]
)
def test_a_tree_has_one_text(node: Node, text: str) -> None:
    assert format_node(node) == text


def test_nested_conjunctions_are_one() -> None:
    assert all_of([COUNTRY, all_of([VIP, RATING])]) == And((COUNTRY, VIP, RATING))


def test_nested_alternatives_are_one() -> None:
    assert any_of([any_of([COUNTRY, VIP]), RATING]) == Or((COUNTRY, VIP, RATING))


def test_a_single_item_needs_no_joining() -> None:
    assert all_of([COUNTRY]) == COUNTRY
    assert any_of([COUNTRY]) == COUNTRY


def test_tests_that_only_differ_in_kind_are_different() -> None:
    missing: Node = Missing(0, "country", FacetType.TEXT)
    present: Node = Present(0, "country", FacetType.TEXT)

    assert missing != present
