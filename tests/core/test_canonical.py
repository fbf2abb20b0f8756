import struct

import pytest

from listkeep.core import canonical
from listkeep.core.errors import Code, MalformedError

# RFC 8785, appendix B: IEEE 754 bits and the ECMAScript text.
NUMBERS = {
    0x0000000000000000: "0",
    0x8000000000000000: "0",
    0x0000000000000001: "5e-324",
    0x8000000000000001: "-5e-324",
    0x7FEFFFFFFFFFFFFF: "1.7976931348623157e+308",
    0xFFEFFFFFFFFFFFFF: "-1.7976931348623157e+308",
    0x4340000000000000: "9007199254740992",
    0xC340000000000000: "-9007199254740992",
    0x4430000000000000: "295147905179352830000",
    0x44B52D02C7E14AF5: "9.999999999999997e+22",
    0x44B52D02C7E14AF6: "1e+23",
    0x44B52D02C7E14AF7: "1.0000000000000001e+23",
    0x444B1AE4D6E2EF4E: "999999999999999700000",
    0x444B1AE4D6E2EF4F: "999999999999999900000",
    0x444B1AE4D6E2EF50: "1e+21",
    0x3EB0C6F7A0B5ED8C: "9.999999999999997e-7",
    0x3EB0C6F7A0B5ED8D: "0.000001",
    0x41B3DE4355555553: "333333333.3333332",
    0x41B3DE4355555554: "333333333.33333325",
    0x41B3DE4355555555: "333333333.3333333",
    0x41B3DE4355555556: "333333333.3333334",
    0x41B3DE4355555557: "333333333.33333343",
    0xBECBF647612F3696: "-0.0000033333333333333333",
    0x43143FF3C1CB0959: "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_a_double_is_written_as_ecmascript_writes_it(bits: int, text: str) -> None:
    (number,) = struct.unpack(">d", struct.pack(">Q", bits))

    assert canonical.encode(number) == text.encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_has_no_form(number: float) -> None:
    with pytest.raises(MalformedError):
        canonical.encode({"cap": number})


@pytest.mark.parametrize("number", [2**53 - 1, -(2**53) + 1])
def test_the_largest_exact_integers_are_written(number: int) -> None:
    assert canonical.encode([number]) == f"[{number}]".encode()


@pytest.mark.parametrize("number", [2**53, -(2**53)])
def test_an_integer_that_others_would_round_is_refused(number: int) -> None:
    with pytest.raises(MalformedError):
        canonical.encode([number])


def test_the_sample_of_the_rfc_is_written_as_the_rfc_says() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }

    assert (
        canonical.encode(value)
        == (
            '{"literals":[null,true,false],'
            '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ).encode()
    )


def test_keys_are_ordered_by_utf_16_code_units() -> None:
    value = {"\ufb33": "later", "\U0001f602": "earlier"}

    written = canonical.encode(value).decode()

    assert written.index("earlier") < written.index("later")


def test_nested_empty_containers_are_written() -> None:
    assert canonical.encode({"b": [], "a": {}}) == b'{"a":{},"b":[]}'


@pytest.mark.parametrize(
    "value",
    [
        {1: "a"},
        {None: "a"},
        {"a": b"bytes"},
        {"a": ("tuple",)},
        {"a": {"set"}},
        object(),
        "\ud800",
        {"\udfff": "key"},
        {"a": {"\udfff": 1}},
    ],
)
def test_a_value_that_json_does_not_know_is_refused(value: object) -> None:
    with pytest.raises(MalformedError) as caught:
        canonical.encode(value)

    assert caught.value.code == Code.JSON_NOT_CANONICAL


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)

    with pytest.raises(MalformedError):
        canonical.encode(loop)


def test_depth_ends_at_the_limit() -> None:
    value: object = "core"
    for _ in range(canonical.MAX_DEPTH):
        value = [value]

    assert canonical.encode(value).count(b"[") == canonical.MAX_DEPTH
    with pytest.raises(MalformedError):
        canonical.encode([value])


