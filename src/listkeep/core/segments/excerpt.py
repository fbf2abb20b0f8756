"""Point at a column of a text without repeating what may be an address.

People paste addresses, tokens and keys into segments. An error travels further
than the text did, so whatever could be one is covered here, in the one place
where an error repeats input.
"""

import re
import unicodedata
from collections.abc import Collection

_WINDOW = 60
_COVER = "·"
_LONG = 20  # tokens have 26 characters, keys more
_AT_SIGN = re.compile("[@\ufe6b\uff20]")
_WORD = re.compile(r"""[^\s"'(),=<>!]+""")


def point_at(text: str, *, column: int, known: Collection[str]) -> str:
    """Show the surroundings of a column (from 1) and a caret under it, in two lines.

    Words in ``known`` stay. Any other word is covered when it is long; with an at
    sign anywhere in the text every other word is, because an address may contain
    spaces and quotes. The text becomes one line of the same length.
    """
    line = "".join(
        char if char.isprintable() else " " if char.isspace() else _COVER
        for char in _cover(text, known)
    )
    start = max(0, column - 1 - _WINDOW // 2)
    shown = line[start : start + _WINDOW]
    lead = "…" if start else ""
    tail = "…" if start + _WINDOW < len(line) else ""
    before = lead + shown[: column - 1 - start]
    return f"  {lead}{shown}{tail}\n  {' ' * sum(map(_width, before))}^"


def _cover(text: str, known: Collection[str]) -> str:
    may_hold_address = _AT_SIGN.search(text) is not None

    def cover(found: re.Match[str]) -> str:
        word = found[0]
        is_suspect = may_hold_address or len(word) >= _LONG
        return _COVER * len(word) if is_suspect and word not in known else word

    return _WORD.sub(cover, text)


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
