"""Bytes that were valid once: what a fuzzer that knows the format would send."""

from hypothesis import strategies as st


def bent(whole: bytes) -> st.SearchStrategy[bytes]:
    """Bend valid bytes in a few places: changed, cut out, doubled, put in, cut off."""
    return st.lists(_bends(len(whole)), min_size=1, max_size=4).map(
        lambda bends: _apply(whole, bends)
    )


def _bends(size: int) -> st.SearchStrategy[tuple[str, int, int, bytes]]:
    return st.tuples(
        st.sampled_from(("change", "cut out", "double", "put in", "cut off")),
        st.integers(0, max(size - 1, 0)),
        st.integers(1, 40),
        st.binary(min_size=1, max_size=12) | st.sampled_from(_NASTY),
    )


def _apply(data: bytes, bends: list[tuple[str, int, int, bytes]]) -> bytes:
    for how, at, length, new in bends:
        before, piece, after = data[:at], data[at : at + length], data[at + length :]
        data = {
            "change": before + new + data[at + len(new) :],
            "cut out": before + after,
            "double": before + piece + piece + after,
            "put in": before + new + data[at:],
            "cut off": before,
        }[how]
    return data


# Lengths and depths that promise more than follows, in CBOR, msgpack, DER and JSON.
_NASTY = (
    *(b"\x9f" * 12, b"\xbf" * 12, b"\x5b" + b"\xff" * 8, b"\x1b" + b"\xff" * 8),
    *(b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff"),
    *(b"\x30\x84\xff\xff\xff\xff", b"[" * 12, b'{"a":' * 4, b"\\ud800", b"\x00"),
    *("\u202e".encode(), b"\xff\xfe", b"NaN", b"1e999", b"-0"),
)
