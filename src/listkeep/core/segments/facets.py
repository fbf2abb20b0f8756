"""Facets: one column of a list that stays readable, its name and its type."""

import re
from dataclasses import dataclass

from listkeep.core.errors import Code, MalformedError
from listkeep.core.segments.values import FacetType, Flaw, Value, read_value

RESERVED_NAMES = frozenset({"status", "token"}) | frozenset(
    # Words of the segment language: a field of that name could not be written.
    {"all", "and", "false", "in", "is", "missing", "not", "or", "true"}
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Facet:
    """A field kept readable for segmenting because it identifies no one.

    Raises:
        MalformedError: The name is not a field name, or is a reserved word.
    """

    name: str
    type: FacetType

    def __post_init__(self) -> None:
        # A refused name is not repeated: it may be an address in the wrong place.
        if not _NAME.fullmatch(self.name):
            raise MalformedError(
                "facet name is not a field name",
                code=Code.FACET_INVALID,
                hint="use a-z, 0-9 and _, at most 40, a letter first",
            )
        if self.name in RESERVED_NAMES:
            raise MalformedError(
                f"facet name {self.name} is reserved",
                code=Code.FACET_INVALID,
                hint="map the column to another field name",
            )

    @classmethod
    def parse(cls, spec: str) -> "Facet":
        """Read a facet from ``name:type``.

        Raises:
            MalformedError: The spec has no known type, or no usable name.
        """
        name, _, type_name = spec.partition(":")
        if type_name not in set(FacetType):
            raise MalformedError(
                "facet is not written as name:type",
                code=Code.FACET_INVALID,
                hint=f"types are {', '.join(FacetType)}; for example plan:text",
            )
        return cls(name, FacetType(type_name))

    def format(self) -> str:
        """Write the facet as ``name:type``."""
        return f"{self.name}:{self.type}"

    def parse_value(self, text: str) -> Value | None:
        """Read one cell of this facet; blank means missing.

        Raises:
            MalformedError: The cell is no value of this type. Never repeats it.
        """
        value = read_value(self.type, text)
        if isinstance(value, Flaw):
            raise MalformedError(
                f"facet {self.name}: {value.message}",
                code=Code.FACET_INVALID,
                hint=value.hint,
            )
        return value
