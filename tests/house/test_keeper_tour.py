"""The tour leads past every file of the keeper, and tells how long it is."""

import ast
import io
import re
import tokenize
from pathlib import Path

from tests.house.sizes import ROOT

KEEPER = ROOT / "src" / "listkeep" / "keeper"
TOUR = (ROOT / "docs" / "keeper-tour.md").read_text(encoding="utf-8")
NO_STOP = {"__init__.py", "apps.py"}
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def files() -> list[Path]:
    return [
        path
        for path in sorted(KEEPER.rglob("*.py"))
        if "migrations" not in path.relative_to(KEEPER).parts
    ]


def test_the_tour_leads_past_each_file_once() -> None:
    stops = re.findall(r"`((?:\w+/)+\w+\.py)`", TOUR)
    stops = [stop for stop in stops if not stop.startswith(("tests/", "core/"))]

    there = [
        path.relative_to(KEEPER).as_posix()
        for path in files()
        if path.name not in NO_STOP
    ]

    assert sorted(stops) == there


def test_the_tour_tells_how_long_it_is() -> None:
    rows = re.findall(r"^\| `?(\w+)`? \| ([\d,]+) \| ([\d,]+) \|$", TOUR, re.MULTILINE)
    told = {name: (_number(lines), _number(code)) for name, lines, code in rows}
    found: dict[str, tuple[int, int]] = {}
    for path in files():
        room = path.relative_to(KEEPER).parts[0]
        if room == "__init__.py":
            continue
        lines, code = found.get(room, (0, 0))
        text = path.read_text(encoding="utf-8")
        found[room] = (lines + len(text.splitlines()), code + count_code(text))
    found["all"] = (
        sum(lines for lines, _ in found.values()),
        sum(code for _, code in found.values()),
    )

    assert told.keys() == found.keys()
    for room, sizes in found.items():
        for said, is_so in zip(told[room], sizes, strict=True):
            assert abs(said - is_so) <= max(20, is_so * 0.05), (room, sizes)


def count_code(text: str) -> int:
    """Count the lines that are neither blank, comment nor docstring."""
    documented: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                documented |= _span(first)
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - documented)


def _span(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def test_code_is_counted_as_people_would() -> None:
    text = '"""Say."""\n\n# why\ndef f() -> str:\n    """Do.\n\n    It.\n    """\n'

    assert count_code(text + "    return (\n        'a'\n    )\n") == 4
