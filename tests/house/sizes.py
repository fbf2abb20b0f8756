"""Measure modules and functions against the house's limits (`make sizes`).

A module is split at 400 lines and a function at 50, docstrings and decorators
counted, because that is what a reader scrolls through. Migrations are written
by Django and do not count.
"""

import ast
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("src", "tests", "bench")

MODULE_LIMIT = 400
FUNCTION_LIMIT = 50
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Size:
    """How many lines a module or a function takes, and where it begins."""

    lines: int
    place: str


@dataclass(frozen=True, slots=True)
class Survey:
    """All modules and functions of a tree, the longest first."""

    modules: Sequence[Size]
    functions: Sequence[Size]

    def offenders(self) -> list[Size]:
        """Return what is over its limit."""
        long_modules = [size for size in self.modules if size.lines > MODULE_LIMIT]
        long_functions = [
            size for size in self.functions if size.lines > FUNCTION_LIMIT
        ]
        return long_modules + long_functions


def survey(root: Path) -> Survey:
    """Measure each module and function below the rooms of ``root``."""
    modules: list[Size] = []
    functions: list[Size] = []
    for path in sources(root):
        text = path.read_text(encoding="utf-8")
        place = path.relative_to(root).as_posix()
        modules.append(Size(len(text.splitlines()), place))
        functions.extend(measure_functions(ast.parse(text), place))
    return Survey(_longest_first(modules), _longest_first(functions))


def sources(root: Path) -> Iterator[Path]:
    """Yield the Python files that people of the house write."""
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def measure_functions(tree: ast.Module, place: str) -> Iterator[Size]:
    """Yield the size of each function, from its first decorator to its end."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = [decorator.lineno for decorator in node.decorator_list]
            first = min([node.lineno, *decorators])
            last = node.end_lineno or node.lineno
            yield Size(last - first + 1, f"{place}:{node.lineno} {node.name}")


def report(found: Survey) -> str:
    """Return the longest modules and functions, and whatever is over a limit."""
    lines: list[str] = []
    for kind, limit, sizes in (
        ("modules", MODULE_LIMIT, found.modules),
        ("functions", FUNCTION_LIMIT, found.functions),
    ):
        median = statistics.median([size.lines for size in sizes] or [0])
        lines.append(f"{len(sizes)} {kind}, median {median:g} lines, limit {limit}")
        lines += [f"  {size.lines:4} {size.place}" for size in sizes[:SHOWN]]
    lines += [f"too long: {size.place}, {size.lines}" for size in found.offenders()]
    return "\n".join(lines)


def _longest_first(sizes: list[Size]) -> Sequence[Size]:
    return tuple(sorted(sizes, key=lambda size: (-size.lines, size.place)))


def main() -> int:
    """Print the report; say 1 if anything is over its limit."""
    found = survey(ROOT)
    sys.stdout.write(report(found) + "\n")
    return 1 if found.offenders() else 0


if __name__ == "__main__":
    sys.exit(main())
