import pytest

from listkeep.core import canonical
from listkeep.core.segments.values import (
    MAX_INTEGER,
    MAX_VALUE_CHARACTERS,
    FacetType,
    Flaw,
    Value,
    encode_value,
    is_canonical,
    read_value,
)

READ: list[tuple[FacetType, str, Value]] = [
    (FacetType.TEXT, "DE", "DE"),
    (FacetType.TEXT, "  two words ", "two words"),
    (FacetType.TEXT, "Cafe\u0301", "Caf\u00e9"),
    (FacetType.TEXT, "x" * MAX_VALUE_CHARACTERS, "x" * MAX_VALUE_CHARACTERS),
    (FacetType.TEXT, "e\u0301" * MAX_VALUE_CHARACTERS, "é" * MAX_VALUE_CHARACTERS),
    (FacetType.INT, "3", 3),
    (FacetType.INT, "+07", 7),
    (FacetType.INT, "-0", 0),
    (FacetType.INT, str(-MAX_INTEGER), -MAX_INTEGER),
    (FacetType.BOOL, "true", True),
    (FacetType.BOOL, "Yes", True),
    (FacetType.BOOL, "1", True),
    (FacetType.BOOL, "FALSE", False),
    (FacetType.BOOL, "no", False),
    (FacetType.BOOL, "0", False),
    (FacetType.DATE, "2024-02-29", "2024-02-29"),
    (FacetType.DATE, "2024-05-17 10:00:00", "2024-05-17"),
    (FacetType.DATE, "2024-05-17T10:00:00.123Z", "2024-05-17"),
    (FacetType.DATE, "2024-05-17 10:00+02:00", "2024-05-17"),
    (FacetType.MONTH, "2024-05", "2024-05"),
    (FacetType.MONTH, "2024-05-17", "2024-05"),
    (FacetType.MONTH, "2024-05-17 10:00:00", "2024-05"),
]

FLAWED = [
    (FacetType.TEXT, "x" * (MAX_VALUE_CHARACTERS + 1)),
    (FacetType.TEXT, "ada@example.com"),
    (FacetType.TEXT, "ada\uff20example.com"),
    (FacetType.TEXT, "ada\ufe6bexample.com"),
    (FacetType.TEXT, "a\x00b"),
    (FacetType.TEXT, "a\nb"),
    (FacetType.TEXT, "a\x7fb"),
    (FacetType.TEXT, "a\u202eb"),
    (FacetType.TEXT, "a\u2066b"),
    (FacetType.TEXT, "a\ud800b"),
    (FacetType.INT, "3.5"),
    (FacetType.INT, "three"),
    (FacetType.INT, "\u0663"),
    (FacetType.INT, str(MAX_INTEGER + 1)),
    (FacetType.INT, "9" * 17),
    (FacetType.BOOL, "2"),
    (FacetType.BOOL, "ja"),
    (FacetType.DATE, "2023-02-29"),
    (FacetType.DATE, "0000-01-01"),
    (FacetType.DATE, "17.05.2024"),
    (FacetType.DATE, "2024-05"),
    (FacetType.DATE, "2024-05-17 soon"),
    (FacetType.MONTH, "2024-13"),
    (FacetType.MONTH, "2024-13-01"),
    (FacetType.MONTH, "May 2024"),
]


@pytest.mark.parametrize(("facet_type", "text", "value"), READ)
def test_a_cell_is_read_in_its_canonical_form(
    facet_type: FacetType, text: str, value: Value
) -> None:
    found = read_value(facet_type, text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("facet_type", FacetType)
@pytest.mark.parametrize("text", ["", "   ", "\t"], ids=["empty", "blanks", "tab"])
def test_a_blank_cell_is_missing(facet_type: FacetType, text: str) -> None:
    assert read_value(facet_type, text) is None


@pytest.mark.parametrize(
    ("facet_type", "text"), FLAWED, ids=[f"flaw-{at}" for at in range(len(FLAWED))]
)
def test_a_flaw_says_what_is_wrong_and_not_what_was_there(
    facet_type: FacetType, text: str
) -> None:
    flaw = read_value(facet_type, text)

    assert isinstance(flaw, Flaw)
    assert flaw.message
    assert flaw.hint
    assert "ada" not in flaw.message + flaw.hint


@pytest.mark.parametrize(("facet_type", "_text", "value"), READ)
def test_what_was_read_is_canonical(
    facet_type: FacetType, _text: str, value: Value
) -> None:
    assert is_canonical(facet_type, value)


@pytest.mark.parametrize(
    ("facet_type", "value"),
    [
        (FacetType.TEXT, " DE"),
        (FacetType.TEXT, ""),
        (FacetType.TEXT, "Cafe\u0301"),
        (FacetType.TEXT, 3),
        (FacetType.TEXT, ["DE"]),
        (FacetType.INT, True),
        (FacetType.INT, 3.0),
        (FacetType.INT, "3"),
        (FacetType.INT, MAX_INTEGER + 1),
        (FacetType.INT, -MAX_INTEGER - 1),
        (FacetType.BOOL, 1),
        (FacetType.BOOL, "true"),
        (FacetType.DATE, "2024-05-17 10:00:00"),
        (FacetType.MONTH, "2024-05-17"),
        (FacetType.MONTH, None),
    ],
)
def test_what_reading_never_gives_is_not_canonical(
    facet_type: FacetType, value: object
) -> None:
    assert not is_canonical(facet_type, value)


@pytest.mark.parametrize("value", [None, True, False, -7, 'a "b" \\', "é 🎉"])
def test_a_value_is_written_as_rfc_8785_writes_it(value: Value | None) -> None:
    assert encode_value(value).encode() == canonical.encode(value)
