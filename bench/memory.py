"""Leg ``memory``: the most memory each process takes for an import and an export.

Ours is the most any process of the instance ever had resident, at this size; the
reference is the same at a tenth of it. A ratio near one says that memory does not
grow with the list; below 100,000 rows what is kept of what repeats is still filling.
"""

from statistics import median

from bench.filled import filled_instance
from bench.harness import Bound, Result, Rounds, sum_up
from bench.instance import forget_peak, peak_megabytes
from bench.opening import export, prepare_exports

LEG = "memory"
BUILDINGS = ("dock", "keeper")
LEAST_ROWS = 5_000  # facets of fewer could identify somebody
MOST_MEGABYTES = 300
LEAST_FULL_ROWS = 100_000
MOST_OF_A_TENTH = 1.3
Peaks = dict[str, float]


def run(*, rows: int, rounds: int) -> Result:
    """Measure peaks at this size and at a tenth of it, in fresh instances."""
    large, small = [], []
    for _ in range(min(rounds, 3)):  # an import and an export each; they vary little
        large.append(_peaks(rows))
        small.append(_peaks(max(LEAST_ROWS, rows // 10)))
    rates = Rounds(
        tuple(max(peaks.values()) for peaks in large),
        tuple(max(peaks.values()) for peaks in small),
    )
    peaks = {name: median(each[name] for each in large) for name in large[0]}
    flat = [(Bound("of a tenth", at_most=MOST_OF_A_TENTH), rates.ratio)]
    if rows // 10 < LEAST_FULL_ROWS:
        flat.clear()
    return sum_up(
        LEG,
        rates,
        rows=rows,
        unit="MB",
        figures={f"{name} MB": round(value) for name, value in peaks.items()},
        bounds=(
            (Bound("MB", at_most=MOST_MEGABYTES), max(peaks.values())),
            *flat,
        ),
    )


def _peaks(rows: int) -> Peaks:
    with filled_instance(rows) as filled:
        pids = {name: filled.running.supervisor.pid(name) for name in BUILDINGS}
        peaks = {f"{name}, import": peak_megabytes(pid) for name, pid in pids.items()}
        prepare_exports(filled)
        for pid in pids.values():
            forget_peak(pid)
        export(filled)
        for name, pid in pids.items():
            peaks[f"{name}, export"] = peak_megabytes(pid)
    return peaks
