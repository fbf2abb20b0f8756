"""Write a list of token addresses the way other software imports its subscribers.

| tool | columns | what it makes of a row |
|---|---|---|
| Mautic | `email`, one for each facet by its alias | a contact |
| listmonk | `email`, `name`, `attributes` (facets as JSON) | a subscriber |
| Mailman | none: one address a line | a member |
| any (CSV) | `email`, `status`, one for each facet | whatever it does |

An import makes whoever is in the file a subscriber, so only the last file holds
others. listmonk calls whoever has no name by the local part of the address, which would
be the token: the column says `subscriber`.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from .writers import disarm_formula

Value = str | int | bool | None

_KEPT: Final = 16_384
_NAME: Final = "subscriber"


class Tool(StrEnum):
    """Software whose import file can be written."""

    MAUTIC = "mautic"
    LISTMONK = "listmonk"
    MAILMAN = "mailman"
    CSV = "csv"

    @property
    def takes_all(self) -> bool:
        """Tell whether its file says who is subscribed and who is not."""
        return self is Tool.CSV


class Subscriber(NamedTuple):
    """One row: its address, its status and its facets in the order of the header."""

    address: str
    status: str
    facets: tuple[Value, ...]


def write_subscribers(
    tool: Tool, facets: Sequence[str], pages: Iterable[Sequence[Subscriber]]
) -> Iterator[bytes]:
    """Write an import file: its header, then a chunk for each page.

    What follows an address is worked out once for each combination of status and
    facets: facets identify no one, so they repeat.
    """
    write = _WRITERS[tool]
    names = [_field(name) for name in facets]
    header = _HEADERS[tool](names)
    if header:
        yield _line(header).encode()
    tails = _Tails(lambda status, values: write(names, status, values))
    for page in pages:
        lines = [f"{row[0]}{tails[row[1:]]}" for row in page]
        if lines:
            yield "".join(lines).encode()


class _Tails(dict[tuple[str, tuple[Value, ...]], str]):
    def __init__(self, write: Callable[[str, tuple[Value, ...]], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, key: tuple[str, tuple[Value, ...]]) -> str:
        if len(self) >= _KEPT:
            self.clear()
        tail = self[key] = self._write(*key)
        return tail


def _mautic(_names: Sequence[str], _status: str, values: Sequence[Value]) -> str:
    return _tail([_plain(value, yes="1", no="0") for value in values])


def _listmonk(names: Sequence[str], _status: str, values: Sequence[Value]) -> str:
    known = {
        name: value
        for name, value in zip(names, values, strict=True)
        if value is not None
    }
    text = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    return _tail([_NAME, text])


def _mailman(_names: Sequence[str], _status: str, _values: Sequence[Value]) -> str:
    return "\n"


def _csv(_names: Sequence[str], status: str, values: Sequence[Value]) -> str:
    cells = [_plain(value, yes="true", no="false") for value in values]
    return _tail([status, *map(disarm_formula, cells)])


def _plain(value: Value, *, yes: str, no: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return yes if value else no
    return str(value)


def _field(name: str) -> str:
    """Name a facet so that it is not taken for a column that means something else."""
    return f"{name}_facet" if name in {"email", "name", "attributes"} else name


def _tail(cells: Sequence[str]) -> str:
    return f",{_line(cells)}" if cells else "\n"


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


_HEADERS: Final[dict[Tool, Callable[[Sequence[str]], list[str]]]] = {
    Tool.MAUTIC: lambda names: ["email", *names],
    Tool.LISTMONK: lambda _names: ["email", "name", "attributes"],
    Tool.MAILMAN: lambda _names: [],
    Tool.CSV: lambda names: ["email", "status", *names],
}
_WRITERS: Final[dict[Tool, Callable[[Sequence[str], str, Sequence[Value]], str]]] = {
    Tool.MAUTIC: _mautic,
    Tool.LISTMONK: _listmonk,
    Tool.MAILMAN: _mailman,
    Tool.CSV: _csv,
}
