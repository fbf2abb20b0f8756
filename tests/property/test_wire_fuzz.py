"""Bytes from another building, as somebody who took it over would write them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listkeep.core.errors import MalformedError
from listkeep.wire.base import Message, decode, encode
from tests.property.bending import bent
from tests.wire.samples import KINDS, make

PLANTED = "planted.person@example.com"


@given(st.sampled_from(KINDS), st.data())
def test_any_bytes_are_one_message_or_malformed(
    kind: type[Message], data: st.DataObject
) -> None:
    body = data.draw(st.binary(max_size=80) | bent(encode(make(kind))))

    try:
        message = decode(body, kind)
    except MalformedError:
        return
    assert decode(encode(message), kind) == message


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.binary(max_size=20)
    | st.just(PLANTED)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.sampled_from(KINDS), st.data())
def test_a_field_of_any_other_value_is_refused_without_repeating_it(
    kind: type[Message], data: st.DataObject
) -> None:
    fields = msgspec.to_builtins(make(kind), builtin_types=(bytes,))
    if not fields:
        return
    name = data.draw(st.sampled_from(sorted(fields)))
    body = msgspec.msgpack.encode({**fields, name: data.draw(VALUES)})

    said = ""
    try:
        decode(body, kind)
    except MalformedError as error:
        said = f"{error} {error.hint} {error.__context__}"

    assert PLANTED not in said


@pytest.mark.parametrize("opener", [b"\x91", b"\x81\xa1a"], ids=["lists", "maps"])
def test_a_message_nested_ten_thousand_deep_is_malformed(opener: bytes) -> None:
    for kind in KINDS:
        with pytest.raises(MalformedError):
            decode(opener * 10_000 + b"\xc0", kind)
