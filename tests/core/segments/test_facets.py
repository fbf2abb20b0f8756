import pytest

from listkeep.core.errors import Code, MalformedError
from listkeep.core.segments.facets import RESERVED_NAMES, Facet
from listkeep.core.segments.values import FacetType


@pytest.mark.parametrize("facet_type", FacetType)
def test_a_facet_is_written_and_read_as_name_and_type(facet_type: FacetType) -> None:
    facet = Facet.parse(f"member_rating:{facet_type}")

    assert facet == Facet("member_rating", facet_type)
    assert Facet.parse(facet.format()) == facet


@pytest.mark.parametrize("spec", ["plan", "plan:", "plan:float", "plan:text:x", ""])
def test_a_spec_without_a_known_type_is_refused_with_the_types(spec: str) -> None:
    with pytest.raises(MalformedError) as refused:
        Facet.parse(spec)

    assert refused.value.code is Code.FACET_INVALID
    assert "text, int, bool, date, month" in refused.value.hint


@pytest.mark.parametrize(
    "name", ["", "Plan", "1st", "_plan", "a-b", "a b", "é", "a" * 41, "plan\n"]
)
def test_a_name_that_is_no_field_name_is_refused(name: str) -> None:
    with pytest.raises(MalformedError, match="not a field name"):
        Facet(name, FacetType.TEXT)


def test_a_name_of_forty_characters_is_taken() -> None:
    assert Facet("a" * 40, FacetType.TEXT).name == "a" * 40


def test_an_address_in_place_of_a_name_is_not_repeated() -> None:
    with pytest.raises(MalformedError) as refused:
        Facet.parse("ada@example.com:text")

    assert "ada" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_a_reserved_name_is_refused_by_name(name: str) -> None:
    with pytest.raises(MalformedError, match=f"facet name {name} is reserved"):
        Facet(name, FacetType.TEXT)


def test_a_cell_is_read_by_the_type_of_its_facet() -> None:
    assert Facet("joined", FacetType.MONTH).parse_value("2024-05-17") == "2024-05"
    assert Facet("joined", FacetType.MONTH).parse_value(" ") is None


def test_a_wrong_cell_names_the_facet_and_never_the_cell() -> None:
    with pytest.raises(MalformedError) as refused:
        Facet("plan", FacetType.TEXT).parse_value("ada@example.com")

    error = refused.value
    assert error.code is Code.FACET_INVALID
    assert error.message.startswith("facet plan: ")
    assert "ada" not in error.message + error.hint
    assert error.__context__ is None
