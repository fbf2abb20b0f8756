"""Leg ``reimport``: a file half of whose addresses are in the list already.

The reference is the import of a file of the same size into the same list while it is
empty. Measured on SQLite; PostgreSQL's ratio stands beside it, and both have the bound.
"""

import tempfile
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from statistics import median

from bench.harness import Bound, Result, Rounds, sum_up
from bench.importing import FACETS, Costs, import_file
from bench.instance import Running, running_instance
from bench.server import running_server
from listkeep.drill.audience import SampleAudience

LEG = "reimport"
LEAST_OF_FRESH = 0.5
_CHUNK_ROWS = 1000
_LEAST_CHUNKS = 2


def run(*, rows: int, rounds: int) -> Result:
    """Measure both engines in turn."""
    with (
        tempfile.TemporaryDirectory(prefix="listkeep-bench-") as folder,
        running_server() as server,
    ):
        first, second = Path(folder) / "first.csv", Path(folder) / "second.csv"
        _write_halves(first, second, rows)
        pairs, beside = list[tuple[float, float]](), list[float]()
        for _ in range(rounds):
            pairs.append(_twice(running_instance(), first, second, rows))
            address = server.make("dock")
            again, fresh = _twice(
                running_instance("--dock-database", address), first, second, rows
            )
            server.drop("dock")
            beside.append(again / fresh)
    rates = Rounds(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))
    on_server = round(median(beside), 3)
    return sum_up(
        LEG,
        rates,
        rows=rows,
        unit="rows/s",
        figures={"ratio on PostgreSQL": on_server},
        bounds=(
            (Bound("of a fresh import", at_least=LEAST_OF_FRESH), rates.ratio),
            (Bound("of a fresh one, PostgreSQL", at_least=LEAST_OF_FRESH), on_server),
        ),
    )


def _twice(
    instance: AbstractContextManager[Running], first: Path, second: Path, rows: int
) -> tuple[float, float]:
    """Import one file and then the other; tell both rates, the later one first."""
    with instance as running:
        running.dock.create_list("audience", facets=FACETS)
        fresh = import_file(running, first, rows, Costs())
        return import_file(running, second, rows, Costs()), fresh


def _write_halves(first: Path, second: Path, rows: int) -> None:
    """Write two files of so many rows; half of each is in both."""
    count = max(rows // _CHUNK_ROWS, _LEAST_CHUNKS)
    header, *chunks = SampleAudience((count + count // 2) * _CHUNK_ROWS, seed=1)
    with first.open("wb") as out:
        out.writelines(chain([header], chunks[:count]))
    with second.open("wb") as out:
        out.writelines(chain([header], chunks[count // 2 :]))
