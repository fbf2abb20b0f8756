"""The segment language: a small filter over facets and status.

``country = "DE" and plan in ("pro", "team") and (rating >= 3 or not vip = true)``

``not`` binds tighter than ``and``, ``and`` tighter than ``or``. Words of the
language may be written in any case, field names only as in the schema. Text stands
in quotes; numbers, true, false, dates, months and status words need none. A
missing facet compares false with everything; see ``ast.py`` for what follows.

Every error says the column and shows the place. The sentence itself never repeats
the input; only ``excerpt.py`` does, with everything that may be an address covered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, cast

from listkeep.core.errors import Code, MalformedError
from listkeep.core.segments.ast import (
    EQUALITY,
    All,
    Compare,
    Member,
    Missing,
    Node,
    Not,
    Operator,
    Present,
    StatusCompare,
    StatusMember,
    Test,
    all_of,
    any_of,
    format_node,
)
from listkeep.core.segments.evaluate import Predicate, compile_predicate
from listkeep.core.segments.excerpt import point_at
from listkeep.core.segments.facets import RESERVED_NAMES
from listkeep.core.segments.schema import Schema
from listkeep.core.segments.values import FacetType, Flaw, Status, Value, read_value

if TYPE_CHECKING:
    from lark import Lark, Token, Tree
    from lark.exceptions import UnexpectedInput, UnexpectedToken

MAX_SEGMENT_CHARACTERS = 2000
MAX_DEPTH = 20
MAX_VALUES = 200

_GRAMMAR = r"""
?start: ALL -> everything
      | disjunction
?disjunction: conjunction (_OR conjunction)*
?conjunction: negation (_AND negation)*
?negation: _NOT negation -> negated
         | "(" disjunction ")"
         | comparison
?comparison: NAME OPERATOR _value -> compare
           | NAME _IN "(" _value ("," _value)* ")" -> member
           | NAME _IS _MISSING -> missing
           | NAME _IS _NOT _MISSING -> present
_value: STRING | BARE | NAME

