"""Open an audience file of any supported format and read it once, in batches."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final, Literal, TypeVar

from listkeep.core.addresses import find_spellings
from listkeep.core.errors import Code, MalformedError

from . import delimited, jsonl, nested
from .header import MAX_COLUMNS, Kind, Layout, clean_header, find_nested, lay_out
from .statuses import NEVER, combine
from .text import Stretch, read_stretches
from .values import Batch, Page, Record, Rejected, RejectReason

Format = Literal["auto", "csv", "tsv", "jsonl"]

BATCH_ROWS: Final = 4096
_FEW: Final = 16
_V = TypeVar("_V")


class Audience:
    """An opened file: its columns are known, its rows are read as they are asked for.

    It can be read once, by ``batches`` or by iterating, which is slower. Both
    refuse the file when something in its bytes shows that it is not a list, and
    at the end when no row was good: import into a staging area.
    """

    def __init__(self, layout: Layout, pages: Iterator[Page]) -> None:
        """Take a layout and pages whose columns follow it."""
        self._layout = layout
        self._pages = pages
        self._good = 0
        self._reasons: Counter[RejectReason] = Counter()

    @property
    def kind(self) -> Kind:
        """Which software's file this is."""
        return self._layout.kind

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, as the file names them."""
        return self._layout.columns

    @property
    def address_column(self) -> str:
        """The column that holds the address."""
        return self.columns[self._layout.address]

    @property
    def status_columns(self) -> tuple[str, ...]:
        """The columns that say the status; the worst of them counts."""
        return tuple(self.columns[place] for place, _ in self._layout.statuses)

    @property
    def default_status(self) -> str:
        """The status of every row when no column says it."""
        return self._layout.default_status

    @property
    def field_names(self) -> tuple[str, ...]:
        """Our names of all other columns, in the order of ``Batch.fields``."""
        return self._layout.field_names

    @property
    def named_columns(self) -> tuple[tuple[str, str], ...]:
        """Columns that become fields, each with the field's name."""
        places = self._layout.positions
        columns = [self.columns[place] for place in places]
        return tuple(zip(columns, self.field_names, strict=True))

    def batches(self, size: int = BATCH_ROWS) -> Iterator[Batch]:
        """Yield the rows as columns, exactly ``size`` good rows in all but the last.

        Raises:
            MalformedError: The file is not a list of addresses after all.
        """
        waiting = Batch(columns=[[] for _ in self._layout.positions])
        for page in self._pages:
            self._judge(page, waiting)
            while len(waiting) > size:
                yield _take(waiting, size)
        if waiting.addresses or waiting.rejected:
            yield waiting
        if not self._good:
            raise self._no_valid_row()

    def __iter__(self) -> Iterator[Record | Rejected]:
        """Yield good and bad rows one by one, in the order of their lines.

        Raises:
            MalformedError: The file is not a list of addresses after all.
        """
        names = self.field_names
        for batch in self.batches():
            bad = iter(batch.rejected)
            next_bad = next(bad, None)
            rows = zip(
                batch.lines, batch.addresses, batch.statuses, batch.fields, strict=True
            )
            for line, address, status, values in rows:
                while next_bad and next_bad.line < line:
                    yield next_bad
                    next_bad = next(bad, None)
                fields = dict(zip(names, values, strict=True))
                yield Record(line, address, status, fields)
            if next_bad:
                yield next_bad
                yield from bad

    def _judge(self, page: Page, waiting: Batch) -> None:
        """Add what is good and what is bad in this page to what is waiting."""
        layout = self._layout
        texts = page.columns[layout.address]
        addresses = find_spellings(texts)
        statuses = self._statuses(page, len(texts))
        columns = [page.columns[place] for place in layout.positions]
        lines = page.lines
        rejected = page.rejected
        if not (all(addresses) and all(statuses)):
            pairs = enumerate(zip(addresses, statuses, strict=True))
            bad = [at for at, (address, status) in pairs if not (address and status)]
            rejected = rejected + [
                Rejected(lines[at], _reason(texts[at], addresses[at], statuses[at]))
                for at in bad
            ]
            rejected.sort()
            lines = _without(lines, bad)
            addresses = _without(addresses, bad)
            statuses = _without(statuses, bad)
            columns = [_without(column, bad) for column in columns]
        self._good += len(lines)
        self._reasons.update(row.reason for row in rejected)
        waiting.lines.extend(lines)
        waiting.addresses.extend(filter(None, addresses))
        waiting.statuses.extend(filter(None, statuses))
        for column, more in zip(waiting.columns, columns, strict=True):
            column.extend(more)
        waiting.rejected.extend(rejected)

    def _statuses(self, page: Page, count: int) -> list[str | None]:
        columns = [
            list(map(read, page.columns[place]))
            for place, read in self._layout.statuses
        ]
        if not columns:
            return [self._layout.default_status] * count
        if len(columns) == 1:
            return columns[0]
        return list(map(combine, zip(*columns, strict=True)))

    def _no_valid_row(self) -> MalformedError:
        if not self._reasons:
            message, hint = "the file has no rows", "a header alone is not a list"
        else:
            message = "no row of the file is good"
            hint = f"most often, {self._reasons.most_common(1)[0][0].text}"
        return MalformedError(message, code=Code.FILE_NO_VALID_ROW, hint=hint)


