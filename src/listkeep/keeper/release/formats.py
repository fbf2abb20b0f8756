"""Write opened rows as CSV (RFC 4180) or JSON lines, in UTF-8.

Every CSV value is quoted, so that no separator, quote or line end in a value can
make another column. Values are not changed: a spreadsheet that runs formulas found
in cells has to be told not to.

Rows are written many at a time. Sealed fields are a JSON array of texts; where nothing
in it is escaped, its texts stand there as CSV wants them, and are not read one by one.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from listkeep.core.errors import MalformedError
from listkeep.core.opening import OpenedRows

from .opening import Shape, Value

# What JSON writes as an escape, but for the line end that joins texts here; and the
# backslash, with which every escape begins.
_ESCAPE = b"\\"
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
        self.head = b",".join(map(_quoted, shape.names)) + _END

    def facets(self, values: Sequence[Value]) -> bytes:
        return b"".join(b"," + _quoted(_text(value)) for value in values)

    def rows(self, opened: OpenedRows, facets: Sequence[bytes]) -> bytes:
        addresses = opened.addresses
        if b'"' in b"".join(addresses):
            addresses = [address.replace(b'"', b'""') for address in addresses]
        rows = zip(addresses, facets, self._ends(opened.fields), strict=True)
        return b"".join([b'"%b"%b%b' % row for row in rows])

    def _ends(self, fields: Sequence[bytes]) -> list[bytes]:
        read = self._shape.field_values
        odd = find_odd(fields, values=len(self._shape.fields))
        if len(odd) == len(fields):
            return [_quoted_texts(read(text)) for text in fields]
        ends = [b",%b\r\n" % text[1:-1] for text in fields]
        for place in odd:
            ends[place] = _quoted_texts(read(fields[place]))
        return ends


class _JsonLines:
    head = b""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._facets = [b",%b:" % _json(name) for name in shape.facets]
        self._fields = [b",%b:" % _json(name) for name in shape.fields]

    def facets(self, values: Sequence[Value]) -> bytes:
        return _pairs(self._facets, values)

    def rows(self, opened: OpenedRows, facets: Sequence[bytes]) -> bytes:
        addresses = (_json(address.decode()) for address in opened.addresses)
        rows = zip(addresses, facets, self._ends(opened.fields), strict=True)
        return b"".join([b'{"address":%b%b%b}\n' % row for row in rows])

    def _ends(self, fields: Sequence[bytes]) -> list[bytes]:
        odd = frozenset(find_odd(fields, values=len(self._shape.fields)))
        read, names = self._shape.field_values, self._fields
        return [
            _pairs(names, read(text)) if place in odd else _plain_pairs(names, text)
            for place, text in enumerate(fields)
        ]


def find_odd(texts: Sequence[bytes], *, values: int) -> Sequence[int]:
    """Find where there is not a JSON array of so many texts with nothing escaped in it.

    All of those without an escape are judged together: if one of them is something
    else, all are odd.
    """
    odd = [place for place, text in enumerate(texts) if _ESCAPE in text]
    plain = [text for text in texts if _ESCAPE not in text] if odd else texts
    return odd if are_plain(plain, values=values) else range(len(texts))


def are_plain(texts: Sequence[bytes], *, values: int) -> bool:
    """Tell whether each is a JSON array of so many texts with nothing escaped in it.

    Without escapes a quotation mark only begins or ends a text. All of them are counted
    for: two at the edges of each array, which are cut off first so that none counts
    twice, the others in pairs with a comma between, of which each array has one less
    than it has values.
    """
    if not values or not texts or min(map(len, texts)) < len('[""]'):
        return False
    joined = b"\n".join(texts)
    inner = [text[2:-2] for text in texts]
    return (
        joined[:2] == b'["'
        and joined[-2:] == b'"]'
        and joined.count(b'"]\n["') == joined.count(b"\n") == len(texts) - 1
        and joined.count(b'"') == 2 * values * len(texts)
        and {text.count(b'","') for text in inner} == {values - 1}
        and len(joined.translate(None, _ESCAPED)) == len(joined)
    )


def _quoted(cell: str) -> bytes:
    return b'"%b"' % cell.replace('"', '""').encode()


def _quoted_texts(cells: Sequence[str]) -> bytes:
    text = '","'.join([cell.replace('"', '""') for cell in cells])
    return b',"%b"\r\n' % text.encode() if cells else _END


def _text(value: Value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pairs(names: Sequence[bytes], values: Sequence[Value]) -> bytes:
    return b"".join(
        name + _json(value) for name, value in zip(names, values, strict=True)
    )


def _plain_pairs(names: Sequence[bytes], text: bytes) -> bytes:
    cells = zip(names, text[2:-2].split(b'","'), strict=True)
    return b"".join([b'%b"%b"' % cell for cell in cells])


def _json(value: Value) -> bytes:
    return msgspec.json.encode(value)


_END = b"\r\n"
_FORMATS: dict[str, Callable[[Shape], Writer]] = {"csv": _Csv, "jsonl": _JsonLines}
