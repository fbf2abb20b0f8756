"""Anonymity: would the facets of this list, taken together, point at people?

Facets stay readable in the dock, so they must identify no one. Entries that share
all facets form a group; an entry in a group under five stands nearly alone. Feed
the facets of the whole list as it will be, not of one file: five files of one row
each look harmless one by one.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from listkeep.core.errors import Code, RefusedError
from listkeep.core.segments.facets import Facet
from listkeep.core.segments.schema import Schema
from listkeep.core.segments.values import FacetType, Row, Value

SMALLEST_GROUP = 5
MAX_SMALL_PERCENT = 1
MIN_ROWS = 100  # below, every list would be refused
MAX_COMBINATIONS = 200_000
MAX_CHARACTERS = 64 * 1024 * 1024  # wide rows reach this before the combinations

_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class FacetShare:
    """How much one facet identifies: alone, and by what is left without it."""

    facet: Facet
    share: float
    share_without: float


@dataclass(frozen=True, slots=True)
class AnonymityReport:
    """How many entries stand nearly alone, and through which facet."""

    rows: int
    small_rows: int
    facets: tuple[FacetShare, ...]

    @property
    def share(self) -> float:
        """The share of rows in groups under five, all facets taken together."""
        return self.small_rows / self.rows if self.rows else 0.0

    @property
    def is_identifying(self) -> bool:
        """Whether more than one percent of at least a hundred rows stand alone."""
        too_many = self.small_rows * 100 > self.rows * MAX_SMALL_PERCENT
        return self.rows >= MIN_ROWS and too_many


class FacetRisk:
    """Count combinations of facets in bounded memory, row by row.

    About one hash look-up per row; ``report`` costs two passes over the distinct
    combinations for each facet.
    """

    def __init__(self, schema: Schema) -> None:
        """Start with no rows of this schema."""
        self._schema = schema
        self._counts: Counter[str] = Counter()
        self._characters = 0

    def add(self, text: str) -> None:
        """Count one row, given as ``Schema.encode_facets`` writes it.

        Raises:
            RefusedError: There are more combinations than any harmless list has.
        """
        if text not in self._counts:
            self._characters += len(text)
        self._counts[text] += 1
        self._refuse_too_many()

    def add_many(self, texts: Iterable[str]) -> None:
        """Count many rows; the texts are read once, in pieces.

        Raises:
            RefusedError: There are more combinations than any harmless list has.
        """
        remaining = iter(texts)
        while chunk := list(islice(remaining, _CHUNK)):
            fresh = [text for text in set(chunk) if text not in self._counts]
            self._characters += sum(map(len, fresh))
            self._counts.update(chunk)
            self._refuse_too_many()

    def remove(self, text: str) -> None:
        """Take one row out again that was counted."""
        self._counts[text] -= 1
        if not self._counts[text]:
            del self._counts[text]
            self._characters -= len(text)

    def report(self) -> AnonymityReport:
        """Sum up what was counted.

        Raises:
            MalformedError: A text that was fed is not a row of the schema.
        """
        groups = self._groups()
        rows = self._counts.total()
        small_rows = _count_small(groups.values())
        shares = tuple(
            FacetShare(
                facet,
                share=_count_small(_merge_only(groups, at)) / max(rows, 1),
                share_without=_count_small(_merge_without(groups, at)) / max(rows, 1),
            )
            for at, facet in enumerate(self._schema.facets)
        )
        return AnonymityReport(rows, small_rows, shares)

    def _groups(self) -> dict[Row, int]:
        decode = self._schema.decoder()
        return {decode(text): count for text, count in self._counts.items()}

    def _refuse_too_many(self) -> None:
        if len(self._counts) <= MAX_COMBINATIONS and self._characters <= MAX_CHARACTERS:
            return
        report = self.report()
        worst = _find_worst(report)
        raise RefusedError(
            f"facets have too many combinations, most of them through "
            f"{worst.facet.name}: so far {_percent(report.share)} of rows are in "
            f"groups under {SMALLEST_GROUP}",
            code=Code.FACET_IDENTIFIES,
            hint=_advise(worst.facet),
        )


def verify_anonymity(report: AnonymityReport) -> None:
    """Refuse a list whose facets nearly identify people.

    Names the facet that does so alone, else the one without which least is left.

    Raises:
        RefusedError: More than one percent of at least a hundred rows are in
            groups under five.
    """
    if not report.is_identifying:
        return
    worst = _find_worst(report)
    if _identifies_alone(worst):
        found = f"facet {worst.facet.name} leaves {_percent(worst.share)} of rows"
    else:
        found = (
            f"facets together leave {_percent(report.share)} of rows "
            f"(without {worst.facet.name}: {_percent(worst.share_without)})"
        )
    raise RefusedError(
        f"{found} in groups under {SMALLEST_GROUP}",
        code=Code.FACET_IDENTIFIES,
        hint=_advise(worst.facet),
    )


def _find_worst(report: AnonymityReport) -> FacetShare:
    worst = max(report.facets, key=lambda entry: entry.share)
    if _identifies_alone(worst):
        return worst
    return min(report.facets, key=lambda entry: entry.share_without)


def _identifies_alone(entry: FacetShare) -> bool:
    return entry.share * 100 > MAX_SMALL_PERCENT


def _merge_only(groups: dict[Row, int], at: int) -> Iterable[int]:
    merged: dict[Value | None, int] = {}
    for row, count in groups.items():
        merged[row[at]] = merged.get(row[at], 0) + count
    return merged.values()


def _merge_without(groups: dict[Row, int], at: int) -> Iterable[int]:
    merged: dict[Row, int] = {}
    for row, count in groups.items():
        rest = row[:at] + row[at + 1 :]
        merged[rest] = merged.get(rest, 0) + count
    return merged.values()


def _count_small(sizes: Iterable[int]) -> int:
    return sum(size for size in sizes if size < SMALLEST_GROUP)


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _advise(facet: Facet) -> str:
    if facet.type is FacetType.DATE:
        return f"seal that column, or declare it as {facet.name}:month"
    return "seal that column, or group its values before importing"
