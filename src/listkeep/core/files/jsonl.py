"""Read JSON Lines: one flat object per line, every value read as text.

Numbers keep their spelling (``1.50`` stays ``1.50``), ``true`` and ``false`` are
those words, ``null`` and a missing field are empty. The fields of a file are those
of its first rows (at most a thousand, within 64 KiB); a later row with another one
is turned away, because columns are promised before the first batch.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NoReturn

from listkeep.core.errors import Code, MalformedError

from .text import Stretch
from .values import Page, Rejected, RejectReason

MAX_ROW_CHARACTERS: Final = 64 * 1024
ROWS_THAT_TELL_FIELDS: Final = 1000


class _RowError(ValueError):
    """This line is no row; the reason is all there is to say."""

    def __init__(self, reason: RejectReason) -> None:
        super().__init__(reason)
        self.reason = reason


def find_columns(stretch: Stretch) -> list[str]:
    """Collect the field names of the first rows, in order of appearance.

    Raises:
        MalformedError: The file does not begin with a JSON object.
    """
    columns: dict[str, None] = {}
    lines = (line for line in stretch.text.split("\n") if line.strip())
    for position, line in enumerate(islice(lines, ROWS_THAT_TELL_FIELDS)):
        try:
            columns.update(dict.fromkeys(_read_object(line)))
        except _RowError:
            if not position:
                break
    if not columns:
        raise MalformedError(
            "the file does not begin with a JSON object",
            code=Code.FILE_HEADER,
            hint='write one object per line: {"email": "...", "plan": "..."}',
        )
    return list(columns)


def read_pages(
    stretches: Iterable[Stretch], *, columns: Sequence[str]
) -> Iterator[Page]:
    """Read stretches of lines into pages of cells; one page is held at a time."""
    known = frozenset(columns)
    for first_line, text in stretches:
        numbers: list[int] = []
        rows: list[tuple[str, ...]] = []
        rejected: list[Rejected] = []
        for number, line in enumerate(text.split("\n"), first_line):
            if not line.strip():
                continue
            try:
                rows.append(_read_row(line, columns, known=known))
            except _RowError as error:
                rejected.append(Rejected(number, error.reason))
            else:
                numbers.append(number)
        cells = list(zip(*rows, strict=True)) or [()] * len(columns)
        yield Page(numbers, cells, rejected)


def _read_row(
    line: str, columns: Sequence[str], *, known: frozenset[str]
) -> tuple[str, ...]:
    row = _read_object(line)
    if not known.issuperset(row):
        raise _RowError(RejectReason.FIELD_UNKNOWN)
    return tuple([_cell(row.get(column)) for column in columns])


def _read_object(line: str) -> Mapping[str, object]:
    if len(line) > MAX_ROW_CHARACTERS:
        raise _RowError(RejectReason.ROW_TOO_BIG)
    try:
        value = _DECODER.decode(line.strip())
    except _RowError:
        raise
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _RowError(RejectReason.JSON_INVALID)
    # Only an escape can smuggle in half a surrogate pair, which is not text.
    if "\\u" in line and not _is_text(value):
        raise _RowError(RejectReason.TEXT_INVALID)
    return value


def _is_text(value: Mapping[str, object]) -> bool:
    text = "".join(map(str, (*value, *value.values())))
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    raise _RowError(RejectReason.FIELD_NESTED)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _RowError(RejectReason.FIELD_DUPLICATE)
    return value


def _refuse_constant(_: str) -> NoReturn:
    raise _RowError(RejectReason.JSON_INVALID)  # NaN and Infinity are not JSON


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=str,
    parse_float=str,
    parse_constant=_refuse_constant,
)
