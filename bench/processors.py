"""How long processes kept a processor busy, which a busy machine changes little.

On a machine that others use a rate is theirs as much as ours. What a row costs in
seconds of a processor is steadier, and it says what a rate could be at most: when no
core ever waits.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

_TICKS = os.sysconf("SC_CLK_TCK")
_TIMES = slice(11, 15)  # of stat behind the name: own time and that of reaped children
Spent = dict[str, list[float]]  # seconds, round by round, by the name of a process
HERE = "here"


class Watch:
    """Seconds of a processor that some processes spend between two moments."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        """Begin to watch them, with all they have started, and this one."""
        self._pids = dict(pids)
        self._before = self._read()

    def stop(self) -> dict[str, float]:
        """Tell what each spent since then; what is left of this one is ``here``."""
        return {name: now - self._before[name] for name, now in self._read().items()}

    def _read(self) -> dict[str, float]:
        spent = {name: _seconds(pid) for name, pid in self._pids.items()}
        return {**spent, HERE: time.process_time()}


def note(spent: Spent, round_: Mapping[str, float]) -> None:
    """Keep what one round spent."""
    for name, seconds in round_.items():
        spent.setdefault(name, []).append(seconds)


def sum_up_processors(ours: Spent, reference: Spent, *, rows: int) -> dict[str, float]:
    """Tell what a row costs each process, and what the ratio could be at most.

    That is what it would be if nothing ever waited: ours on all cores, the processes of
    the reference beside each other.
    """
    ours_each, reference_each = (
        {name: median(seconds) / rows for name, seconds in spent.items()}
        for spent in (ours, reference)
    )
    at_best = sum(ours_each.values()) / (os.cpu_count() or 1)
    return {
        **{f"{name} µs/row": _microseconds(cost) for name, cost in ours_each.items()},
        "reference µs/row": _microseconds(sum(reference_each.values())),
        "ratio at most": round(max(reference_each.values()) / at_best, 2),
    }


def _microseconds(seconds: float) -> float:
    return round(seconds * 1_000_000, 2)


def _seconds(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        tasks = list(Path(f"/proc/{pid}/task").glob("*/children"))
        children = [int(word) for task in tasks for word in task.read_text().split()]
    except FileNotFoundError:  # it has just ended: its parent has its time
        return 0.0
    own = sum(map(int, stat[_TIMES])) / _TICKS
    return own + sum(map(_seconds, children))