ALL.2: /all\b/i
_AND.2: /and\b/i
_OR.2: /or\b/i
_NOT.2: /not\b/i
_IN.2: /in\b/i
_IS.2: /is\b/i
_MISSING.2: /missing\b/i
OPERATOR: /!=|<=|>=|=|<|>/
NAME: /[A-Za-z_][A-Za-z0-9_]*/
BARE: /[+-]?[0-9][0-9A-Za-z_.:+-]*/
STRING: /"(?:[^"\\]|\\["'\\])*"|'(?:[^'\\]|\\["'\\])*'/
%ignore /\s+/
"""

_EXPECTED = (  # the first whose token would have been right
    ("OPERATOR", "expected =, !=, <, <=, >, >=, in or is missing"),
    ("STRING", 'expected a value, such as "DE", 3, true or 2024-05'),
    ("_MISSING", "expected missing or not missing"),
    ("NAME", "expected a field name, not or an opening parenthesis"),
    ("LPAR", "expected values in parentheses"),
    ("COMMA", "expected a comma or a closing parenthesis"),
    ("RPAR", "expected and, or, or a closing parenthesis"),
    ("_AND", "expected and, or, or the end"),
)


class SegmentError(MalformedError):
    """The text is no segment of this schema; ``column`` counts from 1."""

    default_code = Code.SEGMENT_INVALID

    def __init__(self, message: str, *, column: int, hint: str) -> None:
        """Keep the column for pages that mark it in their own way."""
        super().__init__(f"segment, column {column}: {message}", hint=hint)
        self.column = column


@dataclass(frozen=True, slots=True)
class Segment:
    """A filter over the facets and status of one schema's entries."""

    schema: Schema
    node: Node

    def format(self) -> str:
        """Write the canonical text: the one that is signed."""
        return format_node(self.node)

    def compile(self) -> Predicate:
        """Prepare ``(facets, status) -> bool`` for rows decoded by the schema."""
        return compile_predicate(self.node)


def parse_segment(text: str, schema: Schema) -> Segment:
    """Read a segment, so that it means the same wherever it is evaluated.

    Raises:
        SegmentError: The text is too long, too deep, not in the language, or names
            fields, comparisons or values that the schema does not have.
    """
    return Segment(schema, _Reader(text, schema).read())


@cache
def _parser() -> "Lark":
    from lark import Lark  # noqa: PLC0415 - only who asks in words waits for it

    return Lark(_GRAMMAR, parser="lalr", lexer="basic", propagate_positions=True)


class _Reader:
    """Read one text against one schema, knowing where everything stands."""

    def __init__(self, text: str, schema: Schema) -> None:
        self._text = text
        self._schema = schema
        self._fields = (*schema.names, "status")
        self._values = 0

    def read(self) -> Node:
        if len(self._text) > MAX_SEGMENT_CHARACTERS:
            raise self._error(
                MAX_SEGMENT_CHARACTERS,
                f"longer than {MAX_SEGMENT_CHARACTERS} characters",
            )
        node = self._node(self._tree(), depth=1)
        # The canonical text is what is signed and read again, so it must fit too.
        if len(format_node(node)) > MAX_SEGMENT_CHARACTERS:
            raise self._error(
                len(self._text) - 1,
                f"longer than {MAX_SEGMENT_CHARACTERS} characters when written out",
            )
        return node

    def _error(self, at: int, message: str, hint: str = "") -> SegmentError:
        column = at + 1
        known = RESERVED_NAMES.union(self._fields, Status)
        place = point_at(self._text, column=column, known=known)
        # The sentence comes first: a label before it would shift the caret.
        hint = f"{hint}\n{place}" if hint else f"look here\n{place}"
        return SegmentError(message, column=column, hint=hint)

    def _tree(self) -> "Tree[Token]":
        from lark.exceptions import UnexpectedInput  # noqa: PLC0415 - as above

        try:
            return _parser().parse(self._text)
        except UnexpectedInput as unexpected:
            error = self._explain(unexpected)
        raise error  # out here, so that no traceback carries the parser's copy

    def _explain(self, unexpected: "UnexpectedInput") -> SegmentError:
        from lark.exceptions import UnexpectedCharacters  # noqa: PLC0415 - as above

        if isinstance(unexpected, UnexpectedCharacters):
            at = cast("int", unexpected.pos_in_stream)
            return self._error(at, *_explain_character(self._text[at]))
        found = cast("UnexpectedToken", unexpected)
        is_end = found.token.type == "$END"
        at = len(self._text.rstrip()) if is_end else _at(found.token)
        # Not ``expected``: that also lists what would fail one step later.
        wanted = found.accepts
        if found.token.type == "ALL":
            return self._error(at, "all stands alone", "leave it out, or all the rest")
        says = (words for name, words in _EXPECTED if name in wanted)
        return self._error(at, next(says, "nothing may follow here"))

    def _node(self, tree: "Tree[Token]", *, depth: int) -> Node:
        if depth > MAX_DEPTH:
            at = tree.meta.start_pos
            raise self._error(at, f"nested deeper than {MAX_DEPTH}")
        match str(tree.data):
            case "everything":
                return All()
            case "negated":
                return Not(next(self._items(tree, depth)))
            case "conjunction":
                return all_of(self._items(tree, depth))
            case "disjunction":
                return any_of(self._items(tree, depth))
        name, *rest = cast("list[Token]", tree.children)
        if name == "status":
            return self._status_test(str(tree.data), name, rest)
        return self._facet_test(str(tree.data), name, rest)

    def _items(self, tree: "Tree[Token]", depth: int) -> Iterator[Node]:
        for child in tree.children:
            yield self._node(cast("Tree[Token]", child), depth=depth + 1)

    def _facet_test(self, kind: str, name: "Token", rest: "Sequence[Token]") -> Test:
        index = self._schema.find_index(str(name))
        if index is None:
            raise self._error(_at(name), "unknown field", self._suggest(name))
        facet = self._schema.facets[index]
        place = (index, facet.name, facet.type)
        if kind == "missing":
            return Missing(*place)
        if kind == "present":
            return Present(*place)
        if kind == "compare":
            operator = Operator(str(rest[0]))
            if operator not in EQUALITY and facet.type in _UNORDERED:
                raise self._error(
                    _at(rest[0]), f"{facet.type} values have no order", "use = or !="
                )
            return Compare(*place, operator, self._value(facet.type, rest[1]))
        if facet.type is FacetType.BOOL:
            raise self._error(_at(name), "a bool is not compared by in", "use =")
        values = {self._value(facet.type, token) for token in rest}
        return Member(*place, tuple(sorted(values)))

    def _status_test(self, kind: str, name: "Token", rest: "Sequence[Token]") -> Test:
        if kind == "member":
            statuses = {self._status(token) for token in rest}
            return StatusMember(tuple(sorted(statuses)))
        if kind != "compare":
            raise self._error(_at(name), "a status is never missing", "use = or !=")
        operator = Operator(str(rest[0]))
        if operator not in EQUALITY:
            raise self._error(_at(rest[0]), "a status has no order", "use =, != or in")
        return StatusCompare(operator, self._status(rest[1]))

    def _status(self, token: "Token") -> Status:
        self._count(token)
        word = _unquote(token)
        if word not in set(Status):
            hint = f"a status is one of {', '.join(Status)}"
            raise self._error(_at(token), "unknown status", hint)
        return Status(word)

    def _value(self, facet_type: FacetType, token: "Token") -> Value:
        self._count(token)
        if facet_type is FacetType.TEXT and token.type != "STRING":
            raise self._error(_at(token), "text stands in quotes", 'such as "DE"')
        text = _unquote(token)
        value = read_value(facet_type, text)
        if value is None:
            hint = "write is missing to find entries without a value"
            raise self._error(_at(token), "value is blank", hint)
        if isinstance(value, Flaw):
            hint = _EXAMPLES.get(facet_type, "such a value is in no row")
            raise self._error(_at(token), value.message, hint)
        # Cutting a day to its month is right for a cell, but widens a question.
        if facet_type in _CALENDAR and value != text:
            message = f"value is finer than a {facet_type}"
            raise self._error(_at(token), message, _EXAMPLES[facet_type])
        return value

    def _count(self, token: "Token") -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._error(_at(token), f"more than {MAX_VALUES} values")

    def _suggest(self, name: "Token") -> str:
        close = get_close_matches(str(name)[:60].lower(), self._fields, n=3)
        if close:
            return f"did you mean {' or '.join(close)}?"
        return f"fields are {', '.join(self._fields)}; sealed columns cannot be used"


_UNORDERED = frozenset({FacetType.TEXT, FacetType.BOOL})
_TYPOGRAPHIC_QUOTES = "\u00ab\u00bb\u2018\u2019\u201a\u201c\u201d\u201e\u201f"
_CALENDAR = frozenset({FacetType.DATE, FacetType.MONTH})
_EXAMPLES = {
    FacetType.INT: "write a whole number, such as 3",
    FacetType.BOOL: "write true or false",
    FacetType.DATE: "write a date, such as 2024-05-17",
    FacetType.MONTH: "write a month, such as 2024-05",
}


def _explain_character(char: str) -> tuple[str, str]:
    if char in "\"'":
        return "quoted text is not closed", "a backslash may stand before \\ and quotes"
    if char in _TYPOGRAPHIC_QUOTES:
        return "this is not a quotation mark of the language", 'use " instead'
    return "this character means nothing here", "text stands in quotes"


def _at(token: "Token") -> int:
    return cast("int", token.start_pos)


def _unquote(token: "Token") -> str:
    text = str(token)
    if token.type != "STRING":
        return text
    pieces = text[1:-1].split("\\\\")  # a backslash for each pair, whatever follows
    return "\\".join(piece.replace("\\", "") for piece in pieces)
