"""Keep what was measured: ``results.json``, and the table of the README."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.harness import Result

ROOT = Path(__file__).parents[1]
FILE = ROOT / "bench" / "results.json"
README = ROOT / "README.md"
START, END = "<!-- bench -->", "<!-- /bench -->"
_HEAD = (
    "| Leg | Rows | Ours | Reference | Ratio | Must be |",
    "|---|---|---|---|---|---|",
)
Figures = dict[str, Any]


def read_results(file: Path = FILE) -> list[Figures]:
    """Read the newest figures of each leg and size."""
    if not file.exists():
        return []
    found: list[Figures] = json.loads(file.read_text())
    return found


def keep(results: Iterable[Result], file: Path = FILE) -> None:
    """Put new figures in the place of older ones of the same leg and size."""
    known = {(each["leg"], each["rows"]): each for each in read_results(file)}
    for result in results:
        known[result.leg, result.rows] = result.as_json()
    ordered = [known[key] for key in sorted(known)]
    file.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")


def write_readme(results: Sequence[Figures], readme: Path = README) -> None:
    """Put the table where the README has its marks.

    Raises:
        ValueError: It has none.
    """
    before, _, rest = readme.read_text().partition(START)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError("the README has no place for the table")
    table = format_table(results)
    readme.write_text(f"{before}{START}\n{table}\n{END}{after}")


def format_table(results: Sequence[Figures]) -> str:
    """Write figures as Markdown: one table of legs, one of others' ways."""
    lines = [*_HEAD, *map(_row, results)]
    peers = [row for each in results for row in _peer_rows(each)]
    if peers:
        lines += ["", "| Beside it, in the same rounds | Rows | Rate | Ours is |"]
        lines += ["|---|---|---|---|", *peers]
    lines += ["", _origin(results)]
    return "\n".join(lines)


def _row(each: Figures) -> str:
    ours, reference = (_amount(each[name]) for name in ("ours", "reference"))
    bounds = "; ".join(map(_bound, each["bounds"]))
    return (
        f"| `{each['leg']}` | {each['rows']:,} | {ours} {each['unit']} | {reference} |"
        f" {each['ratio']:.2f} | {bounds} |"
    )


def _bound(bound: Figures) -> str:
    sign = "≥" if "at_least" in bound else "≤"
    most = bound.get("at_least") or bound["at_most"]
    text = f"{sign} {_amount(float(most))} {bound['name']}"
    return text if bound["kept"] else f"**missed:** {text}, is {bound['value']:,.2f}"


def _peer_rows(each: Figures) -> Iterable[str]:
    for name, rate in each["peers"].items():
        yield (
            f"| `{each['leg']}`: {name} | {each['rows']:,} |"
            f" {_amount(rate)} {each['unit']} | {each['ours'] / rate:.2f} times |"
        )


def _origin(results: Sequence[Figures]) -> str:
    machines = ", ".join(sorted({each["machine"] for each in results}))
    dates = sorted({each["date"] for each in results})
    rounds = sorted({each["rounds"] for each in results})
    loads = [float(word) for each in results for word in each["load"].split()[:1]]
    return (
        f"Measured on {' to '.join(dict.fromkeys((dates[0], dates[-1])))} with "
        f"{machines}; medians of {' to '.join(map(str, {rounds[0], rounds[-1]}))} "
        f"alternating rounds; the load was {min(loads):.1f} to {max(loads):.1f}."
    )


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}".removesuffix(".00")
