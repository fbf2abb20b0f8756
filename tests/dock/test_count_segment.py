"""Counting and the SQL of segments, held against the predicate of the core."""

import json
from collections import Counter
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listkeep.core.segments import (
    All,
    And,
    Compare,
    FacetType,
    Member,
    Missing,
    Node,
    Not,
    Operator,
    Or,
    Present,
    Schema,
    Status,
    StatusCompare,
    StatusMember,
    Value,
    compile_predicate,
)
from listkeep.dock.lists import bulk
from listkeep.dock.lists.models import Entry
from listkeep.dock.lists.queries import make_histogram
from listkeep.dock.lists.segments import compile_condition
from listkeep.dock.lists.statuses import STATUSES
from tests.dock.conftest import Api

SCHEMA = Schema.parse(["plan:text", "n:int", "vip:bool", "day:date", "since:month"])
TEXTS = st.sampled_from(["pro", "free", 'a"b\\c', "ü", "%s", "5", "true", "x' OR 1"])
VALUES: dict[FacetType, st.SearchStrategy[Any]] = {
    FacetType.TEXT: TEXTS,
    FacetType.INT: st.sampled_from([-(2**53) + 1, -1, 0, 1, 5, 10, 2**53 - 1]),
    FacetType.BOOL: st.booleans(),
    FacetType.DATE: st.sampled_from(["1999-12-31", "2024-02-29", "2024-03-01"]),
    FacetType.MONTH: st.sampled_from(["1999-12", "2024-02", "2024-03"]),
}
EQUALITY = [Operator.EQUAL, Operator.NOT_EQUAL]


@st.composite
def facet_tests(draw: st.DrawFn) -> Node:
    index = draw(st.integers(0, 4))
    facet = SCHEMA.facets[index]
    place = (index, facet.name, facet.type)
    ordered = facet.type not in (FacetType.TEXT, FacetType.BOOL)
    operators = list(Operator) if ordered else EQUALITY
    match draw(st.integers(0, 5)):
        case 0:
            return Missing(*place)
        case 1:
            return Present(*place)
        case 2:
            values = draw(st.lists(VALUES[facet.type], min_size=1, max_size=3))
            return Member(*place, tuple(dict.fromkeys(values)))
        case 3:
            operator = draw(st.sampled_from(EQUALITY))
            return StatusCompare(operator, draw(st.sampled_from(list(Status))))
        case 4:
            return StatusMember(draw(st.sampled_from([STATUSES[:1], STATUSES[1:3]])))
    operator = draw(st.sampled_from(operators))
    return Compare(*place, operator, draw(VALUES[facet.type]))


