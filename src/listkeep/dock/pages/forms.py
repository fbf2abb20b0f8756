"""Forms as people fill them in: what was typed is kept, also when it was wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext

from listkeep.core.files import Format
from listkeep.core.segments import FacetType, Schema

_FORMATS: tuple[Format, ...] = ("auto", "csv", "tsv", "jsonl")
_COLUMN = "column."
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Target:
    """One thing of ours that a column of a file can be."""

    name: str
    label: str
    column: str
    choices: Sequence[str] = ()

    @property
    def is_known(self) -> bool:
        """Whether the file's columns are known, and what was typed is one of them."""
        return bool(self.choices) and self.column in ("", *self.choices)


@dataclass(frozen=True, slots=True)
class ListForm:
    """A list to open, as it was typed."""

    name: str = ""
    facets: str = ""
    fields: str = ""

    types = tuple(FacetType)

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "ListForm":
        """Read what was sent; unknown fields are left out."""
        return cls(
            fields.get("name", ""), fields.get("facets", ""), fields.get("fields", "")
        )

    @property
    def list_name(self) -> str:
        """The name, cut where no name goes on; the keeper refuses it all the same."""
        return self.name.strip()[:_MAX_NAME]


@dataclass(slots=True)
class ImportForm:
    """How a file is to be read, as far as somebody said so."""

    file_format: Format = "auto"
    mapping: dict[str, str] = field(default_factory=dict)
    no_status: bool = False  # every row is subscribed
    request: str = ""
    sha256: str = ""  # of the file that was looked at

    formats = _FORMATS

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "ImportForm":
        """Read what was sent; unknown fields are left out."""
        return cls(
            file_format=next(
                (each for each in _FORMATS if each == fields.get("format")), "auto"
            ),
            mapping={
                name.removeprefix(_COLUMN): column
                for name, column in fields.items()
                if name.startswith(_COLUMN) and column
            },
            no_status="no_status" in fields,
            request=fields.get("request", "").strip(),
            sha256=fields.get("sha256", ""),
        )

    def full_mapping(self) -> dict[str, str]:
        """Say which column is which field, and whether one is the status."""
        if self.no_status:
            return {**self.mapping, "status": ""}
        return dict(self.mapping)

    def targets(self, schema: Schema, columns: Sequence[str] = ()) -> list[Target]:
        """List what columns can be: address, status, each facet of the list."""
        facet = gettext("Column of facet {name}")
        labels = {
            "address": gettext("Column of the address"),
            "status": gettext("Column of the status"),
            **{name: facet.format(name=name) for name in schema.names},
        }
        return [
            Target(name, label, self.mapping.get(name, ""), columns)
            for name, label in labels.items()
        ]
