"""Run legs: ``python -m bench import-sqlite --rows 100000 --json --check``."""

import argparse
import json
import sys

from bench import decide, import_sqlite
from bench.harness import Result

LEGS = {"import-sqlite": import_sqlite, "decide": decide}


def main() -> int:
    """Run the legs that were named, or all; 1 when a checked bound is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("legs", nargs="*", metavar="LEG", help=", ".join(LEGS))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds")
    parser.add_argument("--json", action="store_true", help="one object per leg")
    parser.add_argument("--check", action="store_true", help="fail on a missed bound")
    options = parser.parse_args()
    unknown = set(options.legs) - set(LEGS)
    if unknown:
        parser.error(f"there is no leg {', '.join(sorted(unknown))}")
    missed = False
    for name in options.legs or LEGS:
        result = LEGS[name].run(rows=options.rows, rounds=options.rounds)
        misses = result.misses()
        text = json.dumps(result.as_json()) if options.json else _in_words(result)
        sys.stdout.write(f"{text}\n")
        for miss in misses:
            sys.stderr.write(f"bench: {name}: {miss}\n")
        missed = missed or bool(misses)
    return int(missed and options.check)


def _in_words(result: Result) -> str:
    peers = "".join(f"\n  {name}: {value}" for name, value in result.peers.items())
    return (
        f"{result.leg}, {result.rows:,} rows on {result.machine}, {result.date}\n"
        f"  ours {result.ours:,.0f} {result.unit}, reference "
        f"{result.reference:,.0f} {result.unit}, ratio {result.ratio:.2f}{peers}"
    )


if __name__ == "__main__":
    sys.exit(main())
