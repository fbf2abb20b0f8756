"""Write opened rows as CSV (RFC 4180) or JSON lines.

Every CSV value is quoted, so that no separator, quote or line end in a value can
make another column. Values are not changed: a spreadsheet that runs formulas found
in cells has to be told not to.
"""

from collections.abc import Callable, Sequence

import msgspec

from listkeep.core.errors import MalformedError

from .opening import Value

Writer = Callable[[Sequence[Value]], bytes]


def prepare_writer(kind: str, names: Sequence[str]) -> tuple[bytes, Writer]:
    """Get the first bytes of a file and a function that writes one row.

    Raises:
        MalformedError: There is no such format.
    """
    if kind == "csv":
        return _csv_row(names), _csv_row
    if kind == "jsonl":
        return b"", lambda values: _json_row(names, values)
    raise MalformedError("there is no such format", hint="csv or jsonl")


def _csv_row(values: Sequence[Value]) -> bytes:
    cells = ("" if value is None else _text(value) for value in values)
    return (
        ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in cells) + "\r\n"
    ).encode()


def _json_row(names: Sequence[str], values: Sequence[Value]) -> bytes:
    return msgspec.json.encode(dict(zip(names, values, strict=True))) + b"\n"


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
