"""Write lists as CSV or JSON Lines, in chunks of bytes.

CSV is RFC 4180: CRLF, quotes where needed, UTF-8 without a mark. A text that a
spreadsheet would run as a formula (it begins with ``=``, ``+``, ``-``, ``@``, a
tab or a line break) gets an apostrophe in front, as OWASP advises, because an
exported list is opened in spreadsheets and its cells were typed by strangers.
That changes such cells: pass ``spreadsheet_safe=False`` when software reads the
file. Numbers, telephone numbers and the address column's plain addresses are
left as they are, for they are no formulas.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

ROWS_PER_CHUNK: Final = 1000

_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[0-9][0-9 ().,/-]*")


def write_csv(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    spreadsheet_safe: bool = True,
) -> Iterator[bytes]:
    """Yield a CSV file: the header, then about a thousand rows in each chunk."""
    yield _format_rows([header], safe=spreadsheet_safe)
    rest = iter(rows)
    while chunk := list(islice(rest, ROWS_PER_CHUNK)):
        yield _format_rows(chunk, safe=spreadsheet_safe)


def write_jsonl(
    header: Sequence[str], rows: Iterable[Sequence[str]]
) -> Iterator[bytes]:
    """Yield a JSON Lines file: one object per row, every value a string."""
    rest = iter(rows)
    while chunk := list(islice(rest, ROWS_PER_CHUNK)):
        lines = [_ENCODER.encode(dict(zip(header, row, strict=True))) for row in chunk]
        yield ("\n".join(lines) + "\n").encode()


def disarm_formula(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula."""
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _format_rows(rows: Sequence[Sequence[str]], *, safe: bool) -> bytes:
    if safe:
        rows = [[disarm_formula(cell) for cell in row] for row in rows]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
