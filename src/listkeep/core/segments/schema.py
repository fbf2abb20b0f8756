"""Schemas: which fields of a list are facets, and how a row of facets is written.

The text of a row is one compact JSON array in schema order, ``null`` for missing,
byte for byte what RFC 8785 gives, because it is associated data of the sealed row:
two spellings of the same facets would be two different rows.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from listkeep.core.errors import Code, MalformedError
from listkeep.core.segments.facets import Facet
from listkeep.core.segments.rows import encode_row, prepare_decoder, prepare_encoder
from listkeep.core.segments.values import Row, is_canonical

MAX_FACETS = 32

_MAX_ENCODED_CHARACTERS = 403  # 200 escaped characters, two quotes, one comma


@dataclass(frozen=True, slots=True)
class Schema:
    """The facets of one list, in the order in which every row writes them.

    Raises:
        MalformedError: Two facets share a name, or there are too many.
    """

    facets: tuple[Facet, ...]

    def __post_init__(self) -> None:
        if len(self.facets) > MAX_FACETS:
            raise MalformedError(
                f"schema has more than {MAX_FACETS} facets",
                code=Code.FACET_INVALID,
                hint="seal the columns nobody segments by",
            )
        if len(set(self.names)) != len(self.facets):
            raise MalformedError("schema names a facet twice", code=Code.FACET_INVALID)

    @classmethod
    def parse(cls, specs: Iterable[str]) -> "Schema":
        """Read a schema from its facet specs, ``name:type`` each.

        Raises:
            MalformedError: A spec is wrong, or the facets do not go together.
        """
        return cls(tuple(Facet.parse(spec) for spec in specs))

    def format(self) -> tuple[str, ...]:
        """Write the schema as facet specs."""
        return tuple(facet.format() for facet in self.facets)

    @property
    def names(self) -> tuple[str, ...]:
        """The facets' names, in schema order."""
        return tuple(facet.name for facet in self.facets)

    def find_index(self, name: str) -> int | None:
        """Find where a facet stands in each row."""
        return self.names.index(name) if name in self.names else None

    def encode_facets(self, values: Mapping[str, str]) -> str:
        """Write the facets of one row; fields outside the schema are ignored.

        Raises:
            MalformedError: A cell is no value of its facet's type.
        """
        return encode_row(
            facet.parse_value(values.get(facet.name, "")) for facet in self.facets
        )

    def encoder(self, field_names: Sequence[str]) -> Callable[[Sequence[str]], str]:
        """Prepare ``encode_facets`` for the many rows of one file.

        The result takes the row's cells in the order of ``field_names`` and raises
        as ``encode_facets`` does, also for a row that ends too early. It remembers
        a bounded number of cells per column, so keep one per file, not for ever.
        """
        return prepare_encoder(self.facets, field_names)

    def decode_facets(self, text: str) -> Row:
        """Read the facets of one row, refusing anything ``encode_facets`` cannot write.

        Raises:
            MalformedError: The text is not a canonical row of this schema.
        """
        row = self._parse_array(text)
        if len(row) != len(self.facets):
            raise MalformedError(
                f"facets are not an array of {len(self.facets)} values",
                code=Code.FACET_INVALID,
            )
        for facet, value in zip(self.facets, row, strict=True):
            if value is not None and not is_canonical(facet.type, value):
                raise MalformedError(
                    f"facet {facet.name}: value is not a canonical {facet.type}",
                    code=Code.FACET_INVALID,
                )
        if encode_row(row) != text:
            raise MalformedError(
                "facets are not in canonical form", code=Code.FACET_INVALID
            )
        return row

    def decoder(self) -> Callable[[str], Row]:
        """Prepare ``decode_facets`` for many rows; remembers a bounded number."""
        return prepare_decoder(self.facets, self.decode_facets)

    def _parse_array(self, text: str) -> Row:
        """Parse an array of anything; whatever is not one counts as empty plus one."""
        wrong = (None,) * (len(self.facets) + 1)
        # Checked first, so that a hostile text costs no more than an honest one.
        if len(text) > 2 + _MAX_ENCODED_CHARACTERS * len(self.facets):
            return wrong
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):
            return wrong
        return tuple(row) if isinstance(row, list) else wrong
