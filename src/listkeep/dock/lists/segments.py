"""Compile a segment to SQL under the rules written in ``core/segments/ast.py``.

The condition and ``core.segments.compile_predicate`` must agree on every row: the
keeper evaluates the signed segment again when it opens, and would refuse what this
lets through. Values are bound, never written into the text; the only number in it
is the position of a facet.

The two engines differ in how a facet is taken out of its row, and in nothing else.
SQLite's ``json_extract`` gives numbers, texts, and 1 or 0 for a truth; PostgreSQL's
``->>`` gives text, which is compared by its bytes or cast. A missing facet is NULL
for both.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, assert_never

from django.db import connection

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
    StatusCompare,
    StatusMember,
)

from .statuses import STATUS_CODES

Parameter = str | int | bytes


class Condition(NamedTuple):
    """A condition over columns of ``entry``, and the values to bind."""

    sql: str
    parameters: tuple[Parameter, ...] = ()


_OPERATORS = {
    Operator.EQUAL: "=",
    Operator.NOT_EQUAL: "<>",
    Operator.LESS: "<",
    Operator.LESS_OR_EQUAL: "<=",
    Operator.GREATER: ">",
    Operator.GREATER_OR_EQUAL: ">=",
}


def compile_condition(node: Node) -> Condition:  # noqa: PLR0911 - one per node
    """Turn a segment's tree into a condition for the WHERE clause."""
    match node:
        case All():
            return Condition("TRUE")
        case Not(item):
            inner = compile_condition(item)
            return Condition(f"NOT {inner.sql}", inner.parameters)
        case And(items):
            return _join(" AND ", items)
        case Or(items):
            return _join(" OR ", items)
        case Missing():
            return Condition(f"({_facet(node)} IS NULL)")
        case Present():
            return Condition(f"({_facet(node)} IS NOT NULL)")
        case _:
            return _compile_values(node)


def _compile_values(
    node: Compare | Member | StatusCompare | StatusMember,
) -> Condition:
    """Close each comparison of a facet, because SQL's NOT of NULL is not true."""
    match node:
        case Compare():
            sql = f"COALESCE({_facet(node)} {_OPERATORS[node.operator]} %s, FALSE)"
            return Condition(sql, (node.value,))
        case Member():
            marks = ", ".join(["%s"] * len(node.values))
            sql = f"COALESCE({_facet(node)} IN ({marks}), FALSE)"
            return Condition(sql, tuple(node.values))
        case StatusCompare():
            sql = f"(status {_OPERATORS[node.operator]} %s)"
            return Condition(sql, (STATUS_CODES[node.value],))
        case StatusMember():
            marks = ", ".join(["%s"] * len(node.values))
            codes = tuple(STATUS_CODES[value] for value in node.values)
            return Condition(f"(status IN ({marks}))", codes)
        case _ as never:
            assert_never(never)


def facet_text(index: int) -> str:
    """Write how a text facet is taken out of a row of ``entry``, by its place."""
    return _FACETS[connection.vendor](index, FacetType.TEXT)


def _facet(test: Compare | Member | Missing | Present) -> str:
    return _FACETS[connection.vendor](test.index, test.type)


def _sqlite_facet(index: int, _type: FacetType) -> str:
    return f"json_extract(facets, '$[{index:d}]')"


def _postgresql_facet(index: int, facet_type: FacetType) -> str:
    text = f"(facets::json ->> {index:d})"
    match facet_type:
        case FacetType.INT:
            return f"{text}::bigint"
        case FacetType.BOOL:
            return f"{text}::boolean"
        case _:  # ordered by bytes, whatever the database's own order is
            return f'({text} COLLATE "C")'


_FACETS: dict[str, Callable[[int, FacetType], str]] = {
    "sqlite": _sqlite_facet,
    "postgresql": _postgresql_facet,
}


def _join(word: str, items: Iterable[Node]) -> Condition:
    parts = [compile_condition(item) for item in items]
    parameters = tuple(value for part in parts for value in part.parameters)
    return Condition(f"({word.join(part.sql for part in parts)})", parameters)
