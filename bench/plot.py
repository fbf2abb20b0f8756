"""Draw time against size from ``results.json``: an SVG for light and dark pages.

Both axes are logarithmic, a decade as wide as it is high times two: what takes time in
proportion to the rows is a straight line, and what does not depend on them is level.
"""

from collections.abc import Iterator, Sequence
from math import log10
from typing import Any, Final, NamedTuple

from bench.results import ROOT

PLOT: Final = ROOT / "docs" / "speed.svg"
_LEFT, _TOP, _RIGHT, _BOTTOM = 84, 64, 620, 484
_ROWS = (4, 7)  # powers of ten
_SECONDS = (-3, 3)
_TIMES = {-3: "1 ms", -2: "10 ms", -1: "0.1 s", 0: "1 s", 1: "10 s", 2: "100 s"}
_SIZES = {4: "10,000", 5: "100,000", 6: "1,000,000", 7: "10,000,000"}
_STYLE = """
    :root { --ink: #1c2430; --soft: #5a6675; --paper: #ffffff; --grid: #dfe5ec; \
--one: #2a5db0; --two: #1f6f4a; --three: #b4430f; --four: #7a3fa0; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e7ecf2; --soft: #a3afbd; --paper: #10151c; --grid: #2b3642; \
--one: #86b2ff; --two: #6fd3a2; --three: #ff9a66; --four: #cf9cf2; }
    }
    text { font: 14px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; \
fill: var(--ink); }
    .name { font-size: 18px; font-weight: 700; } .soft { fill: var(--soft); }
    .grid { stroke: var(--grid); } polyline { fill: none; stroke-width: 2.5; }
    .one { --own: var(--one); } .two { --own: var(--two); }
    .three { --own: var(--three); } .four { --own: var(--four); }
    polyline { stroke: var(--own); } circle, .label { fill: var(--own); }"""


class Line(NamedTuple):
    """One leg as a line: rows and seconds, smallest first."""

    name: str
    points: tuple[tuple[int, float], ...]


def draw(results: Sequence[dict[str, Any]]) -> str:
    """Draw imports, exports and look-ups; sizes that were not measured are left out."""
    lines = [line for line in _lines(results) if line.points]
    told = "; ".join(f"{line.name}: {_in_words(line)}" for line in lines)
    body = "\n".join([*_grid(), *_drawn(lines)])
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 540" role="img" '
        'aria-labelledby="title description">\n'
        '  <title id="title">Time against size</title>\n'
        f'  <desc id="description">{told}.</desc>\n'
        f"  <style>{_STYLE}\n  </style>\n"
        '  <rect width="860" height="540" style="fill: var(--paper)"/>\n'
        f'  <text x="{_LEFT}" y="32" class="name">Time against size</text>\n'
        f'  <text x="{_LEFT + 180}" y="32" class="soft">both axes logarithmic</text>'
        f"\n{body}\n</svg>\n"
    )


def _lines(results: Sequence[dict[str, Any]]) -> Iterator[Line]:
    for leg, name in (
        ("import-sqlite", "import, SQLite"),
        ("import-postgres", "import, PostgreSQL"),
        ("open", "export"),
    ):
        found = [(r["rows"], r["rows"] / r["ours"]) for r in results if r["leg"] == leg]
        yield Line(name, tuple(sorted(found)))
    found = [(r["rows"], r["ours"] / 1000) for r in results if r["leg"] == "lookup"]
    yield Line("one look-up, p99", tuple(sorted(found)))


def _grid() -> Iterator[str]:
    for power, label in _SIZES.items():
        x = _x(10**power)
        yield f'  <path d="M{x} {_TOP}V{_BOTTOM}" class="grid"/>'
        yield (
            f'  <text x="{x}" y="{_BOTTOM + 24}" text-anchor="middle" class="soft">'
            f"{label}</text>"
        )
    for power in range(_SECONDS[0], _SECONDS[1] + 1):
        y = _y(10.0**power)
        yield f'  <path d="M{_LEFT} {y}H{_RIGHT}" class="grid"/>'
        yield (
            f'  <text x="{_LEFT - 10}" y="{y + 5}" text-anchor="end" class="soft">'
            f"{_TIMES.get(power, '1,000 s')}</text>"
        )
    yield (
        f'  <text x="{(_LEFT + _RIGHT) // 2}" y="{_BOTTOM + 46}" '
        'text-anchor="middle">rows in the list</text>'
    )


def _drawn(lines: Sequence[Line]) -> Iterator[str]:
    taken: list[float] = []
    kinds = ("one", "two", "three", "four")
    for line, kind in zip(lines, kinds, strict=False):
        places = [(_x(rows), _y(seconds)) for rows, seconds in line.points]
        path = " ".join(f"{x},{y}" for x, y in places)
        yield f'  <g class="{kind}"><polyline points="{path}"/>'
        yield "".join(f'    <circle cx="{x}" cy="{y}" r="4"/>' for x, y in places)
        height = places[-1][1] + 5
        while any(abs(height - other) < 18 for other in taken):
            height += 6  # labels of lines that end together stand below each other
        taken.append(height)
        last = _duration(line.points[-1][1])
        yield (
            f'    <text x="{_RIGHT + 16}" y="{height}" class="label">{line.name}: '
            f"{last}</text></g>"
        )


def _x(rows: float) -> float:
    share = (log10(rows) - _ROWS[0]) / (_ROWS[1] - _ROWS[0])
    return round(_LEFT + share * (_RIGHT - _LEFT), 1)


def _y(seconds: float) -> float:
    share = (log10(seconds) - _SECONDS[0]) / (_SECONDS[1] - _SECONDS[0])
    return round(_BOTTOM - share * (_BOTTOM - _TOP), 1)


def _in_words(line: Line) -> str:
    return ", ".join(f"{rows:,} rows {_duration(s)}" for rows, s in line.points)


def _duration(seconds: float) -> str:
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"