def test_a_flat_canonical_object_is_read() -> None:
    data = '{"cap":"10","purpose":"Frühling \\n \\"now\\""}'.encode()

    assert canonical.parse(data) == {"cap": "10", "purpose": 'Frühling \n "now"'}


def test_an_empty_object_is_read() -> None:
    assert canonical.parse(b"{}") == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"[" * 4000,
        b'{"a":' * 800,
        b"{}{}",
    ],
)
def test_bytes_that_are_not_json_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError, match="not JSON"):
        canonical.parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b'"text"',
        b"null",
        b'{"cap":1}',
        b'{"cap":1.5}',
        b'{"cap":NaN}',
        b'{"cap":null}',
        b'{"cap":true}',
        b'{"cap":{}}',
        b'{"cap":["1"]}',
        '{"käp":"1"}'.encode(),
    ],
)
def test_anything_but_a_flat_object_of_strings_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError, match="flat object"):
        canonical.parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"cap": "1"}',
        b' {"cap":"1"}',
        b'{"cap":"1"}\n',
        b'{"b":"1","a":"2"}',
        b'{"cap":"\\u0031"}',
        b'{"cap":"\\/"}',
        b'{"cap":"\\u000F"}',
        b'{"cap":"\\u00e9"}',
        b'{"cap":"\\ud83d\\ude02"}',
    ],
)
def test_a_second_spelling_of_the_same_fields_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError, match="canonical form") as caught:
        canonical.parse(data)

    assert caught.value.code == Code.JSON_NOT_CANONICAL
    assert caught.value.hint


@pytest.mark.parametrize(
    "data", [b'{"cap":"1","cap":"999999"}', b'{"cap":"1","cap":"1"}']
)
def test_a_key_named_twice_is_refused_and_said_so(data: bytes) -> None:
    with pytest.raises(MalformedError, match="twice"):
        canonical.parse(data)


def test_a_lone_surrogate_hidden_in_an_escape_is_refused() -> None:
    with pytest.raises(MalformedError, match="surrogate"):
        canonical.parse(b'{"cap":"\\ud800"}')


def test_text_that_looks_the_same_in_another_normal_form_is_refused() -> None:
    assert canonical.parse('{"name":"\u00e9"}'.encode()) == {"name": "\u00e9"}
    for data in ('{"name":"e\u0301"}', '{"list":"a","name":"e\u0301"}'):
        with pytest.raises(MalformedError, match="NFC"):
            canonical.parse(data.encode())


def test_the_size_is_checked_before_anything_else() -> None:
    data = canonical.encode({"a": "x" * 20})

    assert canonical.parse(data, max_bytes=len(data)) == {"a": "x" * 20}
    with pytest.raises(MalformedError, match="too long"):
        canonical.parse(data, max_bytes=len(data) - 1)
    with pytest.raises(MalformedError, match="too long"):
        canonical.parse(b"\xff" * 4097)


def test_a_refusal_never_repeats_what_was_sent() -> None:
    secret = "canary@example.com"
    for data in (f'{{"{secret}":1}}', f'{{"a":"{secret}" }}', f'{{"a":"{secret}'):
        with pytest.raises(MalformedError) as caught:
            canonical.parse(data.encode())

        assert secret not in f"{caught.value}{caught.value.hint}"


def test_the_envelope_is_the_one_dsse_gives_as_example() -> None:
    body = b"hello world"

    assert canonical.pae("http://example.com/HelloWorld", body) == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_the_envelope_counts_bytes_not_characters() -> None:
    assert canonical.pae("é", "é".encode()) == "DSSEv1 2 é 2 é".encode()


def test_a_type_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(MalformedError):
        canonical.pae("\ud800", b"")


def test_a_digest_does_not_depend_on_the_order_of_fields() -> None:
    # sha256sum of the seventeen bytes {"a":"1","b":"2"} as computed by coreutils.
    expected = "21f76dfbfe6dfe21f762080ef484112cf2952974cef30741fd1931e1c6d92112"

    assert canonical.digest({"b": "2", "a": "1"}) == expected
    assert canonical.digest({"a": "1", "b": "2"}) == expected
