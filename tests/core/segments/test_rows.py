from collections.abc import Callable

import pytest

from listkeep.core.errors import Code, MalformedError
from listkeep.core.segments import rows
from listkeep.core.segments.facets import Facet
from listkeep.core.segments.rows import encode_row, prepare_decoder, prepare_encoder
from listkeep.core.segments.values import Row

FACETS = tuple(
    map(Facet.parse, ("country:text", "rating:int", "vip:bool", "joined:month"))
)
COLUMNS = ("address", "joined", "country", "rating", "vip")


class CarefulWay:
    """A decoder that remembers what it was asked, to see what was not."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, text: str) -> Row:
        self.asked.append(text)
        raise MalformedError("not a row", code=Code.FACET_INVALID)


@pytest.fixture
def careful() -> CarefulWay:
    return CarefulWay()


@pytest.fixture
def decode(careful: CarefulWay) -> Callable[[str], Row]:
    return prepare_decoder(FACETS, careful)


def test_a_row_of_values_is_a_compact_array() -> None:
    assert encode_row(("DE", 3, True, None)) == '["DE",3,true,null]'
    assert encode_row(()) == "[]"


def test_cells_are_taken_from_the_columns_that_carry_the_facets() -> None:
    encode = prepare_encoder(FACETS, COLUMNS)

    cells = ("ada@example.com", "2024-05-17 10:00:00", " DE ", "03", "no", "beyond")

    assert encode(cells) == '["DE",3,false,"2024-05"]'
    assert encode(cells) == '["DE",3,false,"2024-05"]'


def test_a_facet_without_a_column_is_missing_in_each_row() -> None:
    encode = prepare_encoder(FACETS, ("rating",))

    assert encode(("5",)) == "[null,5,null,null]"


def test_a_cell_with_percent_signs_is_only_a_cell() -> None:
    encode = prepare_encoder(FACETS[:1], ("country",))

    assert encode(("100 %s",)) == '["100 %s"]'


def test_a_row_that_ends_too_early_is_refused() -> None:
    encode = prepare_encoder(FACETS, COLUMNS)

    with pytest.raises(MalformedError, match="row ends before a facet") as refused:
        encode(("ada@example.com", "2024-05"))

    assert refused.value.code is Code.FACET_INVALID
    assert refused.value.__context__ is None


@pytest.mark.parametrize(
    ("cell", "name"),
    [("2024-02-30 10:00:00", "joined"), ("2024-99", "joined"), ("soon", "joined")],
)
def test_a_wrong_cell_is_refused_each_time_it_comes(cell: str, name: str) -> None:
    encode = prepare_encoder(FACETS, ("joined",))

    for _ in range(2):
        with pytest.raises(MalformedError, match=f"facet {name}: ") as refused:
            encode((cell,))
        assert cell not in refused.value.message


def test_an_encoder_forgets_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "_CACHED_VALUES", 3)
    fragments = rows._Fragments(FACETS[1])

    assert [fragments[str(number)] for number in range(8)] == list("01234567")
    assert len(fragments) <= 3


def test_a_cell_of_many_blanks_is_not_kept() -> None:
    fragments = rows._Fragments(FACETS[0])

    assert fragments[" " * 10_000 + "DE"] == '"DE"'
    assert not fragments


def test_a_decoder_knows_a_row_without_the_careful_way(
    decode: Callable[[str], Row], careful: CarefulWay
) -> None:
    text = '["DE",3,false,null]'

    assert decode(text) == ("DE", 3, False, None)
    assert decode(text) is decode(text)
    assert careful.asked == []


@pytest.mark.parametrize(
    "text",
    [
        '["DE",true,false,null]',
        '["DE",1.0,false,null]',
        '["DE",1,0,null]',
        '["DE", 1,true,null]',
        '["D\\u0045",1,true,null]',
        '["DE",1,true,"2024-05-17"]',
        '[["DE"],1,true,null]',
        '["DE",1,true]',
        '["DE",1,true,null,null]',
        '["DE",NaN,true,null]',
        "null",
        "",
        "[" * 499,
        "[" * 100_000,
        f'["{"x" * 600}",1,true,null]',
    ],
    ids=range(15),
)
def test_a_decoder_leaves_all_else_to_the_careful_way(
    decode: Callable[[str], Row], careful: CarefulWay, text: str
) -> None:
    decode('["DE",1,true,null]')  # now 1 is known, which a dict takes for true

    with pytest.raises(MalformedError):
        decode(text)

    assert careful.asked == [text]


def test_a_long_row_is_read_carefully_and_not_kept() -> None:
    long_row: Row = ("x" * 200, "y" * 200, "z" * 200)
    facets = tuple(map(Facet.parse, ("a:text", "b:text", "c:text")))
    known = rows._Rows(facets, lambda _text: long_row)

    assert known[encode_row(long_row)] == long_row
    assert not known


def test_a_decoder_forgets_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch, careful: CarefulWay
) -> None:
    monkeypatch.setattr(rows, "_CACHED_VALUES", 2)
    monkeypatch.setattr(rows, "_CACHED_ROWS", 3)
    known = rows._Rows(FACETS[1:2], careful)

    assert [known[f"[{number}]"] for number in range(8)] == [(n,) for n in range(8)]
    assert len(known) <= 3
    assert len(known._columns[0]) <= 2
