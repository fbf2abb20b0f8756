import json
import string
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from listkeep.core.errors import MalformedError
from listkeep.core.segments.ast import (
    EQUALITY,
    All,
    And,
    Compare,
    FacetTest,
    Member,
    Missing,
    Node,
    Not,
    Operator,
    Or,
    Present,
    StatusCompare,
    StatusMember,
    all_of,
    any_of,
    format_node,
)
from listkeep.core.segments.evaluate import compile_predicate
from listkeep.core.segments.language import (
    MAX_SEGMENT_CHARACTERS,
    SegmentError,
    parse_segment,
)
from listkeep.core.segments.schema import Schema
from listkeep.core.segments.values import (
    MAX_INTEGER,
    FacetType,
    Flaw,
    Row,
    Status,
    Value,
    read_value,
)

SCHEMA = Schema.parse(
    ("country:text", "rating:int", "vip:bool", "since:date", "joined:month")
)
ORDERED = (FacetType.INT, FacetType.DATE, FacetType.MONTH)

CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["DE", "FR", "Cafe\u0301", "", " ", '"', "\\", "a@b", "%s", "1"]),
    st.integers(-5, 5).map(str),
    st.sampled_from(["true", "FALSE", "yes", "0", "2024-05", "2024-5-1"]),
    st.dates().map(str),
    st.datetimes().map(str),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
)


def clean(facet_type: FacetType, cell: str) -> Value | None:
    value = read_value(facet_type, cell)
    return None if isinstance(value, Flaw) else value


def values_of(facet_type: FacetType) -> st.SearchStrategy[Value]:
    months = st.dates().map(lambda day: str(day)[:7])
    texts = st.text(min_size=1, max_size=8).map(lambda cell: clean(facet_type, cell))
    choices: dict[FacetType, st.SearchStrategy[Any]] = {
        # Few values, so that rows and segments often meet.
        FacetType.TEXT: st.sampled_from(["DE", "FR", 'a"b\\', "and"])
        | texts.filter(bool).map(str),
        FacetType.INT: st.integers(-3, 3) | st.integers(-MAX_INTEGER, MAX_INTEGER),
        FacetType.BOOL: st.booleans(),
        FacetType.DATE: st.dates().map(str),
        FacetType.MONTH: months,
    }
    return choices[facet_type]


@st.composite
def facet_tests(draw: st.DrawFn) -> Node:
    index = draw(st.integers(0, len(SCHEMA.facets) - 1))
    facet = SCHEMA.facets[index]
    place = (index, facet.name, facet.type)
    kind = draw(st.sampled_from(["compare", "member", "missing", "present"]))
    if kind == "missing":
        return Missing(*place)
    if kind == "present":
        return Present(*place)
    if kind == "member" and facet.type is not FacetType.BOOL:
        values: set[Any] = draw(st.sets(values_of(facet.type), min_size=1, max_size=4))
        return Member(*place, tuple(sorted(values)))
    allowed = Operator if facet.type in ORDERED else sorted(EQUALITY)
    operator = draw(st.sampled_from(list(allowed)))
    return Compare(*place, operator, draw(values_of(facet.type)))


STATUS_TESTS: st.SearchStrategy[Node] = st.builds(
    StatusCompare, st.sampled_from(sorted(EQUALITY)), st.sampled_from(Status)
) | st.sets(st.sampled_from(Status), min_size=1).map(
    lambda statuses: StatusMember(tuple(sorted(statuses)))
)
NODES: st.SearchStrategy[Node] = st.just(All()) | st.recursive(
    facet_tests() | STATUS_TESTS,
    lambda inner: (
        inner.map(Not)
        | st.lists(inner, min_size=1, max_size=3).map(all_of)
        | st.lists(inner, min_size=1, max_size=3).map(any_of)
    ),
    max_leaves=10,
)
ROWS: st.SearchStrategy[Row] = st.tuples(
    *(st.none() | values_of(facet.type) for facet in SCHEMA.facets)
)
WORDS = st.sampled_from(
    [
        *SCHEMA.names,
        *("status", "and", "or", "not", "in", "is", "missing", "all"),
        *("(", ")", ",", "=", "!=", "<", ">=", '"', "'", "\\"),
        *("subscribed", '"DE"', "'x'", "3", "-1", "true", "2024-05", "2024-05-17"),
        *("ada@example.com", "“", "\x00", "\u202e", "é", "\ud800", ";", "\n"),
    ]
)
TEXTS = st.text() | st.lists(WORDS, max_size=14).map(" ".join)