def open_audience(
    chunks: Iterable[bytes],
    *,
    format: Format = "auto",  # noqa: A002 - the word everybody uses for it
    mapping: Mapping[str, str] | None = None,
) -> Audience:
    """Read the beginning of a file and say what it holds.

    ``mapping`` goes from our names to the file's: ``{"address": "E-mail"}``.

    Raises:
        MalformedError: This is not a list, or not one in that format.
    """
    mapping = mapping or {}
    stretches = read_stretches(chunks)
    start = _find_start(stretches)
    if _is_json(start, format):
        columns = jsonl.find_columns(start)
        layout = lay_out(columns, mapping=mapping, kind="jsonl")
        pages = jsonl.read_pages(chain([start], stretches), columns=columns)
        return Audience(layout, pages)
    delimiters = "\t" if format == "tsv" else delimited.DELIMITERS
    delimiter, columns, rest = delimited.read_header(
        start, delimiters=delimiters, mapping=mapping
    )
    behind = chain([rest], stretches)
    pages = delimited.read_pages(behind, delimiter=delimiter, width=len(columns))
    place = find_nested(columns)
    if place is not None:
        columns, pages = _expand(columns, pages, place)
    layout = lay_out(columns, mapping=mapping, kind="csv")
    if layout.has_lists:
        pages = nested.flatten_lists(pages)
    return Audience(layout, pages)


def read_columns(
    chunks: Iterable[bytes],
    *,
    format: Format = "auto",  # noqa: A002 - as above
) -> tuple[str, ...]:
    """Read the columns' names alone, of a file that may lack a mapping yet.

    Raises:
        MalformedError: There is no header; a row is never taken for one.
    """
    start = _find_start(read_stretches(chunks))
    if _is_json(start, format):
        return clean_header(jsonl.find_columns(start))
    delimiters = "\t" if format == "tsv" else delimited.DELIMITERS
    _, columns, _ = delimited.read_header(start, delimiters=delimiters, mapping={})
    return clean_header(columns)


def _expand(
    columns: Sequence[str], pages: Iterator[Page], place: int
) -> tuple[list[str], Iterator[Page]]:
    """Make columns of the members of a column of objects, as the first rows have it."""
    first = list(islice(pages, 1))
    members = [
        nested.find_members(page, place, most=MAX_COLUMNS - len(columns))
        for page in first
    ]
    names = members[0] if members else ()
    extended = [*columns, *nested.name_members(names, columns)]
    return extended, nested.expand(chain(first, pages), place, names)


def _is_json(start: Stretch, format: Format) -> bool:  # noqa: A002 - as above
    if format == "auto":
        return start.text.lstrip()[:1] in ("{", "[")
    return format == "jsonl"


def _find_start(stretches: Iterator[Stretch]) -> Stretch:
    """Skip blank lines on top."""
    for line, text in stretches:
        if text.strip():
            blank = len(text) - len(text.lstrip("\n"))
            return Stretch(line + blank, text[blank:])
    raise MalformedError(
        "the file is empty", code=Code.FILE_EMPTY, hint="export the list again"
    )


def _reason(text: str, address: str | None, status: str | None) -> RejectReason:
    if address:
        if status == NEVER:
            return RejectReason.CONSENT_MISSING
        return RejectReason.STATUS_UNKNOWN
    if text.strip():
        return RejectReason.ADDRESS_INVALID
    return RejectReason.ADDRESS_MISSING


def _without(column: Sequence[_V], bad: Sequence[int]) -> list[_V]:
    """Leave out some places: where there are few, the others are not gone through."""
    kept = list(column)
    if len(bad) <= _FEW:
        for at in reversed(bad):
            del kept[at]
        return kept
    left_out = frozenset(bad)
    return [value for at, value in enumerate(kept) if at not in left_out]


def _take(waiting: Batch, size: int) -> Batch:
    """Cut a batch off the front; bad rows go with the good row behind them."""
    bad = bisect_left(waiting.rejected, (waiting.lines[size],))
    batch = Batch(
        waiting.lines[:size],
        waiting.addresses[:size],
        waiting.statuses[:size],
        [column[:size] for column in waiting.columns],
        waiting.rejected[:bad],
    )
    for column in (waiting.addresses, waiting.statuses, *waiting.columns):
        del column[:size]
    del waiting.lines[:size]
    del waiting.rejected[:bad]
    return batch
