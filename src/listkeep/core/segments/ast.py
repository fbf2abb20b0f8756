"""Segments as values: the tree that people sign and that is evaluated twice.

The keeper evaluates it in Python (``evaluate.py``), the dock compiles it to SQL.
Both must agree, so these rules are part of the format:

- A missing facet (``null``) compares false with everything, ``!=`` included. Only
  ``is missing`` and ``is not missing`` see it.
- ``and``, ``or`` and ``not`` are plain two-valued logic over those answers: on a
  row where ``a`` is missing, ``a = 1`` is false and therefore ``not (a = 1)`` is
  TRUE. SQL's own three-valued ``NOT NULL`` is not true, so a compiler must close
  each comparison: ``COALESCE(value = ?, FALSE)``.
- ``text`` is compared for equality only, by code points, both sides in NFC.
- ``int`` is ordered as numbers; ``date`` and ``month`` are ordered as ASCII text
  (``COLLATE "C"`` where a database has locales).

``index`` is the facet's position in the JSON array of the row.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from listkeep.core.segments.values import FacetType, Status, Value


class Operator(StrEnum):
    """How a facet is compared with one value."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


EQUALITY = frozenset({Operator.EQUAL, Operator.NOT_EQUAL})


@dataclass(frozen=True, slots=True)
class All:
    """Every entry; stands alone, so that no longer text can hide it."""


@dataclass(frozen=True, slots=True)
class FacetTest:
    """What each test of a facet names: the position, the name and the type."""

    index: int
    name: str
    type: FacetType


@dataclass(frozen=True, slots=True)
class Compare(FacetTest):
    """``name operator value``; false where the facet is missing."""

    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Member(FacetTest):
    """``name in (values)``; values are sorted and distinct; false where missing."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Missing(FacetTest):
    """``name is missing``."""


@dataclass(frozen=True, slots=True)
class Present(FacetTest):
    """``name is not missing``."""


@dataclass(frozen=True, slots=True)
class StatusCompare:
    """``status = value`` or ``status != value``; a status is never missing."""

    operator: Operator
    value: Status


@dataclass(frozen=True, slots=True)
class StatusMember:
    """``status in (values)``; values are sorted and distinct."""

    values: tuple[Status, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where ``item`` is false, also where it is false for want of a value."""

    item: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more items, none of them an ``And``; build with ``all_of``."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more items, none of them an ``Or``; build with ``any_of``."""

    items: tuple["Node", ...]


Test = Compare | Member | Missing | Present | StatusCompare | StatusMember
Node = All | Test | Not | And | Or


def all_of(items: Iterable[Node]) -> Node:
    """Join items with ``and``; nested ones are taken apart, a single one stays."""
    flat: list[Node] = []
    for item in items:
        flat.extend(item.items if isinstance(item, And) else (item,))
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(items: Iterable[Node]) -> Node:
    """Join items with ``or``; nested ones are taken apart, a single one stays."""
    flat: list[Node] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Or) else (item,))
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def format_node(node: Node) -> str:
    """Write a tree as the one text that everybody signs for it.

    ``and`` inside ``or`` gets parentheses although it binds tighter: people who
    approve a segment should not have to know that.
    """
    match node:
        case All():
            return "all"
        case Not(item):
            return f"not {_format_inner(item)}"
        case And(items):
            return " and ".join(map(_format_inner, items))
        case Or(items):
            return " or ".join(map(_format_inner, items))
        case _:
            return _format_test(node)


def _format_inner(node: Node) -> str:
    text = format_node(node)
    return f"({text})" if isinstance(node, And | Or) else text


def _format_test(test: Test) -> str:
    match test:
        case Compare():
            value = _format_value(test.type, test.value)
            return f"{test.name} {test.operator} {value}"
        case Member():
            values = (_format_value(test.type, value) for value in test.values)
            return f"{test.name} in ({', '.join(values)})"
        case Missing():
            return f"{test.name} is missing"
        case Present():
            return f"{test.name} is not missing"
        case StatusCompare():
            return f"status {test.operator} {test.value}"
        case _:
            return f"status in ({', '.join(test.values)})"


def _format_value(facet_type: FacetType, value: Value) -> str:
    text = str(value)
    if facet_type is FacetType.TEXT:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return text.lower()  # True and False become words of the language
