import pytest

from listkeep.core.errors import Code, MalformedError
from listkeep.core.segments.schema import MAX_FACETS, Schema

SPECS = ("country:text", "rating:int", "vip:bool", "since:date", "joined:month")
SCHEMA = Schema.parse(SPECS)
FIELDS = {
    "first_name": "Ada",
    "country": "DE",
    "rating": "4",
    "vip": "true",
    "since": "2024-05-17 10:00:00",
    "joined": "2024-05-17 10:00:00",
}
TEXT = '["DE",4,true,"2024-05-17","2024-05"]'
ROW = ("DE", 4, True, "2024-05-17", "2024-05")


def test_a_schema_is_written_and_read_in_order() -> None:
    assert SCHEMA.format() == SPECS
    assert SCHEMA.names == ("country", "rating", "vip", "since", "joined")


def test_a_facet_is_found_where_it_stands_in_the_row() -> None:
    assert SCHEMA.find_index("vip") == 2
    assert SCHEMA.find_index("plan") is None


def test_two_facets_of_one_name_are_refused() -> None:
    with pytest.raises(MalformedError, match="twice") as refused:
        Schema.parse(("plan:text", "plan:int"))

    assert refused.value.code is Code.FACET_INVALID


def test_only_so_many_facets_fit() -> None:
    specs = [f"f{number}:text" for number in range(MAX_FACETS + 1)]

    assert len(Schema.parse(specs[:-1]).facets) == MAX_FACETS
    with pytest.raises(MalformedError, match="more than 32 facets"):
        Schema.parse(specs)


def test_facets_are_written_in_schema_order_and_other_fields_left_out() -> None:
    assert SCHEMA.encode_facets(FIELDS) == TEXT


def test_absent_and_blank_fields_are_missing() -> None:
    assert SCHEMA.encode_facets({"rating": " "}) == "[null,null,null,null,null]"


def test_a_wrong_field_is_refused_by_the_name_of_its_facet() -> None:
    with pytest.raises(MalformedError, match="facet rating: ") as refused:
        SCHEMA.encode_facets(FIELDS | {"rating": "ada@example.com"})

    assert refused.value.code is Code.FACET_INVALID
    assert "ada" not in refused.value.message + refused.value.hint


def test_the_prepared_encoder_writes_the_same_bytes() -> None:
    encode = SCHEMA.encoder(tuple(FIELDS))

    assert encode(tuple(FIELDS.values())) == TEXT


def test_what_was_written_is_read_back() -> None:
    assert SCHEMA.decode_facets(TEXT) == ROW
    assert SCHEMA.decoder()(TEXT) == ROW


def test_a_list_without_facets_has_empty_rows() -> None:
    schema = Schema(())

    assert schema.encode_facets({"plan": "pro"}) == "[]"
    assert schema.decode_facets("[]") == ()
    assert schema.decoder()("[]") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "array of 5"),
        ("{}", "array of 5"),
        ("[", "array of 5"),
        ("[" * 1500, "array of 5"),
        ("[" * 100_000, "array of 5"),
        ("9" * 100_000, "array of 5"),
        ('["DE",4,true]', "array of 5"),
        ('["DE",4,true,null,null,null]', "array of 5"),
        ('["ada@example.com",4,true,null,null]', "facet country: "),
        ('[" DE",4,true,null,null]', "facet country: "),
        ('["DE","4",true,null,null]', "facet rating: "),
        ('["DE",4.0,true,null,null]', "facet rating: "),
        ('["DE",true,true,null,null]', "facet rating: "),
        ('["DE",4,1,null,null]', "facet vip: "),
        ('["DE",4,true,"2024-05-17 10:00:00",null]', "facet since: "),
        ('["DE",4,true,null,"2024-05-17"]', "facet joined: "),
        ('["DE", 4,true,null,null]', "canonical form"),
        ('["D\\u0045",4,true,null,null]', "canonical form"),
    ],
    ids=range(18),
)
def test_a_row_that_was_never_written_so_is_refused(text: str, message: str) -> None:
    for decode in (SCHEMA.decode_facets, SCHEMA.decoder()):
        with pytest.raises(MalformedError, match=message) as refused:
            decode(text)
        assert refused.value.code is Code.FACET_INVALID
        assert "ada" not in refused.value.message