def told(act: Callable[[], object]) -> object:
    """Give the answer, or what the refusal says."""
    try:
        return act()
    except MalformedError as refused:
        return refused.message


def interpret(  # noqa: C901, PLR0911 - one line for each kind of node
    node: Node, row: Row, status: str
) -> bool:
    """Say what a node means as plainly as the docstring of ``ast`` does."""
    match node:
        case All():
            return True
        case Not(item):
            return not interpret(item, row, status)
        case And(items):
            return all(interpret(item, row, status) for item in items)
        case Or(items):
            return any(interpret(item, row, status) for item in items)
        case Missing(index):
            return row[index] is None
        case Present(index):
            return row[index] is not None
        case Compare(index, _, _, operator, value):
            return row[index] is not None and compare(row[index], operator, value)
        case Member(index, _, _, values):
            return any(row[index] == value for value in values)
        case StatusCompare(operator, wanted):
            return compare(status, operator, wanted)
        case StatusMember(statuses):
            return any(status == wanted for wanted in statuses)


def compare(left: Any, operator: Operator, right: Any) -> bool:
    answers: dict[str, bool] = {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return answers[operator.value]


@given(NODES)
def test_what_is_written_is_read_back(node: Node) -> None:
    text = format_node(node)
    assume(len(text) <= MAX_SEGMENT_CHARACTERS)

    assert parse_segment(text, SCHEMA).node == node


@given(TEXTS)
def test_any_text_is_a_segment_or_an_error_with_a_place(text: str) -> None:
    try:
        segment = parse_segment(text, SCHEMA)
    except SegmentError as refused:
        check_error(refused, text)
        return

    canonical = segment.format()
    assert parse_segment(canonical, SCHEMA) == segment
    assert parse_segment(canonical, SCHEMA).format() == canonical


def check_error(error: SegmentError, text: str) -> None:
    said = f"{error} {error.hint}"
    assert 1 <= error.column <= len(text) + 1
    assert "ada" not in said
    assert "example" not in said
    assert said.encode()


@given(NODES, ROWS, st.sampled_from(Status))
def test_the_compiled_segment_means_what_the_tree_says(
    node: Node, row: Row, status: Status
) -> None:
    answer = compile_predicate(node)(row, status.value)

    assert answer is interpret(node, row, status.value)


@given(facet_tests(), ROWS)
def test_no_comparison_holds_for_a_missing_facet(node: Node, row: Row) -> None:
    assert isinstance(node, FacetTest)
    blank = tuple(None if at == node.index else cell for at, cell in enumerate(row))

    answer = compile_predicate(node)(blank, "subscribed")

    assert answer is isinstance(node, Missing)
    assert compile_predicate(Not(node))(blank, "subscribed") is not answer


@given(ROWS)
def test_a_row_is_read_back_from_the_text_that_rfc_8785_gives(row: Row) -> None:
    text = rfc8785.dumps(list(row)).decode()

    for decode in (SCHEMA.decode_facets, SCHEMA.decoder()):
        found = decode(text)
        assert found == row
        assert list(map(type, found)) == list(map(type, row))


@given(
    st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=6),
    st.permutations([*SCHEMA.names, "note"]).map(lambda names: names[:5]),
)
def test_the_prepared_encoder_agrees_with_the_careful_one(
    rows: Sequence[Sequence[str]], names: Sequence[str]
) -> None:
    encode = SCHEMA.encoder(names)

    for row in rows:
        fields = dict(zip(names, row, strict=True))
        careful = told(partial(SCHEMA.encode_facets, fields))

        # Which of several wrong cells is told first follows the schema in both.
        assert told(partial(encode, row)) == careful


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(string.ascii_lowercase), inner, max_size=2)
    ),
    max_leaves=8,
)


@given(st.lists(JSON.map(json.dumps) | st.text(max_size=20), max_size=4), ROWS)
def test_both_decoders_refuse_the_same_texts(texts: list[str], row: Row) -> None:
    decode = SCHEMA.decoder()
    good = rfc8785.dumps(list(row)).decode()
    decode(good)
    spaced = good.replace(",", ", ")
    swapped = good.replace("true", "1").replace("null", "false")

    for text in (*texts, spaced, swapped):
        careful = told(partial(SCHEMA.decode_facets, text))

        assert told(partial(decode, text)) == careful
        assert told(partial(decode, text)) == careful
