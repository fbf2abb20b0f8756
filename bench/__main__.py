"""Run legs: ``python -m bench import-sqlite --rows 100000 --json --check``."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from typing import Protocol

from bench import (
    decide,
    import_postgres,
    import_sqlite,
    lookup,
    memory,
    open_send,
    opening,
    pages,
    peering,
    proxying,
    queueing,
    reimport,
    size,
    tokens,
    whole_send,
)
from bench.harness import Result, SkippedError
from bench.plot import PLOT, draw
from bench.results import keep, read_results, write_readme


class Leg(Protocol):
    """A module, or whatever else can be run."""

    @property
    def run(self) -> Callable[..., Result]:
        """Measure so many rows in so many rounds."""


LEGS: dict[str, Leg] = {
    "import-sqlite": import_sqlite,
    "import-postgres": import_postgres,
    "reimport": reimport,
    "tokens": tokens,
    "open": opening,
    "lookup": lookup,
    "open-send": open_send,
    "size": size,
    "memory": memory,
    "pages": pages,
    "decide": decide,
    "proxy": proxying.Leg("proxy", signs=False),
    "proxy-dkim": proxying.Leg("proxy-dkim", signs=True),
    "postfix": queueing,
    "send": whole_send,
    "peers-import": peering.Leg("import"),
    "peers-open": peering.Leg("open"),
    "peers-lookup": peering.Leg("lookup"),
}


def main() -> int:
    """Run the legs that were named, or all; 1 when a checked bound is missed."""
    parser = _parser()
    options = parser.parse_args()
    unknown = set(options.legs) - set(LEGS)
    if unknown:
        parser.error(f"there is no leg {', '.join(sorted(unknown))}")
    missed = False
    for result in _measure(options) if not options.readme else ():
        text = json.dumps(result.as_json()) if options.json else _in_words(result)
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
        for miss in result.misses():
            sys.stderr.write(f"bench: {result.leg}: {miss}\n")
            missed = True
        if options.keep:
            keep([result])
    if options.readme or options.keep:
        figures = read_results()
        write_readme(figures)
        PLOT.write_text(draw(figures))
    return int(missed and options.check)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("legs", nargs="*", metavar="LEG", help=", ".join(LEGS))
    add("--rows", type=_sizes, default=[1_000_000], help="sizes, with commas between")
    add("--rounds", type=int, default=5, help="alternating rounds")
    add("--json", action="store_true", help="one object per leg and size")
    add("--check", action="store_true", help="fail on a missed bound")
    add("--keep", action="store_true", help="into results.json, README and plot")
    add("--readme", action="store_true", help="README and plot anew, from results.json")
    return parser


def _sizes(text: str) -> list[int]:
    return [int(word.replace("_", "")) for word in text.split(",")]


def _measure(options: argparse.Namespace) -> Iterator[Result]:
    for rows in options.rows:
        for name in options.legs or LEGS:
            try:
                yield LEGS[name].run(rows=rows, rounds=options.rounds)
            except SkippedError as reason:
                sys.stderr.write(f"bench: {name}: skipped: {reason}\n")


def _in_words(result: Result) -> str:
    beside = {**result.peers, **result.figures}
    lines = "".join(f"\n  {name}: {value}" for name, value in beside.items())
    return (
        f"{result.leg}, {result.rows:,} rows on {result.machine}, {result.date}\n"
        f"  ours {result.ours:,} {result.unit}, reference "
        f"{result.reference:,} {result.unit}, ratio {result.ratio:.2f}{lines}"
    )


if __name__ == "__main__":
    sys.exit(main())
