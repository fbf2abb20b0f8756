"""Take apart cells that hold more than one value: JSON objects, and lists.

listmonk puts all fields into one column of JSON. Its members become columns, named as
they are in the file's first rows; what turns up later, or is no object, stays in the
column it came in, so that nothing is lost. A list becomes its values with `; ` between.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NoReturn

from listkeep.core.addresses import parse_many

from .values import Page

_LONGEST_NAME: Final = 200
_LONGEST_CELL: Final = 64 * 1024


def find_members(page: Page, place: int, *, most: int) -> tuple[str, ...]:
    """Collect the members of the objects in one column, at most so many."""
    members: dict[str, None] = {}
    for cell in page.columns[place]:
        members.update(dict.fromkeys(_read_object(cell) or ()))
    names = [name for name in members if name.strip() and len(name) <= _LONGEST_NAME]
    plain = [
        name
        for name, address in zip(names, parse_many(names), strict=True)
        if address is None
    ]
    unique = {name.strip().casefold(): name for name in reversed(plain)}
    return tuple(name for name in plain if name in unique.values())[: max(most, 0)]


def name_members(members: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Name the columns that members become; ``x.`` in front if there is one already."""
    taken = {column.strip().casefold() for column in columns}
    return tuple(
        f"attributes.{name}" if name.strip().casefold() in taken else name
        for name in members
    )


def expand(pages: Iterable[Page], place: int, members: Sequence[str]) -> Iterator[Page]:
    """Add a column for each member behind the others."""
    for page in pages:
        made: list[list[str]] = [[] for _ in members]
        left: list[str] = []
        for cell in page.columns[place]:
            found = _read_object(cell)
            if found is None:
                left.append(cell)
                for column in made:
                    column.append("")
                continue
            for name, column in zip(members, made, strict=True):
                column.append(_text(found.pop(name, None)))
            left.append(_dump(found) if found else "")
        columns = [*page.columns, *made]
        columns[place] = left
        yield replace(page, columns=columns)


def flatten_lists(pages: Iterable[Page]) -> Iterator[Page]:
    """Write lists in cells as their values with `; ` between."""
    for page in pages:
        yield replace(page, columns=[_flat(column) for column in page.columns])


def _flat(column: Sequence[str]) -> Sequence[str]:
    if not any(cell.startswith("[") for cell in column):
        return column
    return [_flat_cell(cell) if cell.startswith("[") else cell for cell in column]


def _flat_cell(cell: str) -> str:
    texts = [cell] if '"' in cell else [cell, cell.replace("'", '"')]
    for text in texts:
        value = _load(text)
        if isinstance(value, list) and not any(
            isinstance(each, dict | list) for each in value
        ):
            return _text(value)
    return cell


def _read_object(cell: str) -> dict[str, Any] | None:
    value = _load(cell) if cell.lstrip().startswith("{") else None
    return value if isinstance(value, dict) else None


def _load(text: str) -> Any:
    if len(text) > _LONGEST_CELL:
        return None
    try:
        value = _DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return None
    # Only an escape can smuggle in what is no text.
    return None if "\\u" in text and not _is_text(_dump(value)) else value


def _is_text(text: str) -> bool:
    return not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(v, dict | list) for v in value):
        return "; ".join(map(_text, value))
    return _dump(value)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError  # NaN and Infinity are not JSON


# Numbers keep their spelling.
_DECODER: Final = json.JSONDecoder(
    parse_int=str, parse_float=str, parse_constant=_refuse_constant
)
