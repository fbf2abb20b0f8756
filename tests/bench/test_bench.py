"""A small run of each leg: that it runs and says what it should, not how fast."""

import json
import subprocess
import sys
from pathlib import Path

from bench.harness import Bound, Rounds

ROOT = Path(__file__).parents[2]


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_import_leg_measures_both_ways_and_the_memory() -> None:
    done = bench("import-sqlite", "--rows", "5000", "--rounds", "1", "--json")

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["leg"] == "import-sqlite"
    assert figures["rows"] == 5000
    assert figures["unit"] == "rows/s"
    assert min(figures["ours"], figures["reference"], figures["ratio"]) > 0
    assert set(figures["peers"]) == {"dock peak MB", "keeper peak MB"}
    assert figures["machine"]
    assert figures["date"]


def test_the_decide_leg_measures_the_whole_and_its_parts() -> None:
    done = bench("decide", "--rows", "20", "--rounds", "1", "--json")

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["leg"], figures["rows"]) == ("decide", 20)
    assert figures["unit"] == "decisions/s"
    assert 0 < figures["ours"] < figures["reference"]
    assert min(figures["peers"].values()) > 0


def test_a_missed_bound_fails_a_checked_run_only() -> None:
    words = ("import-sqlite", "--rows", "5000", "--rounds", "1")

    done = bench(*words, "--check")

    missed = "must be at least" in done.stderr  # so few rows are all overhead
    assert done.returncode == int(missed)


def test_an_unknown_leg_is_wrong_usage() -> None:
    assert bench("nothing").returncode == 2


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    assert Rounds((10.0, 30.0, 20.0), (10.0, 10.0, 40.0)).ratio == 1.0


def test_a_bound_says_by_how_much_it_is_missed() -> None:
    assert Bound("rate", at_least=10).miss(10) == ""
    assert "must be at least 10.00" in Bound("rate", at_least=10).miss(9)
    assert "must be at most 10.00" in Bound("size", at_most=10).miss(11)
