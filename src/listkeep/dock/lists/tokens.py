"""Write many tokens at once: the text of each as ``core.sealing`` writes it.

``base64.b32encode`` works through one token in about two microseconds, which is
most of the time a stream of tokens takes. Here each of the eight characters that
five bytes make is computed for a whole page, by a few passes in C.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Final

from listkeep.core.sealing import TOKEN_BYTES

_ALPHABET: Final = b"abcdefghijklmnopqrstuvwxyz234567"
_CHARACTERS: Final = 26
_PADDED: Final = 20  # the next multiple of five bytes
_STRIDE: Final = 32
_LETTERS: Final = bytes(_ALPHABET[code % 32] for code in range(256))


def _shifted(bits: int) -> bytes:
    """Table that moves a byte's bits left (right if negative) and keeps five."""
    moved = (b << bits if bits >= 0 else b >> -bits for b in range(256))
    return bytes(byte & 31 for byte in moved)


# For each of eight characters: which of the five bytes it takes bits from, and how
# far these move (RFC 4648, section 6).
_SOURCES: Final = tuple(
    tuple((byte, _shifted(bits)) for byte, bits in sources)
    for sources in (
        ((0, -3),),
        ((0, 2), (1, -6)),
        ((1, -1),),
        ((1, 4), (2, -4)),
        ((2, 1), (3, -7)),
        ((3, -2),),
        ((3, 3), (4, -5)),
        ((4, 0),),
    )
)


def format_tokens(tokens: Sequence[bytes]) -> list[str]:
    """Write tokens as 26 characters each; the same as ``format_token`` for each."""
    padding = bytes(_PADDED - TOKEN_BYTES)
    data = padding.join(tokens) + padding if tokens else b""
    columns = [data[start::5] for start in range(5)]
    letters = bytearray(len(tokens) * _STRIDE)
    for place, sources in enumerate(_SOURCES):
        parts = [columns[byte].translate(table) for byte, table in sources]
        letters[place::8] = reduce(_combine, parts).translate(_LETTERS)
    text = letters.decode()
    starts = range(0, len(text), _STRIDE)
    return [text[start : start + _CHARACTERS] for start in starts]


def join_tokens(tokens: Sequence[bytes]) -> bytes:
    """Put tokens behind each other, as messages to the keeper want them."""
    return b"".join(tokens)


def split_tokens(tokens: bytes) -> list[bytes]:
    """Take tokens apart that stand behind each other."""
    size = TOKEN_BYTES
    return [tokens[at : at + size] for at in range(0, len(tokens), size)]


def _combine(left: bytes, right: bytes) -> bytes:
    """Join the bits of two columns; as one large number each, in one step."""
    joined = int.from_bytes(left, "big") | int.from_bytes(right, "big")
    return joined.to_bytes(len(left), "big")
