"""Rows of facets at the speed of an import: prepared encoders and decoders.

Both only remember what the careful way gave before, and give the same bytes and
refuse the same rows as it does. What they remember is bounded, per column and per
row, and starts over when full: in sorted files old values never come back.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence

from listkeep.core.errors import Code, MalformedError
from listkeep.core.segments.facets import Facet
from listkeep.core.segments.values import (
    TIME_PATTERN,
    FacetType,
    Row,
    Value,
    encode_value,
    is_canonical,
)

_CACHED_VALUES = 8192  # per column
_CACHED_CHARACTERS = 200  # blanks around a value must not fill the memory
_CACHED_ROWS = 32768
_CACHED_ROW_CHARACTERS = 500

_MOMENT = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){TIME_PATTERN}")


def encode_row(row: Iterable[Value | None]) -> str:
    """Write values that are already canonical as the text of a row."""
    return f"[{','.join(map(encode_value, row))}]"


def prepare_encoder(
    facets: Sequence[Facet], field_names: Sequence[str]
) -> Callable[[Sequence[str]], str]:
    """Prepare for rows whose cells come in the order of ``field_names``.

    Raises:
        MalformedError: From the result, for a cell of the wrong type or a row that
            ends too early. Never repeats the cell.
    """
    position = {name: at for at, name in enumerate(field_names)}
    columns = [
        (_FRAGMENTS.get(facet.type, _Fragments)(facet), position[facet.name])
        for facet in facets
        if facet.name in position
    ]
    slots = ("%s" if facet.name in position else "null" for facet in facets)
    template = f"[{','.join(slots)}]"

    def encode(row: Sequence[str]) -> str:
        try:
            return template % tuple([cells[row[at]] for cells, at in columns])
        except IndexError:
            pass  # raised below, so that no traceback carries the row's cells
        raise MalformedError("row ends before a facet", code=Code.FACET_INVALID)

    return encode


def prepare_decoder(
    facets: Sequence[Facet], decode: Callable[[str], Row]
) -> Callable[[str], Row]:
    """Prepare for row texts; ``decode`` is the careful way, and the one that raises.

    Raises:
        MalformedError: From the result, as ``decode`` does.
    """
    return _Rows(facets, decode).__getitem__


class _Fragments(dict[str, str]):
    """What each cell of one column is written as; a hit costs one dict look-up."""

    def __init__(self, facet: Facet) -> None:
        super().__init__()
        self._facet = facet

    def __missing__(self, cell: str) -> str:
        fragment = encode_value(self._facet.parse_value(cell))
        if len(cell) <= _CACHED_CHARACTERS:
            if len(self) >= _CACHED_VALUES:
                self.clear()
            self[cell] = fragment
        return fragment


class _Moments(_Fragments):
    """Dates and months: moments differ in their seconds, so only days are kept."""

    def __missing__(self, cell: str) -> str:
        moment = _MOMENT.fullmatch(cell)
        return self[moment[1]] if moment else super().__missing__(cell)


_FRAGMENTS = {FacetType.DATE: _Moments, FacetType.MONTH: _Moments}


class _Known(dict[object, str]):
    """How each value of one column that was found canonical is written."""

    def __init__(self, facet_type: FacetType) -> None:
        super().__init__()
        self._type = facet_type

    def __missing__(self, value: object) -> str:
        if not is_canonical(self._type, value):
            return "null"  # never equals the text, unless the value is missing
        if len(self) >= _CACHED_VALUES:
            self.clear()
        self[value] = fragment = json.dumps(value, ensure_ascii=False)
        return fragment


class _Rows(dict[str, Row]):
    """What each row text means; facets repeat, or they would identify people."""

    def __init__(self, facets: Sequence[Facet], decode: Callable[[str], Row]) -> None:
        super().__init__()
        self._columns = [_Known(facet.type) for facet in facets]
        self._template = f"[{','.join('%s' for _ in facets)}]"
        self._decode = decode

    def __missing__(self, text: str) -> Row:
        row = self._find_row(text) or self._decode(text)
        if len(text) <= _CACHED_ROW_CHARACTERS:
            if len(self) >= _CACHED_ROWS:
                self.clear()
            self[text] = row
        return row

    def _find_row(self, text: str) -> Row | None:
        """Find the row in which each value is canonical and written as in the text.

        Comparing with the text also tells true from 1, which look the same to a
        dict. Anything unusual is left to the careful way.
        """
        if len(text) > _CACHED_ROW_CHARACTERS:
            return None
        try:
            row = tuple(json.loads(text))
            cells = [
                known[value] for known, value in zip(self._columns, row, strict=True)
            ]
        except (ValueError, TypeError, RecursionError):
            return None
        return row if self._template % tuple(cells) == text else None
