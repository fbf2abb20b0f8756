"""What is kept of a run, and how the README and its plot show it."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from bench.harness import Bound, Result
from bench.plot import PLOT, draw
from bench.results import README, keep, read_results, write_readme


def result(leg: str, rows: int, ours: float, **more: Any) -> Result:
    return Result(
        leg=leg,
        rows=rows,
        ours=ours,
        reference=100_000,
        ratio=ours / 100_000,
        unit="rows/s",
        rounds=5,
        machine="2 cores",
        date="2026-01-05",
        load="0.4 0.3",
        bounds=((Bound("of the reference", at_least=1), ours / 100_000),),
        **more,
    )


def test_newer_figures_replace_those_of_the_same_leg_and_size(tmp_path: Path) -> None:
    file = tmp_path / "results.json"

    keep([result("open", 1000, 5), result("open", 2000, 6)], file)
    keep([result("open", 1000, 7), result("memory", 1000, 8)], file)

    kept = [(each["leg"], each["rows"], each["ours"]) for each in read_results(file)]
    assert kept == [("memory", 1000, 8), ("open", 1000, 7), ("open", 2000, 6)]


def test_the_table_stands_between_the_marks_and_names_what_was_missed(
    tmp_path: Path,
) -> None:
    readme, file = tmp_path / "README.md", tmp_path / "results.json"
    readme.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")
    keep(
        [
            result("open", 1000, 50_000, peers={"another way": 25_000.0}),
            result("import-sqlite", 1000, 120_000),
        ],
        file,
    )

    write_readme(read_results(file), readme)

    text = readme.read_text()
    assert text.startswith("before\n<!-- bench -->\n| Leg |")
    assert text.endswith("<!-- /bench -->\nafter\n")
    assert "old" not in text
    assert "| **missed:** ≥ 1 of the reference, is 0.50 |" in text
    assert "| ≥ 1 of the reference |" in text
    assert "| `open`: another way | 1,000 | 25,000 rows/s | 2.00 times |" in text
    assert "2 cores" in text


def test_a_readme_without_marks_is_left_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("nothing\n")

    with pytest.raises(ValueError, match="no place"):
        write_readme([], readme)

    assert readme.read_text() == "nothing\n"


def test_the_plot_is_an_image_with_words_for_those_who_do_not_see_it() -> None:
    results = [
        result("import-sqlite", 10_000, 50_000).as_json(),
        result("import-sqlite", 1_000_000, 50_000).as_json(),
        result("open", 10_000, 100_000).as_json(),
    ]

    drawn = ET.fromstring(draw(results))  # noqa: S314 - our own text

    words = "".join(drawn.itertext())
    assert "import, SQLite: 10,000 rows 0.2 s, 1,000,000 rows 20.0 s" in words
    assert "export: 10,000 rows 0.1 s" in words
    assert "PostgreSQL" not in words
    assert len([each for each in drawn.iter() if each.tag.endswith("circle")]) == 3


def test_what_the_readme_shows_is_what_was_measured(tmp_path: Path) -> None:
    copy = tmp_path / "README.md"
    copy.write_text(README.read_text())

    write_readme(read_results(), copy)

    assert copy.read_text() == README.read_text(), "run `python -m bench --readme`"
    assert PLOT.read_text() == draw(read_results())
