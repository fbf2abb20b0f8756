"""What comes out of an audience file: batches of entries, and rows turned away."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from listkeep.core.addresses import Address, parse_address


class RejectReason(StrEnum):
    """Why a row was turned away; public and append-only, never the row's text."""

    ADDRESS_INVALID = "address-invalid"
    ADDRESS_MISSING = "address-missing"
    CONSENT_MISSING = "consent-missing"
    FIELD_DUPLICATE = "field-duplicate"
    FIELD_NESTED = "field-nested"
    FIELD_UNKNOWN = "field-unknown"
    JSON_INVALID = "json-invalid"
    QUOTES_UNBALANCED = "quotes-unbalanced"
    ROW_TOO_BIG = "row-too-big"
    STATUS_UNKNOWN = "status-unknown"
    TEXT_INVALID = "text-invalid"
    TOO_FEW_FIELDS = "too-few-fields"
    TOO_MANY_FIELDS = "too-many-fields"

    @property
    def text(self) -> str:
        """The sentence for people."""
        return _TEXTS[self]


_TEXTS = {
    RejectReason.ADDRESS_INVALID: "the address is not an e-mail address",
    RejectReason.ADDRESS_MISSING: "the address is empty",
    RejectReason.CONSENT_MISSING: "this person never agreed to be written to",
    RejectReason.FIELD_DUPLICATE: "a field is given twice",
    RejectReason.FIELD_NESTED: "a field holds a list or an object, not one value",
    RejectReason.FIELD_UNKNOWN: "a field does not occur in the file's first rows",
    RejectReason.JSON_INVALID: "the line is not one JSON object",
    RejectReason.QUOTES_UNBALANCED: "a quotation mark is not closed or not doubled",
    RejectReason.ROW_TOO_BIG: "the row is longer than 64 KiB",
    RejectReason.STATUS_UNKNOWN: "the status is not one we know",
    RejectReason.TEXT_INVALID: "the row holds characters that are not text",
    RejectReason.TOO_FEW_FIELDS: "the row has fewer fields than the header",
    RejectReason.TOO_MANY_FIELDS: "the row has more fields than the header",
}


class Rejected(NamedTuple):
    """A row that was turned away: the physical line it starts on, and why."""

    line: int
    reason: RejectReason


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One good row. It has no telling ``repr``, for the sake of logs."""

    line: int
    address_text: str
    status: str
    fields: dict[str, str]

    @property
    def address(self) -> Address:
        """The address as typed and as it is compared."""
        return parse_address(self.address_text)


@dataclass(slots=True, repr=False)
class Batch:
    """Good rows as columns of equal length, and the bad rows met on the way.

    Columns, because millions of rows a minute leave no time for an object each.
    """

    lines: list[int] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)  # as typed, without blanks
    statuses: list[str] = field(default_factory=list)
    columns: list[list[str]] = field(default_factory=list)  # one for each field
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def fields(self) -> list[tuple[str, ...]]:
        """The same fields row by row."""
        return list(zip(*self.columns, strict=True)) or [()] * len(self)

    def __len__(self) -> int:
        """Count the good rows."""
        return len(self.addresses)


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """A stretch of a file cut into cells: one sequence per column of the header."""

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]
    rejected: list[Rejected]
