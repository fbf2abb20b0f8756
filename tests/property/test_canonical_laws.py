import json
import unicodedata

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from listkeep.core import canonical
from listkeep.core.errors import MalformedError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NFC = TEXT.map(lambda text: unicodedata.normalize("NFC", text))
ASCII = st.text(st.characters(max_codepoint=0x7F))
FLAT = st.dictionaries(ASCII, NFC, max_size=12)
SAFE = 2**53 - 1
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-SAFE, SAFE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)
FRAGMENTS = st.sampled_from(
    ['{"a":"b"}', '"', "\\u", "d800", "{", "}", "[", ":", ",", "1e9", "\u0301", " "]
)


@given(JSON_VALUES)
def test_any_value_is_written_as_the_reference_writes_it(value: object) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_the_same_double(number: float) -> None:
    written = canonical.encode(number)

    assert written == rfc8785.dumps(number)
    assert float(written) == number


@given(FLAT)
def test_parse_is_the_inverse_of_encode(fields: dict[str, str]) -> None:
    data = canonical.encode(fields)

    assert canonical.parse(data, max_bytes=len(data)) == fields


@given(FLAT)
def test_a_digest_names_the_bytes_that_are_read(fields: dict[str, str]) -> None:
    shuffled = dict(reversed(fields.items()))

    assert canonical.digest(fields) == canonical.digest(shuffled)


@given(st.binary(max_size=200) | st.lists(FRAGMENTS).map("".join).map(str.encode))
def test_what_is_read_has_no_other_spelling(data: bytes) -> None:
    try:
        fields = canonical.parse(data)
    except MalformedError:
        return
    assert canonical.encode(fields) == data


@given(FLAT.filter(bool), st.data())
def test_white_space_anywhere_between_tokens_is_refused(
    fields: dict[str, str], data: st.DataObject
) -> None:
    spaced = json.dumps(fields, sort_keys=True, ensure_ascii=False)  # ", " and ": "
    pad = data.draw(st.sampled_from(["", " ", "\n"]))

    with pytest.raises(MalformedError):
        canonical.parse(f"{pad}{spaced}".encode(), max_bytes=100_000)


@given(ASCII, NFC, ASCII, NFC)
def test_the_envelope_keeps_type_and_body_apart(
    kind: str, body: str, other_kind: str, other_body: str
) -> None:
    same = (kind, body) == (other_kind, other_body)
    envelope = canonical.pae(kind, body.encode())

    assert (envelope == canonical.pae(other_kind, other_body.encode())) is same
