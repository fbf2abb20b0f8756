"""Evaluate a segment on one row, several hundred thousand times a second.

The keeper asks this for every row it opens, on facets it has authenticated: a row
outside the signed segment must not leave, whatever the dock sent. The tree is
turned into closures once; there is no generated source and no ``eval`` here.

Missing values: a missing facet compares false with everything, ``!=`` included,
and ``not (a = 1)`` on a missing ``a`` is the plain negation of that: true. The
same holds in the SQL that the dock compiles (``ast.py``).
"""

import operator
from collections.abc import Callable
from typing import Any

from listkeep.core.segments.ast import (
    All,
    And,
    Compare,
    Member,
    Missing,
    Node,
    Not,
    Operator,
    Or,
    Present,
    StatusCompare,
    StatusMember,
    Test,
)
from listkeep.core.segments.values import Row

Predicate = Callable[[Row, str], bool]

_COMPARISONS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.NOT_EQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
}


def compile_predicate(node: Node) -> Predicate:
    """Turn a tree into ``(facets, status) -> bool`` for rows of the same schema."""
    match node:
        case All():
            return lambda _facets, _status: True
        case Not(item):
            inner = compile_predicate(item)
            return lambda facets, status: not inner(facets, status)
        case And(items):
            return _compile_every([compile_predicate(item) for item in items])
        case Or(items):
            return _compile_some([compile_predicate(item) for item in items])
        case _:
            return _compile_test(node)


def _compile_every(parts: list[Predicate]) -> Predicate:
    def holds(facets: Row, status: str) -> bool:
        for part in parts:  # noqa: SIM110 - all() with a generator costs twice as much
            if not part(facets, status):
                return False
        return True

    return holds


def _compile_some(parts: list[Predicate]) -> Predicate:
    def holds(facets: Row, status: str) -> bool:
        for part in parts:  # noqa: SIM110 - any() with a generator costs twice as much
            if part(facets, status):
                return True
        return False

    return holds


def _compile_test(test: Test) -> Predicate:
    match test:
        case Compare():
            return _compile_compare(test)
        case Member(index=index):
            members = frozenset(test.values)
            return lambda facets, _status: facets[index] in members
        case Missing(index=index):
            return lambda facets, _status: facets[index] is None
        case Present(index=index):
            return lambda facets, _status: facets[index] is not None
        case _:
            return _compile_status(test)


def _compile_status(test: StatusCompare | StatusMember) -> Predicate:
    # Plain strings: comparing with an enum's member costs more, for each row.
    if isinstance(test, StatusMember):
        statuses = frozenset(map(str, test.values))
        return lambda _facets, status: status in statuses
    wanted = str(test.value)
    if test.operator is Operator.EQUAL:
        return lambda _facets, status: status == wanted
    return lambda _facets, status: status != wanted


def _compile_compare(test: Compare) -> Predicate:
    index, value = test.index, test.value
    if test.operator is Operator.EQUAL:
        return lambda facets, _status: facets[index] == value
    compare = _COMPARISONS[test.operator]

    def holds(facets: Row, _status: str) -> bool:
        here = facets[index]
        return here is not None and compare(here, value)

    return holds
