"""Cut CSV and its relatives into cells (RFC 4180, with the usual delimiters).

Rules:

- The delimiter is the one that makes the best header: one with an address column
  first, then the one with the most columns. Excel's ``sep=;`` line is obeyed.
- Quoted cells may hold delimiters, doubled quotes and line breaks. A quote in an
  unquoted cell is a character.
- A row whose quotes are wrong is turned away alone: a quote that is not closed
  within ``MAX_ROW_LINES`` lines costs its own line, not the rest of the file.
- Blank lines count as lines and are otherwise nothing.

Stretches with no or few quotes, which is most of them in most files, are cut by
splitting one string; the rest goes through the csv module. Both give the same.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, compress
from operator import add, not_
from typing import Final

from listkeep.core.errors import Code, MalformedError

from .header import has_address_column
from .text import Stretch
from .values import Page, Rejected, RejectReason

DELIMITERS: Final = (",", ";", "\t", "|")
MAX_ROW_CHARACTERS: Final = 64 * 1024
MAX_ROW_LINES: Final = 100
_CELL_END: Final = "\0"  # files that hold one have been refused


def read_header(
    stretch: Stretch, *, delimiters: Iterable[str], mapping: Mapping[str, str]
) -> tuple[str, list[str], Stretch]:
    """Give the delimiter, the header's cells, and what comes behind them.

    Raises:
        MalformedError: The first line cannot be read as a header.
    """
    first, _, rest = stretch.text.partition("\n")
    if first[:4].lower() == "sep=" and first[4:] in DELIMITERS:
        delimiters = first[4:]
        stretch = Stretch(stretch.first_line + 1, rest)
    found: list[tuple[bool, int, str, list[str], int]] = []
    for delimiter in delimiters:
        source = io.StringIO(stretch.text, newline="\n")
        reader = csv.reader(source, delimiter=delimiter, strict=True)
        try:
            cells = next(reader, [])
        except csv.Error:
            continue
        usable = has_address_column(cells, mapping=mapping)
        found.append((usable, len(cells), delimiter, cells, reader.line_num))
    if not found:
        raise MalformedError(
            "the header's quotation marks are wrong",
            code=Code.FILE_HEADER,
            hint='a quoted name ends with ", and a quote inside is doubled',
        )
    _, _, delimiter, cells, lines = max(found, key=lambda one: one[:2])
    behind = stretch.text.split("\n", lines)
    rest = behind[lines] if len(behind) > lines else ""
    return delimiter, cells, Stretch(stretch.first_line + lines, rest)


def read_pages(
    stretches: Iterable[Stretch], *, delimiter: str, width: int
) -> Iterator[Page]:
    """Cut stretches of text into pages of cells; nothing is held but one page."""
    cutter = _Cutter(delimiter, width)
    open_row, next_line = "", 1
    for first_line, stretch in stretches:
        text = open_row + stretch
        line = first_line - open_row.count("\n")
        next_line = first_line + stretch.count("\n")
        page = cutter.cut_plain(text, line)
        if page is None:
            page, open_row = cutter.cut_quoted(text, line, final=False)
        else:
            open_row = ""
        yield page
    if open_row:
        line = next_line - open_row.count("\n")
        yield cutter.cut_quoted(open_row, line, final=True)[0]


class _Cutter:
    """Cut text into columns by one delimiter and one width."""

    def __init__(self, delimiter: str, width: int) -> None:
        self._delimiter = delimiter
        self._width = width

    def cut_plain(self, text: str, line: int) -> Page | None:
        """Cut text with no or few quotes, in a few passes over all of it.

        None means that it is not that simple, and ``cut_quoted`` must do it.
        """
        lines = text.removesuffix("\n").split("\n")
        delimiter = self._delimiter
        numbers: Sequence[int] = range(line, line + len(lines))
        if '"' in text:
            resolved = self._resolve_quotes(lines, text)
            if resolved is None:
                return None
            lines, continuing = resolved
            delimiter = _CELL_END
            if continuing:
                numbers = [at for at in numbers if at - line not in continuing]
        good = self._find_good(lines, delimiter)
        if _has_long_line(text):
            sizes = map(len, lines)
            good = [
                fine and size <= MAX_ROW_CHARACTERS
                for fine, size in zip(good, sizes, strict=True)
            ]
        rejected: list[Rejected] = []
        if not all(good):
            bad = compress(zip(numbers, lines, strict=True), map(not_, good))
            rejected = self._reject(
                (number, row.split(delimiter), len(row)) for number, row in bad
            )
            lines = list(compress(lines, good))
            numbers = list(compress(numbers, good))
        # One split for all rows: no list is made for each, and columns are slices.
        cells = delimiter.join(lines).split(delimiter) if lines else []
        columns = [cells[place :: self._width] for place in range(self._width)]
        return Page(numbers, columns, rejected)

    def cut_quoted(self, text: str, line: int, *, final: bool) -> tuple[Page, str]:
        """Cut text with quotes; a row that may go on behind it is given back."""
        rejected: list[Rejected] = []
        open_row = ""
        sound = self._read_sound(text, line)
        if sound:
            numbers, rows = sound
        else:
            walk = _Walk(text, line, self._delimiter)
            walk.read(final=final)
            numbers, rows = walk.numbers, walk.rows
            rejected, open_row = walk.rejected, walk.open_row
        good = [len(row) == self._width for row in rows]
        if self._width == 1:
            good = [len(row) == 1 and bool(row[0].strip()) for row in rows]
        if not all(good):
            bad = compress(zip(numbers, rows, strict=True), map(not_, good))
            rejected += self._reject((number, row, 0) for number, row in bad)
            rejected.sort()
            rows = list(compress(rows, good))
            numbers = list(compress(numbers, good))
        columns = list(zip(*rows, strict=True)) or [()] * self._width
        return Page(numbers, columns, rejected), open_row

    def _find_good(self, lines: list[str], delimiter: str) -> list[bool]:
        if self._width == 1:  # a line without a delimiter is a row, unless blank
            return [not row.count(delimiter) and bool(row.strip()) for row in lines]
        wanted = self._width - 1
        return [row.count(delimiter) == wanted for row in lines]

    def _resolve_quotes(
        self, lines: list[str], text: str
    ) -> tuple[list[str], frozenset[int]] | None:
        """Rewrite lines without quotes, if few have any and all rows end here.

        Says also at which places a row went on, whose lines are one now. The reader is
        given the lines of each row at once: if it takes one row from each, no row began
        or ended anywhere else.
        """
        spans = _find_quoted(lines)
        if spans is None or _has_long_line(text):
            return None
        texts = ["\n".join(lines[start:end]) for start, end in spans]
        if max(map(len, texts)) > MAX_ROW_CHARACTERS:
            return None
        reader = csv.reader(texts, delimiter=self._delimiter, strict=True)
        try:
            rows = list(reader)
        except csv.Error:
            return None
        if len(rows) != len(spans):
            return None
        resolved = text.replace(self._delimiter, _CELL_END).split("\n")
        for (start, _), row in zip(spans, rows, strict=True):
            resolved[start] = _CELL_END.join(row)
        continuing = frozenset(
            place for start, end in spans for place in range(start + 1, end)
        )
        resolved = resolved[: len(lines)]
        if continuing:
            resolved = [t for at, t in enumerate(resolved) if at not in continuing]
        return resolved, continuing

    def _read_sound(
        self, text: str, line: int
    ) -> tuple[Sequence[int], list[list[str]]] | None:
        """Read text without a wrong quote or a row that is too big, in one go."""
        if _has_long_line(text):
            return None
        reader = csv.reader(
            io.StringIO(text, newline="\n"), delimiter=self._delimiter, strict=True
        )
        try:
            rows = list(reader)
        except csv.Error:
            return None
        if reader.line_num == len(rows):
            return range(line, line + len(rows)), rows
        breaks = ["".join(row).count("\n") for row in rows]
        if max(breaks) >= MAX_ROW_LINES or self._has_big_row(rows, breaks):
            return None
        starts = accumulate(breaks, initial=line)  # each row itself adds one more
        return list(map(add, starts, range(len(rows)))), rows

    def _has_big_row(self, rows: list[list[str]], breaks: list[int]) -> bool:
        """Say whether a row of several lines may be too big once quotes are added."""
        half = MAX_ROW_CHARACTERS // 2 - 3 * self._width
        return any(sum(map(len, row)) > half for row in compress(rows, breaks))

    def _reject(self, bad: Iterable[tuple[int, list[str], int]]) -> list[Rejected]:
        rejected = []
        for number, cells, size in bad:
            if size > MAX_ROW_CHARACTERS:
                reason = RejectReason.ROW_TOO_BIG
            elif len(cells) <= 1 and not "".join(cells).strip():
                continue  # a blank line
            elif len(cells) < self._width:
                reason = RejectReason.TOO_FEW_FIELDS
            else:
                reason = RejectReason.TOO_MANY_FIELDS
            rejected.append(Rejected(number, reason))
        return rejected


class _TooBigError(Exception):
    """A row takes more lines or characters than a row may."""


class _Walk:
    """Read rows one by one, knowing on which line each began.

    It is the csv reader's source itself, because only the source can stop a row
    that would swallow the file.
    """

    def __init__(self, text: str, line: int, delimiter: str) -> None:
        self._lines = list(io.StringIO(text, newline="\n"))
        self._line = line
        self._delimiter = delimiter
        self._start = self._next = self._size = 0
        self.numbers: list[int] = []
        self.rows: list[list[str]] = []
        self.rejected: list[Rejected] = []
        self.open_row = ""

    def __iter__(self) -> "_Walk":
        return self

    def __next__(self) -> str:
        if self._next == len(self._lines):
            raise StopIteration
        line = self._lines[self._next]
        self._next += 1
        self._size += len(line)
        too_long = self._size - line.endswith("\n") > MAX_ROW_CHARACTERS
        if too_long or self._next - self._start > MAX_ROW_LINES:
            raise _TooBigError
        return line

    def read(self, *, final: bool) -> None:
        """Read all rows; unless this is the end, leave the last open one alone."""
        reader = self._reader()
        while self._next < len(self._lines):
            self._start, self._size = self._next, 0
            reason = RejectReason.QUOTES_UNBALANCED
            try:
                row = next(reader)
            except csv.Error:
                if self._next == len(self._lines) and not final:
                    self.open_row = "".join(self._lines[self._start :])
                    return
            except _TooBigError:
                if self._next == self._start + 1:
                    reason = RejectReason.ROW_TOO_BIG
            else:
                self.numbers.append(self._line + self._start)
                self.rows.append(row)
                continue
            # The first line pays; what follows it is read again as rows.
            self.rejected.append(Rejected(self._line + self._start, reason))
            self._next = self._start + 1
            reader = self._reader()

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self, delimiter=self._delimiter, strict=True)


def _find_quoted(lines: list[str]) -> list[tuple[int, int]] | None:
    """Say where rows with quotes begin and end, if there are few and none is too long.

    It is a guess by how many quotes a line has; an odd number opens or closes a cell.
    """
    quoted = [place for place, row in enumerate(lines) if '"' in row]
    if len(quoted) * 4 > len(lines):
        return None
    spans: list[tuple[int, int]] = []
    begun: int | None = None
    for place in quoted:
        is_odd = lines[place].count('"') & 1
        if begun is None and not is_odd:
            spans.append((place, place + 1))
        elif begun is None:
            begun = place
        elif is_odd:
            if place - begun >= MAX_ROW_LINES:
                return None
            spans.append((begun, place + 1))
            begun = None
    return spans if begun is None else None


def _has_long_line(text: str) -> bool:
    """Say whether a line is longer than a row may be, in a few jumps."""
    start = 0
    while len(text) - start > MAX_ROW_CHARACTERS:
        end = text.rfind("\n", start, start + MAX_ROW_CHARACTERS + 1)
        if end < 0:
            return True
        start = end + 1
    return False
