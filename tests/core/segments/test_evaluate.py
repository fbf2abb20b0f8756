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
)
from listkeep.core.segments.evaluate import compile_predicate
from listkeep.core.segments.values import FacetType, Row, Status

ADA: Row = ("DE", 4)
EMPTY: Row = (None, None)


def country(operator: Operator, value: str) -> Compare:
    return Compare(0, "country", FacetType.TEXT, operator, value)


def rating(operator: Operator, value: int) -> Compare:
    return Compare(1, "rating", FacetType.INT, operator, value)


def holds(node: Node, facets: Row = ADA, status: str = "subscribed") -> bool:
    return compile_predicate(node)(facets, status)


@pytest.mark.parametrize(
    ("operator", "below", "same", "above"),
    [
        (Operator.EQUAL, False, True, False),
        (Operator.NOT_EQUAL, True, False, True),
        (Operator.LESS, True, False, False),
        (Operator.LESS_OR_EQUAL, True, True, False),
        (Operator.GREATER, False, False, True),
        (Operator.GREATER_OR_EQUAL, False, True, True),
    ],
)
def test_numbers_compare_as_numbers(
    operator: Operator, below: bool, same: bool, above: bool
) -> None:
    found = [holds(rating(operator, 10), ("DE", number)) for number in (9, 10, 11)]

    assert found == [below, same, above]


def test_text_compares_exactly() -> None:
    assert holds(country(Operator.EQUAL, "DE"))
    assert not holds(country(Operator.EQUAL, "de"))
    assert holds(country(Operator.NOT_EQUAL, "de"))


def test_months_compare_in_time() -> None:
    later = Compare(0, "joined", FacetType.MONTH, Operator.GREATER, "2023-12")

    assert holds(later, ("2024-01",))
    assert not holds(later, ("2023-11",))


def test_membership_takes_any_of_its_values() -> None:
    node = Member(0, "country", FacetType.TEXT, ("DE", "FR"))

    assert holds(node)
    assert not holds(node, ("IT", 4))
    assert not holds(node, EMPTY)


@pytest.mark.parametrize("operator", Operator)
def test_a_missing_facet_compares_false_with_everything(operator: Operator) -> None:
    assert not holds(rating(operator, 3), EMPTY)
    assert holds(Not(rating(operator, 3)), EMPTY)


def test_only_the_missing_test_sees_a_missing_facet() -> None:
    missing = Missing(0, "country", FacetType.TEXT)
    present = Present(0, "country", FacetType.TEXT)

    assert [holds(missing, row) for row in (ADA, EMPTY)] == [False, True]
    assert [holds(present, row) for row in (ADA, EMPTY)] == [True, False]


def test_all_takes_every_row_whatever_its_status() -> None:
    assert holds(All(), EMPTY, "erased")


def test_status_is_compared_like_a_facet_that_is_never_missing() -> None:
    equal = StatusCompare(Operator.EQUAL, Status.BOUNCED)
    other = StatusCompare(Operator.NOT_EQUAL, Status.BOUNCED)
    member = StatusMember((Status.BOUNCED, Status.ERASED))

    for node, expected in ((equal, True), (other, False), (member, True)):
        assert holds(node, ADA, "bounced") is expected
        assert holds(node, ADA, "subscribed") is not expected


def test_and_needs_each_and_or_needs_one() -> None:
    german, high = country(Operator.EQUAL, "DE"), rating(Operator.GREATER, 3)

    rows: list[Row] = [("DE", 4), ("DE", 1), ("IT", 4), ("IT", 1)]

    assert [holds(And((german, high)), row) for row in rows] == [True, *[False] * 3]
    assert [holds(Or((german, high)), row) for row in rows] == [*[True] * 3, False]
