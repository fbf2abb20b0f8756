import ast
from pathlib import Path

from tests.house.sizes import (
    FUNCTION_LIMIT,
    MODULE_LIMIT,
    ROOT,
    Size,
    measure_functions,
    report,
    survey,
)


def a_function(lines: int) -> str:
    return "def f() -> None:\n" + "    pass\n" * (lines - 1)


def test_no_module_or_function_of_the_house_is_over_its_limit() -> None:
    found = survey(ROOT)

    assert found.modules
    assert found.offenders() == []


def test_a_tree_at_the_limits_passes_and_one_line_more_does_not(
    tmp_path: Path,
) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (source / "long.py").write_text("\n" * MODULE_LIMIT)
    (source / "deep.py").write_text(a_function(FUNCTION_LIMIT))
    assert survey(tmp_path).offenders() == []

    (source / "long.py").write_text("\n" * (MODULE_LIMIT + 1))
    (source / "deep.py").write_text(a_function(FUNCTION_LIMIT + 1))

    found = survey(tmp_path)
    assert found.offenders() == [
        Size(MODULE_LIMIT + 1, "src/long.py"),
        Size(FUNCTION_LIMIT + 1, "src/deep.py:1 f"),
    ]
    assert "too long: src/deep.py:1 f, 51" in report(found)


def test_what_django_wrote_is_not_measured(tmp_path: Path) -> None:
    migrations = tmp_path / "src" / "room" / "migrations"
    migrations.mkdir(parents=True)
    (migrations / "0001_initial.py").write_text("\n" * (MODULE_LIMIT + 1))

    assert survey(tmp_path).modules == ()


def test_decorators_and_inner_functions_are_counted() -> None:
    text = "@cache\n@other\ndef outer():\n    async def inner():\n        pass\n"

    sizes = set(measure_functions(ast.parse(text), "room.py"))

    assert sizes == {Size(5, "room.py:3 outer"), Size(2, "room.py:4 inner")}
