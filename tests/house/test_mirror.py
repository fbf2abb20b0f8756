import ast
from pathlib import Path

import pytest

from tests.house.sizes import ROOT

MIRRORED = ("core", "wire")
# Declarations alone: one test file holds all of them to the same rules.
TESTED_AS_ONE = {"messages"}


def mirrored_sources(room: str) -> list[Path]:
    base = ROOT / "src" / "listkeep" / room
    return [path for path in sorted(base.rglob("*.py")) if has_code(path)]


def has_code(path: Path) -> bool:
    """Say whether a file does more than describe and re-export its package."""
    return any(
        not isinstance(node, ast.Import | ast.ImportFrom)
        and not is_docstring(node)
        and not is_all(node)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    )


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_all(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "__all__"
    )


def expected_test(source: Path) -> Path:
    """Return where the tests of a file live: `core/a/b.py`, `core/a/test_b.py`."""
    place = source.relative_to(ROOT / "src" / "listkeep")
    folder = ROOT / "tests" / place.parent
    if source.name == "__init__.py" or place.parent.name in TESTED_AS_ONE:
        return folder.parent / f"test_{place.parent.name}.py"
    return folder / f"test_{source.name.lstrip('_')}"


@pytest.mark.parametrize("room", MIRRORED)
def test_each_file_has_its_test_file(room: str) -> None:
    sources = mirrored_sources(room)

    assert sources
    missing = [
        expected_test(source).relative_to(ROOT).as_posix()
        for source in sources
        if not expected_test(source).is_file()
    ]
    assert missing == []


@pytest.mark.parametrize("room", MIRRORED)
def test_each_test_file_has_its_file(room: str) -> None:
    expected = {expected_test(source) for source in mirrored_sources(room)}

    found = set((ROOT / "tests" / room).rglob("test_*.py"))

    assert sorted(path.name for path in found - expected) == []


def test_a_package_file_that_only_gathers_names_needs_no_test(tmp_path: Path) -> None:
    gathering = tmp_path / "gathering.py"
    gathering.write_text('"""A room."""\n\nfrom a import b\n\n__all__ = ["b"]\n')
    working = tmp_path / "working.py"
    working.write_text('"""A room."""\n\nLIMIT = 4\n')

    assert not has_code(gathering)
    assert has_code(working)
