"""The bytes people sign and the ledger keeps: one value, one spelling.

Two profiles. ``encode`` writes any JSON value as RFC 8785 (JCS) says. ``parse``
reads only what may be signed: a flat object of strings, ASCII keys, NFC values,
and exactly the bytes that ``encode`` would write. Whoever reads such bytes, in
whatever language, reads the same fields: no duplicate key to be taken first by
one reader and last by another, no number to be rounded, no second escape.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from math import isfinite

from listkeep.core.errors import Code, MalformedError

MAX_DEPTH = 64
MAX_SAFE_INTEGER = 2**53 - 1

# Python's escapes are those of RFC 8785, 3.2.2.2 once ensure_ascii is off, and
# its key order is that of 3.2.3 as long as every key is ASCII.
_FLAT = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
)
_READER = json.JSONDecoder()


def encode(value: object) -> bytes:
    """Write ``value`` as the one byte string RFC 8785 allows for it.

    Takes str, int up to 2**53 - 1, finite float, bool, None, list and dict. Any
    other type, a key that is not a string and a lone surrogate are refused, so
    that nothing is signed that another reader would read differently.

    Raises:
        MalformedError: The value has no canonical form.
    """
    text = _FLAT.encode(value) if _is_flat(value) else _format_value(value, MAX_DEPTH)
    return _utf8(text)


def parse(data: bytes, *, max_bytes: int = 4096) -> dict[str, str]:
    """Read a flat object of strings that is spelled canonically.

    The size is checked before anything is decoded. Duplicate keys, white space,
    needless escapes and a different key order all show as bytes that change when
    written again.

    Raises:
        MalformedError: The bytes break the profile in any way.
    """
    if len(data) > max_bytes:
        raise _malformed("JSON is too long", f"send at most {max_bytes} bytes")
    try:
        text = data.decode()
        value = _READER.decode(text)
    except (ValueError, RecursionError) as error:  # depth is an attack, not a bug
        raise _malformed("bytes are not JSON in UTF-8", "send one object") from error
    if not _is_flat(value):
        raise _malformed(
            "JSON is not a flat object of strings with ASCII keys",
            "write numbers and dates as strings, and nothing nested",
        )
    fields: dict[str, str] = value
    if encode(fields) != data:
        raise _not_canonical(text)
    if not text.isascii() and not all(map(_is_nfc, fields.values())):
        raise _malformed("text is not in Unicode NFC", "normalize values to NFC")
    return fields


def pae(payload_type: str, body: bytes) -> bytes:
    """Bind ``body`` to its type before it is signed (DSSE v1, PAE).

    The lengths count bytes, not characters: readers in other languages must
    agree on them.

    Raises:
        MalformedError: The type cannot be written in UTF-8.
    """
    kind = _utf8(payload_type)
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def digest(value: Mapping[str, str]) -> str:
    """Name a flat object by the SHA-256 of its canonical bytes, in hex.

    Raises:
        MalformedError: The value has no canonical form.
    """
    return hashlib.sha256(encode(dict(value))).hexdigest()


def _is_flat(value: object) -> bool:
    return type(value) is dict and all(
        type(key) is str and key.isascii() and type(item) is str
        for key, item in value.items()
    )


def _is_nfc(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise _malformed("text holds a lone surrogate") from error


def _format_value(value: object, depth: int) -> str:
    if depth < 0:
        raise _malformed("value is nested too deeply")
    if isinstance(value, dict):
        items = (
            f"{_FLAT.encode(key)}:{_format_value(value[key], depth - 1)}"
            for key in sorted(value, key=_utf16_order)
        )
        return f"{{{','.join(items)}}}"
    if isinstance(value, list):
        return f"[{','.join(_format_value(item, depth - 1) for item in value)}]"
    if isinstance(value, float):
        return _format_float(value)
    if value is None or isinstance(value, str | int):
        return _format_plain(value)
    raise _malformed("value has a type that JSON does not know")


def _format_plain(value: str | int | None) -> str:
    if isinstance(value, int) and not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        raise _malformed("integer is too large to be exact everywhere")
    return _FLAT.encode(value)


def _utf16_order(key: object) -> bytes:
    # RFC 8785, 3.2.3: JavaScript compares UTF-16 code units, so a key beyond the
    # basic plane sorts before U+E000.
    if not isinstance(key, str):
        raise _malformed("object key is not a string")
    return key.encode("utf-16-be", "surrogatepass")


def _format_float(value: float) -> str:
    """Write a double as ECMAScript does (RFC 8785, 3.2.2.3).

    ``repr`` already finds the shortest digits that read back as the same double;
    only their layout differs between the languages.
    """
    if not isfinite(value):
        raise _malformed("number is not finite")
    if value == 0:
        return "0"  # also for minus zero
    mantissa, _, exponent = float.__repr__(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading_zeros = len(whole + fraction) - len(digits)
    point = len(whole) - leading_zeros + int(exponent or 0)
    return ("-" if value < 0 else "") + _place_point(digits.rstrip("0"), point)


def _place_point(digits: str, point: int) -> str:
    # Number::toString of ECMAScript: value = 0.digits * 10**point.
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def _not_canonical(text: str) -> MalformedError:
    if _has_duplicate_key(text):
        return _malformed("JSON names a key twice", "send each field once")
    return _malformed(
        "JSON is not in canonical form",
        "sort the keys, drop white space and needless escapes (RFC 8785)",
    )


def _has_duplicate_key(text: str) -> bool:
    pairs: list[tuple[str, object]] = json.loads(text, object_pairs_hook=list)
    return len(dict(pairs)) < len(pairs)


def _malformed(message: str, hint: str = "") -> MalformedError:
    return MalformedError(message, code=Code.JSON_NOT_CANONICAL, hint=hint)
