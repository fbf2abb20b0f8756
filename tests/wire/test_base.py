import msgspec
import pytest

from listkeep.core.errors import Code, MalformedError
from listkeep.wire.base import Id, Message, Token, decode, encode

PLANTED = "planted.person@example.com"


class Inner(Message, frozen=True, kw_only=True):
    count: int


class Outer(Message, frozen=True, kw_only=True):
    id: Id
    inner: Inner
    facts: dict[str, str] = msgspec.field(default_factory=dict)
    token: Token = bytes(16)


GOOD = Outer(id="l_spring", inner=Inner(count=1), facts={"a": "b"})


def refuse(value: object) -> MalformedError:
    with pytest.raises(MalformedError) as refused:
        decode(msgspec.msgpack.encode(value), Outer)
    assert refused.value.code is Code.MESSAGE_INVALID
    return refused.value


def test_a_message_reads_back_as_it_was_written() -> None:
    assert decode(encode(GOOD), Outer) == GOOD


def test_a_message_is_a_map_of_named_fields() -> None:
    assert msgspec.msgpack.decode(encode(Inner(count=3))) == {"count": 3}


def test_a_message_does_not_change() -> None:
    with pytest.raises(AttributeError):
        GOOD.id = "l_autumn"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"id": "x", "inner": {"count": "many"}}, "at $.inner.count"),
        ({"id": "", "inner": {"count": 1}}, "at $.id"),
        ({"id": "A", "inner": {"count": 1}}, "at $.id"),
        ({"id": "x\n", "inner": {"count": 1}}, "at $.id"),
        ({"id": "x" * 41, "inner": {"count": 1}}, "at $.id"),
        ({"id": "x", "inner": {"count": 1}, "facts": {"a": 1}}, "at $.facts[...]"),
        ({"id": "x", "inner": {"count": 1}, "token": b"a"}, "at $.token"),
        ({"id": "x", "inner": {}}, "at $.inner"),
        ({"id": "x"}, "in its fields"),
        ([1, 2], "in its fields"),
    ],
)
def test_a_message_that_does_not_fit_names_the_place(value: object, place: str) -> None:
    assert refuse(value).message == f"a message does not fit its kind {place}"


@pytest.mark.parametrize(
    "name", [PLANTED, f"x` - at `$.{PLANTED}", "x` - at `$.abcdefghijklmnop"]
)
def test_the_name_of_an_unknown_field_is_not_repeated(name: str) -> None:
    for value in (
        {"id": "x", "inner": {"count": 1}, name: 1},
        {"id": "x", "inner": {"count": 1, name: 1}},
    ):
        error = refuse(value)
        assert error.message == "a message does not fit its kind in its fields"
        assert error.__cause__ is None
        assert error.__suppress_context__  # a traceback ends here


@pytest.mark.parametrize("value", [PLANTED, {PLANTED: PLANTED}, [PLANTED], b"@"])
def test_no_value_is_repeated(value: object) -> None:
    for wrong in (
        value,
        {"id": value, "inner": {"count": 1}},
        {"id": "x", "inner": {"count": value}},
        {"id": "x", "inner": {"count": 1}, "facts": {PLANTED: [value]}},
    ):
        assert "@" not in refuse(wrong).message


@pytest.mark.parametrize(
    "data",
    [b"", b"\xc1", b"{}", encode(GOOD)[:-1], encode(GOOD) + b"\0", b"\x81\xa1\xff\x01"],
)
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError, match=r"^a message (is not|does not fit)"):
        decode(data, Outer)


def test_text_that_is_no_utf8_is_refused() -> None:
    data = encode(GOOD).replace(b"l_spring", b"l_spr\xffng")

    with pytest.raises(MalformedError, match="not msgpack"):
        decode(data, Outer)
