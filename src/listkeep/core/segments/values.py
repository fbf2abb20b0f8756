"""Facet values: the five types, what a cell may hold, and its canonical form.

A cell is read once, here, whether it comes from a file or from a segment, so a
segment can never name a value that an import would have spelled differently.
Nothing raises: a bad cell gives a ``Flaw``, whose sentences never hold the cell,
because people put addresses into every column they are given.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

MAX_VALUE_CHARACTERS = 200
MAX_INTEGER = 2**53 - 1  # every JSON reader and both databases agree up to here

TIME_PATTERN = (  # what may follow a day; it is cut, so it need not be a real time
    r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)

Value = str | int | bool
Row = tuple[Value | None, ...]


class FacetType(StrEnum):
    """What a facet's values are, and so which comparisons make sense."""

    TEXT = "text"
    INT = "int"
    BOOL = "bool"
    DATE = "date"
    MONTH = "month"


class Status(StrEnum):
    """Where an entry stands; only ``subscribed`` may be sent to or exported."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"


WORSE = (Status.UNSUBSCRIBED, Status.BOUNCED, Status.COMPLAINED)
"""What others can say of somebody; erasing is another act, which an owner signs for."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a cell is not a value of its type; never holds the cell."""

    message: str
    hint: str


# An at sign, in any width that NFKC folds to one, may be an address. Embedding,
# override and isolate marks could make a signed segment read as another one.
_AT_SIGN = re.compile("[@\ufe6b\uff20]")
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]",
)
_INTEGER = re.compile(r"[+-]?[0-9]{1,16}")
_DAY = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:{TIME_PATTERN})?")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

_TOO_LONG = Flaw(
    f"value is longer than {MAX_VALUE_CHARACTERS} characters", "seal that column"
)
_ADDRESS_LIKE = Flaw(
    "value contains an at sign and may be an address", "seal that column"
)
_CONTROL = Flaw("value contains a control character", "clean that column")
_NOT_INTEGER = Flaw(
    "value is not a whole number within 2^53", "use type text, or clean that column"
)
_NOT_TRUTH = Flaw("value is not true or false", "use true, false, yes, no, 1 or 0")
_NOT_DAY = Flaw("value is not a date", "write dates as 2024-05-17")
_NOT_MONTH = Flaw("value is not a month or a date", "write months as 2024-05")


def read_value(facet_type: FacetType, text: str) -> Value | Flaw | None:
    """Read one cell as a value of its type; blank means missing (``None``).

    Surrounding white space is dropped. A moment is cut to its day, and a day to
    its month where the facet is a month: that is how a list gets coarser facets.
    """
    text = text.strip()
    if not text:
        return None
    return _READERS[facet_type](text)


def is_canonical(facet_type: FacetType, value: object) -> bool:
    """Tell whether a decoded value is exactly what reading a cell could have given."""
    if facet_type is FacetType.BOOL:
        return type(value) is bool
    if facet_type is FacetType.INT:
        return type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER
    return isinstance(value, str) and read_value(facet_type, value) == value


def encode_value(value: Value | None) -> str:
    """Write one value as JSON, with the bytes RFC 8785 prescribes."""
    return json.dumps(value, ensure_ascii=False)


def _read_text(text: str) -> str | Flaw:
    # Composing can shorten and lengthen, so the limit counts what is kept.
    text = unicodedata.normalize("NFC", text)
    if len(text) > MAX_VALUE_CHARACTERS:
        return _TOO_LONG
    if _AT_SIGN.search(text):
        return _ADDRESS_LIKE
    return _CONTROL if _UNSAFE.search(text) else text


def _read_integer(text: str) -> int | Flaw:
    # The pattern comes first: int() would take other digits, and its error the text.
    if not _INTEGER.fullmatch(text):
        return _NOT_INTEGER
    number = int(text)
    return number if -MAX_INTEGER <= number <= MAX_INTEGER else _NOT_INTEGER


def _read_truth(text: str) -> bool | Flaw:
    return _TRUTH.get(text.lower(), _NOT_TRUTH)


def _read_day(text: str) -> str | Flaw:
    found = _DAY.fullmatch(text)
    return found[1] if found and _is_day(found[1]) else _NOT_DAY


def _read_month(text: str) -> str | Flaw:
    if _MONTH.fullmatch(text):
        return text if _is_day(f"{text}-01") else _NOT_MONTH
    day = _read_day(text)
    return _NOT_MONTH if isinstance(day, Flaw) else day[:7]


@lru_cache(maxsize=4096)  # columns of moments differ in their seconds, not their days
def _is_day(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


_READERS = {
    FacetType.TEXT: _read_text,
    FacetType.INT: _read_integer,
    FacetType.BOOL: _read_truth,
    FacetType.DATE: _read_day,
    FacetType.MONTH: _read_month,
}
