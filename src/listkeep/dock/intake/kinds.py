"""What kind of values columns have, told from their beginning and without a value."""

import re
from collections.abc import Sequence
from typing import Final

LOOKED_AT: Final = 2000
_MOST_DIFFERENT: Final = 50
_SHAPES: Final = (
    ("addresses", re.compile(r"[^@\s]+@[^@\s]+")),
    ("yes or no", re.compile(r"true|false|yes|no|[01]", re.IGNORECASE)),
    ("whole numbers", re.compile(r"[+-]?[0-9]{1,18}")),
    ("months", re.compile(r"[0-9]{4}-[0-9]{2}")),
    ("dates", re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?")),
)


class Kinds:
    """Looks at the first values of some columns, and keeps none of them."""

    def __init__(self, columns: int) -> None:
        """Begin with columns nothing is known of."""
        self._columns: list[list[str]] = [[] for _ in range(columns)]

    def add(self, columns: Sequence[Sequence[str]]) -> None:
        """Look at more values, as long as few were looked at."""
        for seen, values in zip(self._columns, columns, strict=True):
            seen.extend(values[: LOOKED_AT - len(seen)])

    @property
    def words(self) -> list[str]:
        """Say of each column what it looks like."""
        return [_describe(seen) for seen in self._columns]


def _describe(values: Sequence[str]) -> str:
    filled = [text for value in values if (text := value.strip())]
    if not filled:
        return "nothing"
    shape = next(
        (name for name, form in _SHAPES if all(map(form.fullmatch, filled))), "text"
    )
    different = len(set(filled))
    many = f"more than {_MOST_DIFFERENT}" if different > _MOST_DIFFERENT else different
    told = f"{shape}, {many} different"
    empty = len(values) - len(filled)
    # A share and no count: how many stands among the rows, and this is a beginning.
    return f"{told}, {max(1, 100 * empty // len(values))} % empty" if empty else told
