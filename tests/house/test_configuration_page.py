"""docs/configuration.md names each key with the default it has in the code."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.house.sizes import ROOT

PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
SOURCES = ROOT / "src" / "listkeep"
CLASSES = {
    "keeper.toml": (SOURCES / "keeper/project/settings.py", "KeeperConfig"),
    "dock.toml": (SOURCES / "dock/project/config.py", "DockConfig"),
    "console.toml": (SOURCES / "console/project/config.py", "ConsoleConfig"),
    "dock.toml, section outlet": (SOURCES / "dock/outlet/config.py", "OutletConfig"),
    "cli.toml": (SOURCES / "cli/home.py", "CliConfig"),
}


def documented(page: str, file: str) -> dict[str, Any]:
    """Read keys and defaults from the table under a file's heading."""
    section = page.partition(f"\n## {file}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", section, re.MULTILINE)
    return {key: tomllib.loads(f"value = {default}")["value"] for key, default in rows}


def defined(path: Path, name: str) -> dict[str, Any]:
    """Read keys and defaults from a class, without importing what it needs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = next(
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == name
    )
    return {
        ast.unparse(line.target): ast.literal_eval(line.value)
        for line in found.body
        if isinstance(line, ast.AnnAssign) and line.value
    }


@pytest.mark.parametrize("file", CLASSES)
def test_the_page_has_each_key_with_its_default_and_no_other(file: str) -> None:
    path, name = CLASSES[file]

    assert defined(path, name)
    assert documented(PAGE, file) == defined(path, name)


def test_every_settings_class_has_its_section() -> None:
    classes = {
        node.name
        for path in SOURCES.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base) == "Config" for base in node.bases)
    }

    assert classes == {name for _, name in CLASSES.values()}


def test_a_key_that_is_missing_on_the_page_is_noticed() -> None:
    path, name = CLASSES["keeper.toml"]
    page = PAGE.replace("| `threads` |", "| `strands` |")

    assert page != PAGE
    assert documented(page, "keeper.toml") != defined(path, name)
