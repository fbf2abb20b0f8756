"""A small run of each leg: that it runs and says what it should, not how fast."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.harness import Bound, Rounds, alternate

ROOT = Path(__file__).parents[2]
SMALL = ("--rows", "5000", "--rounds", "1")
COSTS = {
    *("dock peak MB", "keeper peak MB", "dock µs/row", "keeper µs/row", "here µs/row"),
    *("reference µs/row", "ratio at most"),
}


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def measured(leg: str) -> dict[str, Any]:
    done = bench(leg, *SMALL, "--json")
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(done.stdout)
    assert figures["leg"] == leg
    assert min(figures["ours"], figures["reference"], figures["ratio"]) > 0
    assert figures["machine"]
    assert figures["date"]
    assert figures["load"]
    assert all(bound["value"] > 0 for bound in figures["bounds"])
    return figures


@pytest.mark.parametrize(
    ("leg", "unit", "beside"),
    [
        ("import-sqlite", "rows/s", COSTS),
        ("import-postgres", "rows/s", {*COSTS, "server µs/row"}),
        ("reimport", "rows/s", {"ratio on PostgreSQL"}),
        ("tokens", "tokens/s", {"entries selected"}),
        ("open", "rows/s", COSTS - {"dock peak MB", "keeper peak MB"}),
        ("open-send", "ms/call", {"rows/s", "rsa ms", "ed25519 ms"}),
        (
            "lookup",
            "ms p99",
            {"p50 ms", "p90 ms", "p50 ms in bursts", "fsync p99 ms"},
        ),
        ("size", "bytes/entry", set()),
        (
            "memory",
            "MB",
            {
                *("dock, import MB", "keeper, import MB"),
                *("dock, export MB", "keeper, export MB"),
            },
        ),
    ],
)
def test_a_leg_measures_both_ways_and_what_is_beside_it(
    leg: str, unit: str, beside: set[str]
) -> None:
    figures = measured(leg)

    assert (figures["rows"], figures["unit"]) == (5000, unit)
    assert set(figures["figures"]) == beside
    assert figures["bounds"]


def test_peers_that_are_here_are_measured_beside_us() -> None:
    figures = measured("peers-lookup")

    assert figures["unit"] == "look-ups/s"
    assert "plain Django, not encrypted" in figures["peers"]
    assert "django-fernet-encrypted-fields" not in figures["peers"], "it finds nothing"
    assert min(figures["peers"].values()) > 0


def test_the_decide_leg_measures_the_whole_and_its_parts() -> None:
    done = bench("decide", "--rows", "20", "--rounds", "1", "--json")

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["leg"], figures["rows"]) == ("decide", 20)
    assert figures["unit"] == "decisions/s"
    assert 0 < figures["ours"] < figures["reference"]
    assert min(figures["figures"].values()) > 0


def test_the_send_leg_measures_memory_and_what_is_left() -> None:
    done = bench("send", "--rows", "300", "--json")

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["leg"], figures["rows"], figures["unit"]) == ("send", 300, "MB")
    found = figures["figures"]
    for name in ("proxy", "keeper", "dock", "worker"):
        assert found[f"{name}, MB"] >= found[f"{name}, MB at a tenth"] > 0
    assert found["messages/s"] > 0
    assert found["dock, bytes a message"] > 0
    assert found["keeper, bytes a message"] > 0
    assert found["forgotten, rows"] == 300
    assert found["forgetting, rows/s"] > 0


def test_a_missed_bound_fails_a_checked_run_only() -> None:
    done = bench("decide", "--rows", "10", "--rounds", "1", "--check")

    missed = "must be at least" in done.stderr
    assert done.returncode == int(missed)


def test_an_unknown_leg_is_wrong_usage() -> None:
    assert bench("nothing").returncode == 2


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    assert Rounds((10.0, 30.0, 20.0), (10.0, 10.0, 40.0)).ratio == 1.0


def test_the_ways_take_turns_round_by_round() -> None:
    turns: list[str] = []

    def rate(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    rates = alternate(
        lambda: rate("ours"),
        lambda: rate("reference"),
        rounds=2,
        peers={"peer": lambda: rate("peer")},
    )

    assert turns == ["ours", "reference", "peer"] * 2
    assert rates.ours == (1.0, 4.0)
    assert rates.peers == {"peer": (3.0, 6.0)}


def test_a_bound_says_by_how_much_it_is_missed() -> None:
    assert Bound("rate", at_least=10).miss(10) == ""
    assert "must be at least 10.00" in Bound("rate", at_least=10).miss(9)
    assert "must be at most 10.00" in Bound("size", at_most=10).miss(11)
