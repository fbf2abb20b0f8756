"""Read a policy text: Cedar, checked against the schema before it is ever asked.

The engine says what is wrong, not where, and it descends into nested expressions until
its stack ends, which would take the keeper with it. So a text is first cut into tokens
here: that bounds the nesting and gives every refusal its line and column. A sentence
of the engine is repeated without what it quotes, because strings could hold anything.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from importlib.resources import files
from unicodedata import is_normalized

from cedarpy import PolicySet, Schema, pst, validate_policies

from listkeep.core.canonical import encode
from listkeep.core.errors import Code, MalformedError

MAX_BYTES = 32_768
MAX_ENCODED_BYTES = 40_000  # as it stands in a ledger entry
MAX_DEPTH = 16
MAX_TOKENS = 1_000  # in one statement
OPERATOR_ID = "operator"
_ID = re.compile(r"[a-z][a-z0-9-]{0,59}")
_TOKEN = re.compile(
    r"(?P<skipped>\s+|//[^\n]*)"
    r'|(?P<text>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<word>\w+)"
    r"|(?P<sign>::|==|!=|<=|>=|&&|\|\||[@(){}\[\].,;:?<>!+*-])"
)
_ROWS = frozenset({"cap", "recent_rows"})
_ADDRESS = re.compile(r"\w@\w")  # nothing of the engine's own has one
_OF = re.compile(r"^for policy `policy\d+`[:,] ")
_NAME = re.compile(r"[A-Za-z_]\w*")
_HARMLESS = re.compile(r"\w+|[^\w\"]{1,2}|\w+::\"[a-z.]+\"")


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign of a text, and where it stands."""

    text: str
    start: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One permit or forbid, and what it says of itself."""

    id: str
    effect: str
    says: str
    line: int
    actions: frozenset[str] | None  # None: every action
    resource: str | None  # the kind of resource; None: every kind
    counts: frozenset[str]  # the roles whose approvals it counts
    numbers: frozenset[int]  # in what it says about rows


@lru_cache(maxsize=1)
def schema() -> Schema:
    """Read the schema every text is checked and every request is judged against."""
    return Schema.from_str(load("schema.cedarschema"))


def load(name: str) -> str:
    """Read one of the texts that come with the program."""
    return files(__package__).joinpath("policies", name).read_text(encoding="utf-8")


@lru_cache(maxsize=256)
def read_policy(text: str) -> tuple[Statement, ...]:
    """Read a text that may come into force.

    Raises:
        MalformedError: It is no Cedar, speaks of what the schema does not have, or
            hides something from its readers. Names the line and column.
    """
    _check_size(text)
    parts = [_check_bounds(text, part) for part in _split(text)]
    for part in parts:
        _check_syntax(text, part)
    parsed = PolicySet.from_str(text).to_pst()
    if parsed.templates or len(parsed.static_policies) != len(parts):
        raise _bad(text, 0, "a statement has a ?slot; name what it is about")
    _check_meaning(text, parts)
    found = [
        _describe(text, parts[number], parsed.static_policies[f"policy{number}"])
        for number in range(len(parts))
    ]
    for number, statement in enumerate(found):
        if statement.id in {other.id for other in found[:number]}:
            raise _bad(text, parts[number][0].start, "this @id stands above already")
    return tuple(found)


def require_forbids_only(statements: Sequence[Statement]) -> None:
    """Require a text that can take something away, and give nothing.

    Raises:
        MalformedError: It holds a permit.
    """
    for statement in statements:
        if statement.effect != "forbid":
            raise MalformedError(
                f"line {statement.line}: a stricter policy only forbids",
                code=Code.POLICY_INVALID,
                hint="what is permitted stands in the operator's policy",
            )


def _check_size(text: str) -> None:
    if len(text.encode()) > MAX_BYTES:
        raise MalformedError(
            "a policy text is longer than 32 KiB", code=Code.POLICY_INVALID
        )
    for line, content in enumerate(text.split("\n"), 1):
        # Direction marks and the like could show a reader another text.
        shown = next((n for n, c in enumerate(content) if not c.isprintable()), None)
        if shown is not None:
            raise _at(line, shown + 1, "a character that cannot be shown, or a tab")
    if not is_normalized("NFC", text):
        raise MalformedError(
            "a policy text is not in Unicode NFC", code=Code.POLICY_INVALID
        )
    if len(encode(text)) > MAX_ENCODED_BYTES:
        raise MalformedError(
            "a policy text has too many quotation marks and line ends to be recorded",
            code=Code.POLICY_INVALID,
        )


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _bad(text, position, "a sign that Cedar does not have")
        if match.lastgroup != "skipped":
            yield Token(match.group(), position)
        position = match.end()


def _split(text: str) -> list[list[Token]]:
    """Cut a text into statements; only what ends one is a semicolon."""
    parts: list[list[Token]] = [[]]
    for token in _tokens(text):
        parts[-1].append(token)
        if token.text == ";":
            parts.append([])
    return [part for part in parts if part]


def _check_bounds(text: str, part: list[Token]) -> list[Token]:
    depth = 0
    for token in part:
        depth += (token.text in "([{") - (token.text in ")]}")
        depth += token.text == "if"  # these nest without any bracket
        if depth > MAX_DEPTH:
            raise _bad(text, token.start, "this is nested too deeply")
    if len(part) > MAX_TOKENS:
        raise _bad(text, part[0].start, "this statement is too long")
    return part


def _check_syntax(text: str, part: list[Token]) -> None:
    """Find the first word that cannot stand where it stands."""
    complaint = _complaint(text, part, len(part))
    if not complaint:
        return
    low, high = 0, len(part)
    while high - low > 1:  # the beginning of a good statement is only too short
        middle = (low + high) // 2
        too_short = "end of input" in _complaint(text, part, middle)
        low, high = (middle, high) if too_short else (low, middle)
    raise _bad(text, part[high - 1].start, complaint)


def _complaint(text: str, part: list[Token], count: int) -> str:
    last = part[count - 1]
    try:
        PolicySet.from_str(text[part[0].start : last.start + len(last.text)])
    except ValueError as error:
        return str(error)
    return ""


def _check_meaning(text: str, parts: list[list[Token]]) -> None:
    """Check names and types by the schema; point at what the engine names."""
    result = validate_policies(text, schema())
    if result.validation_passed:
        return
    found = [
        (int(each.policy_id.removeprefix("policy")), _OF.sub("", each.error))
        for each in result.errors
    ]
    number, what = min(found, key=lambda each: (each[0], "`" not in each[1], each[1]))
    part, named = parts[number], what.split("`")[1::2]
    names = [*filter(_NAME.fullmatch, named), *re.findall(r'"[^"]*"', "".join(named))]
    places = (token for name in names for token in part if token.text == name)
    raise _bad(text, next(places, part[0]).start, what)


def _describe(text: str, part: list[Token], node: pst.Template) -> Statement:
    name, says = node.annotations.get("id", ""), node.annotations.get("says", "")
    if not _ID.fullmatch(name):
        raise _bad(text, part[0].start, 'a statement needs a name: @id("a-name")')
    if not says or len(says) > 200 or not says.isprintable():
        raise _bad(text, part[0].start, 'a statement says what it does: @says("…")')
    return Statement(
        id=name,
        effect=node.effect,
        says=says,
        line=_line(text, part[0].start),
        actions=_actions(node.action),
        resource=_resource(node.resource),
        counts=frozenset(_counted(node.clauses)),
        numbers=_numbers(node.clauses),
    )


def _actions(scope: pst.ActionConstraint) -> frozenset[str] | None:
    match scope:
        case pst.ActionEq(entity):
            return frozenset({entity.id})
        case pst.ActionIn(entities):
            return frozenset(entity.id for entity in entities)
        case _:
            return None


def _resource(scope: pst.PrincipalOrResourceConstraint) -> str | None:
    match scope:
        case pst.ScopeEq(entity) | pst.ScopeIn(entity) if isinstance(
            entity, pst.EntityUid
        ):
            return str(entity.type)
        case pst.ScopeIs(kind) | pst.ScopeIsIn(kind, _):
            return str(kind)
        case _:
            return None


def _counted(node: object) -> Iterator[str]:
    """Name the roles whose approvals an expression looks at."""
    whole = pst.GetAttr(pst.Var("context"), "approvals")
    if node == whole:
        yield "*"  # the record itself: every role
    elif isinstance(node, pst.GetAttr) and node.base == whole:
        yield node.attr
    else:
        for part in _parts(node):
            yield from _counted(part)


def _numbers(node: object) -> frozenset[int]:
    """Give the numbers beside which rows are counted, for comparing policies."""
    found = list(_walk(node))
    rows = any(isinstance(n, pst.GetAttr) and n.attr in _ROWS for n in found)
    return frozenset(n.value for n in found if rows and isinstance(n, pst.LongLit))


def _walk(node: object) -> Iterator[object]:
    yield node
    for part in _parts(node):
        yield from _walk(part)


def _parts(node: object) -> tuple[object, ...]:
    if isinstance(node, tuple):
        return node
    if isinstance(node, dict):
        return tuple(node.values())
    if is_dataclass(node) and not isinstance(node, type):
        return tuple(getattr(node, each.name) for each in fields(node))
    return ()


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _bad(text: str, position: int, what: str) -> MalformedError:
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return _at(_line(text, position), column, _scrub(what))


def _scrub(what: str) -> str:
    """Repeat the engine's words, but of what they quote only names and signs."""
    words = what.split("`")
    words[1::2] = [
        f"`{quoted}`" if _HARMLESS.fullmatch(quoted) else "something"
        for quoted in words[1::2]
    ]
    text = "".join(words)
    return "this cannot be read" if _ADDRESS.search(text) else text


def _at(line: int, column: int, what: str) -> MalformedError:
    return MalformedError(
        f"line {line}, column {column}: {what}",
        code=Code.POLICY_INVALID,
        hint="`listkeep policy check FILE` reads it as the keeper does",
    )
