"""Every row of docs/threat-model.md names a test or drill that exists."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.sizes import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
EVIDENCE = "Shown by"
REFERENCE = re.compile(r"`((?:tests|src/listkeep/drill)/[\w/]+\.py)(?:::(\w+))?`")


def claims(page: str) -> list[tuple[str, str]]:
    """Give each claim of a page as what it says and what it names as evidence."""
    found = []
    columns = 0
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("|"):
            columns = 0
        elif cells[-1] == EVIDENCE:
            columns = len(cells)
        elif columns and not set(line) <= set("|- "):
            assert len(cells) == columns, line
            found.append((" / ".join(cells[:-1]), cells[-1]))
    return found


def faults(root: Path, evidence: str) -> list[str]:
    """Say what is wrong with the evidence of one claim."""
    references = REFERENCE.findall(evidence)
    if not references:
        return ["names no test"]
    wrong = [
        f"{file}::{name}" if name else file
        for file, name in references
        if not exists(root / file, name)
    ]
    rest = REFERENCE.sub("", evidence).strip(", ")
    return wrong + ([f"not a reference: {rest}"] if rest else [])


def exists(path: Path, name: str) -> bool:
    if not path.is_file():
        return False
    functions = {
        node.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    return name in functions if name else bool(functions)


def test_the_page_makes_claims_about_every_foothold_of_the_drill() -> None:
    thieves = ("thief with all databases", "dock's disk", "session", "application's")
    said = "\n".join(claim for claim, _ in claims(PAGE))

    assert len(claims(PAGE)) > 30
    assert [
        thief for thief in (*thieves, "alone and greedy") if thief not in said
    ] == []


def test_every_claim_is_shown_by_something_that_exists() -> None:
    wrong = {
        claim: faults(ROOT, evidence)
        for claim, evidence in claims(PAGE)
        if faults(ROOT, evidence)
    }

    assert wrong == {}


@pytest.mark.parametrize(
    ("evidence", "fault"),
    [
        ("", "names no test"),
        ("everybody knows", "names no test"),
        ("`tests/attack/test_gone.py`", "tests/attack/test_gone.py"),
        ("`tests/test_here.py::test_gone`", "tests/test_here.py::test_gone"),
        ("`tests/test_here.py::test_it` and a hunch", "not a reference: and a hunch"),
    ],
)
def test_a_claim_without_evidence_is_noticed(
    tmp_path: Path, evidence: str, fault: str
) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_here.py").write_text("def test_it() -> None: ...\n")
    page = f"| Who | {EVIDENCE} |\n|---|---|\n| Eve | {evidence} |\n"

    [(claim, named)] = claims(page)

    assert claim == "Eve"
    assert faults(tmp_path, named) == [fault]


def test_good_evidence_is_enough(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_here.py").write_text("def test_it() -> None: ...\n")

    assert faults(tmp_path, "`tests/test_here.py::test_it`") == []
    assert faults(tmp_path, "`tests/test_here.py::test_it`, `tests/test_here.py`") == []
