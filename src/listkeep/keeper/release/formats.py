"""Write opened rows as CSV (RFC 4180) or JSON lines, in UTF-8.

Every CSV value is quoted, so that no separator, quote or line end in a value can
make another column. Values are not changed: a spreadsheet that runs formulas found
in cells has to be told not to.

Rows are written many at a time. Sealed fields are a JSON array of texts; where nothing
in it is escaped, its texts stand there as CSV wants them, and are not read one by one.
"""

from collections.abc import Callable, Sequence
from itertools import chain, compress, count, repeat
from typing import Protocol

import msgspec

from listkeep.core.errors import MalformedError
from listkeep.core.opening import OpenedRows

from .opening import Shape, Value

_ESCAPE = b"\\"
# What JSON writes as an escape, but for the line end that joins texts here; and with
# what every escape begins.
_ESCAPED = bytes(range(0x20)).replace(b"\n", b"") + _ESCAPE


class Writer(Protocol):
    """How one format writes rows of one shape."""

    @property
    def head(self) -> bytes:
        """What stands before the first row."""

    def facets(self, values: Sequence[Value]) -> bytes:
        """Write the facets of a row; they repeat, so whoever calls may keep them."""

    def rows(self, opened: OpenedRows, facets: Sequence[bytes]) -> bytes:
        """Write rows whose facets are written already.

        Raises:
            VerificationError: The sealed fields of one are not those of the shape.
        """


def require_format(kind: str) -> None:
    """Require a format that can be written.

    Raises:
        MalformedError: There is no such format.
    """
    if kind not in _FORMATS:
        raise MalformedError("there is no such format", hint="csv or jsonl")


def prepare_writer(kind: str, shape: Shape) -> Writer:
    """Get what writes rows of one shape.

    Raises:
        MalformedError: There is no such format.
    """
    require_format(kind)
    return _FORMATS[kind](shape)


class _Csv:
    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._values = len(shape.fields)
        self.head = b",".join(map(_quoted, shape.names)) + _END

    def facets(self, values: Sequence[Value]) -> bytes:
        return b"".join(b"," + _quoted(_text(value)) for value in values)

    def rows(self, opened: OpenedRows, facets: Sequence[bytes]) -> bytes:
        addresses, cells = opened.addresses, self._cells(opened.fields)
        if b'"' in b"".join(addresses):
            addresses = [address.replace(b'"', b'""') for address in addresses]
        between, end = (b',"', b'"\r\n') if self._values else (b"", _END)
        marks, betweens, ends = ([each] * len(cells) for each in (b'"', between, end))
        rows = zip(marks, addresses, marks, facets, betweens, cells, ends, strict=True)
        return b"".join(chain.from_iterable(rows))

    def _cells(self, fields: Sequence[bytes]) -> list[bytes]:
        """Write each row's sealed fields: what is between its first and last mark."""
        cells, odd = cut_plain(fields, values=self._values)
        read = self._shape.field_values
        for place in odd:
            cells[place] = _between_marks(read(fields[place]))
        return cells


class _JsonLines:
    head = b""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._values = len(shape.fields)
        self._facets = [b",%b:" % _json(name) for name in shape.facets]
        self._fields = [b",%b:" % _json(name) for name in shape.fields]

    def facets(self, values: Sequence[Value]) -> bytes:
        return _pairs(self._facets, values)

    def rows(self, opened: OpenedRows, facets: Sequence[bytes]) -> bytes:
        addresses = (_json(address.decode()) for address in opened.addresses)
        rows = zip(addresses, facets, self._ends(opened.fields), strict=True)
        return b"".join([b'{"address":%b%b%b}\n' % row for row in rows])

    def _ends(self, fields: Sequence[bytes]) -> list[bytes]:
        names, read = self._fields, self._shape.field_values
        cut, odd = cut_plain(fields, values=self._values)
        skipped = frozenset(odd)
        return [
            _pairs(names, read(fields[place]))
            if place in skipped
            else _plain_pairs(names, inner)
            for place, inner in enumerate(cut)
        ]


def cut_plain(
    texts: Sequence[bytes], *, values: int
) -> tuple[list[bytes], Sequence[int]]:
    """Cut the edges off JSON arrays of so many texts each, with nothing escaped.

    What is left of one begins behind its first quotation mark and ends before its last.
    Gives also at which places that means nothing: where something is escaped. All
    others are judged together: if one of them is something else, all are odd.
    """
    odd = list(compress(count(), map(bytes.__contains__, texts, repeat(_ESCAPE))))
    plain = list(texts)
    for place in odd:
        plain[place] = b'["%b"]' % b'","'.join([b""] * values)
    cut = _cut_all(plain, values=values)
    return (plain, range(len(plain))) if cut is None else (cut, odd)


def _cut_all(texts: Sequence[bytes], *, values: int) -> list[bytes] | None:
    """Cut the edges off all, or give nothing if one is not such an array.

    Without escapes a quotation mark only begins or ends a text. All of them are counted
    for: two at the edges of each array, which are cut off first so that none counts
    twice, the others in pairs with a comma between, of which each array has one less
    than it has values. A line end is none but between two arrays.
    """
    joined = b"\n".join(texts)
    inner = joined[2:-2].split(b'"]\n["')
    if (
        values
        and len(joined) >= len(b'[""]')
        and (joined[:2], joined[-2:]) == (b'["', b'"]')
        and len(inner) == joined.count(b"\n") + 1 == len(texts)
        and joined.count(b'"') == 2 * values * len(texts)
        and set(map(bytes.count, inner, repeat(b'","'))) == {values - 1}
        and len(joined.translate(None, _ESCAPED)) == len(joined)
    ):
        return inner
    return None


def _quoted(cell: str) -> bytes:
    return b'"%b"' % cell.replace('"', '""').encode()


def _between_marks(cells: Sequence[str]) -> bytes:
    return '","'.join([cell.replace('"', '""') for cell in cells]).encode()


def _text(value: Value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pairs(names: Sequence[bytes], values: Sequence[Value]) -> bytes:
    return b"".join(
        name + _json(value) for name, value in zip(names, values, strict=True)
    )


def _plain_pairs(names: Sequence[bytes], inner: bytes) -> bytes:
    cells = zip(names, inner.split(b'","'), strict=True)
    return b"".join([b'%b"%b"' % cell for cell in cells])


def _json(value: Value) -> bytes:
    return msgspec.json.encode(value)


_END = b"\r\n"
_FORMATS: dict[str, Callable[[Shape], Writer]] = {"csv": _Csv, "jsonl": _JsonLines}
