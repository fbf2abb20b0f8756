"""What may be asked about a list's entries. Nothing here opens anything."""

from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import nsmallest
from typing import NamedTuple

from listkeep.core.errors import Code, RefusedError
from listkeep.core.segments import Schema, Segment, Value, parse_segment
from listkeep.wire.messages import RowBatch

from . import bulk
from .models import Entry
from .segments import Condition, compile_condition
from .statuses import STATUSES, SUBSCRIBED

SMALLEST_GROUP = 5
LARGEST_HISTOGRAM = 50
SAMPLED_FROM = 20_000
TOKEN_COLUMNS = ("token", "status", "facets")
SEALED_COLUMNS = ("token", "batch_id", "position", "sealed", "facets")


class Bar(NamedTuple):
    """How many entries have one value of a facet; ``None`` is a missing one."""

    value: Value | None
    entries: int


class Histogram(NamedTuple):
    """The values of one facet. Rare ones are only counted, together."""

    facet: str
    bars: tuple[Bar, ...]
    other: int


def count_segment(list_id: str, segment: Segment) -> int:
    """Count the entries a segment selects."""
    return bulk.count_rows(list_id, compile_condition(segment.node))


def count_statuses(list_id: str) -> dict[str, int]:
    """Count a list's entries by status; every status is there."""
    counts = dict(bulk.count_groups("status", list_id))
    return {str(status): counts.get(code, 0) for code, status in enumerate(STATUSES)}


def count_facets(
    list_id: str, *, schema: Schema, segment: Segment
) -> tuple[Histogram, ...]:
    """Count the values of each facet among the entries a segment selects.

    A value that fewer than five entries have is not named: it could be somebody.
    """
    decode = schema.decoder()
    counters: list[Counter[Value | None]] = [Counter() for _ in schema.facets]
    condition = compile_condition(segment.node)
    for text, count in bulk.count_groups("facets", list_id, condition):
        for counter, value in zip(counters, decode(text), strict=True):
            counter[value] += count
    return tuple(
        make_histogram(name, counter)
        for name, counter in zip(schema.names, counters, strict=True)
    )


def read_tokens(
    list_id: str, segment: Segment, *, after: bytes = b"", limit: int = bulk.READ_ROWS
) -> list[bulk.Found]:
    """Read the next tokens a segment selects, each with status code and facets."""
    condition = compile_condition(segment.node)
    return bulk.read_rows(TOKEN_COLUMNS, list_id, condition, after=after, limit=limit)


def read_sample(list_id: str, segment: Segment, *, limit: int) -> list[bulk.Found]:
    """Read a few entries of a segment, each with status code and facets.

    They are looked for among the first of the list only, so that few who are far
    apart cost no walk through all. Tokens are in no order that means anything.
    """
    condition = compile_condition(segment.node)
    return bulk.read_rows(
        TOKEN_COLUMNS, list_id, condition, limit=limit, among=SAMPLED_FROM
    )


def stream_tokens(list_id: str, segment: Segment) -> Iterator[list[bulk.Found]]:
    """Read all tokens a segment selects, page by page."""
    yield from _pages(TOKEN_COLUMNS, list_id, compile_condition(segment.node))


def stream_sealed(
    list_id: str, selection: str, *, schema: Schema, cap: int
) -> Iterator[RowBatch]:
    """Read sealed rows of subscribed entries that a selection names, up to a cap.

    Raises:
        MalformedError: The selection is no segment of this list.
    """
    chosen = compile_condition(parse_segment(selection, schema).node)
    condition = Condition(
        f"({chosen.sql} AND status = %s)", (*chosen.parameters, SUBSCRIBED)
    )
    for page in _pages(SEALED_COLUMNS, list_id, condition, cap=cap):
        yield row_batch(page)


def find_sealed(list_id: str, tokens: Sequence[bytes]) -> RowBatch:
    """Find the sealed rows of a few tokens; those not in the list are left out."""
    return row_batch(bulk.find_rows(SEALED_COLUMNS, list_id, tokens))


def find_rows(list_id: str, tokens: Sequence[bytes]) -> dict[bytes, bulk.Found]:
    """Find the sealed rows of a few tokens, of which something is left to open."""
    rows = bulk.find_rows(SEALED_COLUMNS, list_id, tokens)
    return {bytes(row[0]): row for row in rows if row[3]}


def find_entry(list_id: str, token: bytes) -> Entry | None:
    """Find one entry by its token."""
    return Entry.objects.filter(list_id=list_id, token=token).first()


def get_entry(list_id: str, token: bytes) -> Entry:
    """Get one entry by its token.

    Raises:
        RefusedError: The list has no such entry.
    """
    entry = find_entry(list_id, token)
    if entry is None:
        raise RefusedError(
            "the list has no such entry",
            code=Code.NOT_FOUND,
            hint="tokens are compared within one list",
        )
    return entry


def row_batch(rows: Sequence[bulk.Found]) -> RowBatch:
    """Turn rows of ``SEALED_COLUMNS`` into columns for the keeper."""
    columns = list(zip(*rows, strict=True)) or [()] * len(SEALED_COLUMNS)
    tokens, batch_ids, positions, sealed, facets = columns
    return RowBatch(
        tokens=b"".join(tokens),
        batch_ids=b"".join(batch_ids),
        positions=list(positions),
        sealed=list(sealed),
        facets=list(facets),
    )


def _pages(
    columns: Sequence[str],
    list_id: str,
    condition: Condition,
    *,
    cap: int | None = None,
) -> Iterator[list[bulk.Found]]:
    after, left = b"", cap
    while left is None or left > 0:
        limit = bulk.READ_ROWS if left is None else min(left, bulk.READ_ROWS)
        page = bulk.read_rows(columns, list_id, condition, after=after, limit=limit)
        if page:
            yield page
        if len(page) < limit:
            return
        after = page[-1][0]
        left = None if left is None else left - len(page)


def make_histogram(facet: str, counter: Counter[Value | None]) -> Histogram:
    """Name the values that are frequent enough to be nobody's, and add up the rest.

    The commonest come first, and of equally common ones the smaller value.
    """
    named = (Bar(*each) for each in counter.items() if each[1] >= SMALLEST_GROUP)
    common = nsmallest(LARGEST_HISTOGRAM, named, key=_place)
    other = counter.total() - sum(bar.entries for bar in common)
    return Histogram(facet, tuple(common), other)


def _place(bar: Bar) -> tuple[int, bool, Value]:
    # A database tells groups in any order: a picture must not change with it.
    return -bar.entries, bar.value is None, 0 if bar.value is None else bar.value
