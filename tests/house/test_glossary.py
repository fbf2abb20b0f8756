"""A word means one thing; here is where it is written down."""

import re
from enum import StrEnum

import pytest

from listkeep.core.errors import Code
from listkeep.core.grants import Action, Right, Role
from listkeep.core.ledger.events import Event
from listkeep.core.mail import Kind, Outcome
from listkeep.core.registry.incidents import IncidentKind
from listkeep.core.segments.values import FacetType, Status
from tests.house.sizes import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"
ENUMS: list[type[StrEnum]] = [
    *(Action, Code, Event, FacetType, IncidentKind, Kind, Outcome, Right, Role),
    Status,
]
TERMS = re.compile(r"^- ((?:`[^`]+`(?:, )?)+): \S", re.MULTILINE)
WORDS = re.compile(r"\*(\w[\w ]*)\*")
# design, section 4
SPOKEN = """operator tenant person service list entry token facet segment touch release
    reveal send export request statement grant budget freeze checkpoint witness decoy
    mark copy sighting incident"""


def explained(text: str, enum: type[StrEnum]) -> list[str]:
    """Find the values explained in an enum's section."""
    _, _, rest = text.partition(f" (`{enum.__name__}`)\n")
    section, _, _ = rest.partition("\n## ")
    return [
        value
        for line in TERMS.findall(section)
        for value in re.findall("`(.+?)`", line)
    ]


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_every_value_is_explained_once_and_nothing_else(enum: type[StrEnum]) -> None:
    found = explained(GLOSSARY.read_text(encoding="utf-8"), enum)

    assert sorted(found) == sorted(value.value for value in enum)


def test_the_words_of_the_design_are_explained() -> None:
    text, _, _ = GLOSSARY.read_text(encoding="utf-8").partition("## Roles")

    words = {word.lower() for word in WORDS.findall(text)}

    assert set(SPOKEN.split()) - words == set()


class Color(StrEnum):
    RED = "red"
    DARK_BLUE = "dark-blue"


def test_a_value_that_is_missing_named_without_words_or_elsewhere_is_noticed() -> None:
    heading = "## Colors (`Color`)\n\n"

    assert explained(f"{heading}- `red`: warm\n", Color) == ["red"]
    assert explained(f"{heading}- `red`, `dark-blue`: both\n", Color) == [*Color]
    assert explained(f"{heading}- `red`:\n", Color) == []
    assert explained(f"{heading}text\n\n## Other\n\n- `red`: warm\n", Color) == []
    assert explained("- `red`: warm\n", Color) == []