def joined(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return inner.map(Not) | several.map(And) | several.map(Or)


ALL: st.SearchStrategy[Node] = st.just(All())
NODES = ALL | st.recursive(facet_tests(), joined, max_leaves=8)
ROWS = st.lists(
    st.tuples(
        st.tuples(*(st.none() | VALUES[facet.type] for facet in SCHEMA.facets)),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(node=NODES, rows=ROWS)
def test_sql_selects_what_the_predicate_selects(
    node: Node, rows: list[tuple[tuple[Any, ...], int]]
) -> None:
    Entry.objects.all().delete()
    Entry.objects.bulk_create(
        Entry(
            list_id="l",
            token=bytes([at + 1] * 16),
            batch_id=b"",
            position=at,
            sealed=b"",
            facets=json.dumps(facets, ensure_ascii=False, separators=(",", ":")),
            status=status,
        )
        for at, (facets, status) in enumerate(rows)
    )
    predicate = compile_predicate(node)

    found = bulk.read_rows(["position"], "l", compile_condition(node))

    assert [position for (position,) in found] == [
        at
        for at, (facets, status) in enumerate(rows)
        if predicate(facets, STATUSES[status])
    ]


@pytest.mark.parametrize(
    ("segment", "count"),
    [
        ("all", 4),
        ('plan = "pro"', 2),
        ('not country = "DE"', 2),
        ("country is missing", 1),
        ('country != "DE"', 1),
        ('plan in ("free", "pro") and country = "DE"', 2),
        ("status = subscribed", 4),
        ("status = bounced", 0),
    ],
)
def test_a_segment_is_counted(ada: Api, news: str, segment: str, count: int) -> None:
    answer = ada.get(f"/lists/{news}/count", segment=segment).json

    assert answer == {"count": count, "segment": segment}


@pytest.mark.parametrize(
    "segment",
    [
        "",
        "plan =",
        'plam = "pro"',
        'plan = "pro"; drop table entry',
        "plan = \"x' or '1'='1",
        "1 = 1",
        'plan = "pro" or 1',
        "x" * 1_999,
    ],
)
def test_a_segment_that_is_none_is_refused_with_its_place(
    ada: Api, news: str, segment: str
) -> None:
    answer = ada.get(f"/lists/{news}/count", segment=segment)

    assert (answer.status, answer.json["code"]) == (400, "segment-invalid")
    assert "column" in answer.json["detail"]
    assert ada.get(f"/lists/{news}/count").json["count"] == 4


def test_values_are_bound_and_never_part_of_the_sql(ada: Api, news: str) -> None:
    hostile = '"x\') OR 1=1 --"'

    answer = ada.get(f"/lists/{news}/count", segment=f"plan = {hostile}")

    assert answer.json["count"] == 0
    node = Compare(0, "plan", FacetType.TEXT, Operator.EQUAL, "x') OR 1=1 --")
    condition = compile_condition(node)
    assert "OR" not in condition.sql
    assert condition.parameters == ("x') OR 1=1 --",)


def test_a_list_is_counted_alone(ada: Api, news: str) -> None:
    other = ada.open_list("other")
    ada.fill(other, "zoe@example.com,pro,DE,Zoe")

    assert ada.get(f"/lists/{other}/count").json["count"] == 1
    assert ada.get(f"/lists/{news}/count").json["count"] == 4


def test_rare_values_are_put_together(ada: Api) -> None:
    list_id = ada.open_list(facets=["plan:text", "n:int"])
    plans = ["pro"] * 9 + ["free"] * 5 + ["rare"] * 4 + [""] * 6
    rows = "".join(f"u{i}@example.com,{p},{i}\n" for i, p in enumerate(plans))
    ada.send(list_id, f"email,plan,n\n{rows}".encode(), mapping={})

    plan, number = ada.get(f"/lists/{list_id}/facets").json["facets"]

    assert plan == {
        "facet": "plan",
        "values": [
            {"value": "pro", "entries": 9},
            {"value": None, "entries": 6},
            {"value": "free", "entries": 5},
        ],
        "other": 4,
    }
    assert number == {"facet": "n", "values": [], "other": 24}


def test_only_the_commonest_values_are_named(ada: Api) -> None:
    list_id = ada.open_list(facets=["n:int"])
    rows = "".join(f"u{i}@example.com,{i % 60}\n" for i in range(600))
    ada.send(list_id, f"email,n\n{rows}".encode(), mapping={})

    [histogram] = ada.get(f"/lists/{list_id}/facets").json["facets"]

    assert [bar["value"] for bar in histogram["values"]] == list(range(50))
    assert histogram["other"] == 100


@pytest.mark.parametrize(
    "values", [[2, 10, -1], [False, True], ["free", "pro"], ["2024-02", "2024-03"]]
)
def test_equally_common_values_stand_in_one_order(values: list[Value]) -> None:
    # As a database may tell them: in whatever order its plan leaves them.
    told = permutations([*values, None])

    pictures = {make_histogram("f", Counter(dict.fromkeys(t, 5))).bars for t in told}

    assert pictures == {tuple((value, 5) for value in [*sorted(values), None])}


def test_facets_are_counted_within_a_segment(ada: Api, news: str) -> None:
    answer = ada.get(f"/lists/{news}/facets", segment='country = "DE"').json

    assert answer["segment"] == 'country = "DE"'
    assert [histogram["other"] for histogram in answer["facets"]] == [2, 2]


def test_only_known_columns_can_be_asked_for() -> None:
    with pytest.raises(ValueError, match="status; --"):
        bulk.read_rows(["status; --"], "l")
    with pytest.raises(ValueError, match="sealed"):
        list(bulk.count_groups("sealed", "l"))
