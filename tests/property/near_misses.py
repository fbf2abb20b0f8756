"""Values that are nearly what a form takes, and ones nobody expects there."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from tests.property.bending import bent

PLANTED = "planted.person@example.com"
TEXTS = st.sampled_from(
    (
        *(PLANTED, f"{PLANTED}:text", f"r_{PLANTED}", "", " ", "\n", "\x00", "\x7f"),
        *("0", "-1", "+1", "1.0", "1e9", "0x10", "٣", "²", "9" * 5000, "true"),
        *("null", "None", "[]", "{}", "%s", "{0}", "../..", "//", "\\", "'", '"'),
        *("\u202e", "\ufeff", "\u2028", "e\u0301" * 40, "🔑", "\ud800", "ﬀ"),
        *("<b>", "A" * 70_000, "all", "r_aaaaaaaaaaaa", "p_aaaaaaaaaaaa"),
    )
) | st.text(max_size=30)
VALUES = st.recursive(
    TEXTS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from((2**64, -(2**63) - 1)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=6,
)


def near_misses(valid: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Change, leave out and add fields of something that fits, deep down as well."""
    kept = {
        name: st.just(value) | near_misses(value) | VALUES
        if isinstance(value, dict)
        else st.just(value) | TEXTS | VALUES
        for name, value in valid.items()
    }
    some = st.fixed_dictionaries({}, optional=kept)
    nothing: dict[str, Any] = {}
    more = st.just(nothing) | st.dictionaries(TEXTS, VALUES, max_size=2)
    return st.builds(lambda old, new: {**old, **new}, some, more) | st.builds(
        lambda changed: {**valid, **changed}, some
    )


def json_near(valid: Mapping[str, Any]) -> st.SearchStrategy[bytes]:
    """Write bodies in JSON that a page's own script nearly would send."""
    whole = json.dumps(valid).encode()
    return (
        near_misses(valid).map(_json)
        | near_misses(valid).map(_json)
        | st.builds(_doubled, near_misses(valid), near_misses(valid))
        | bent(whole)
        | VALUES.map(_json)
        | st.sampled_from(
            (
                *(b"", b"{}", b"[]", b"null", b"[" * 100_000, b'{"a":' * 50_000),
                *(
                    whole + whole,
                    whole.decode().encode("utf-16"),
                    b"\xef\xbb\xbf" + whole,
                ),
                b'{"purpose":"' + b"A" * 300_000 + b'"}',
            )
        )
    )


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _doubled(first: dict[str, Any], second: dict[str, Any]) -> bytes:
    """Write an object that says some of its fields twice."""
    pairs = [*first.items(), *second.items()]
    inside = ", ".join(f"{json.dumps(name)}: {json.dumps(v)}" for name, v in pairs)
    return f"{{{inside}}}".encode()


def forms_near(valid: Mapping[str, str]) -> st.SearchStrategy[bytes]:
    """Write forms that a browser nearly would send for a page of ours."""
    whole = urlencode(valid).encode()
    return (
        typed_near(valid).map(_form)
        | typed_near(valid).map(_form)
        | bent(whole)
        | st.binary(max_size=60)
        | st.sampled_from(
            (
                *(b"", b"&" * 3000, b"=&=&=", b"a=1&" * 2000 + whole),
                *(whole + b"&" + whole, b"\xff\xfe" + whole, whole + b";a=b"),
                *(whole + b"&x=%ff%fe%00%zz", json.dumps(dict(valid)).encode()),
            )
        )
    )


def typed_near(valid: Mapping[str, str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Type something else into fields, leave them out, say them twice, add others."""
    pairs = sorted(valid.items())
    names = st.sampled_from(sorted(valid)) | TEXTS if valid else TEXTS
    wrong = st.lists(st.tuples(names, TEXTS), max_size=3)
    some = st.just(pairs) | st.sets(st.sampled_from(pairs or [("a", "b")])).map(sorted)
    return st.builds(lambda old, new: [*old, *new], some, wrong) | st.builds(
        lambda old, new: [*new, *old], some, wrong
    )


def _form(pairs: list[tuple[str, str]]) -> bytes:
    return urlencode(pairs, errors="surrogatepass").encode()
