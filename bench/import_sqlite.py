"""Leg ``import-sqlite``: a CSV file to committed, sealed rows in SQLite.

The reference inserts with ``executemany`` (``importing.py`` says the rest).
"""

import sqlite3
import tempfile
import time
from pathlib import Path

from bench.harness import Result, alternate
from bench.importing import (
    FACETS,
    Costs,
    import_file,
    sealed_rows,
    sum_up_import,
    write_audience,
)
from bench.instance import running_instance
from bench.processors import Watch, note

LEG = "import-sqlite"


def run(*, rows: int, rounds: int) -> Result:
    """Measure, and say how much memory each process took at most."""
    costs = Costs()
    with tempfile.TemporaryDirectory(prefix="listkeep-bench-") as folder:
        file = Path(folder) / "audience.csv"
        write_audience(file, rows)
        rates = alternate(
            lambda: _import(file, rows, costs),
            lambda: _reference(file, Path(folder) / "reference.sqlite3", costs),
            rounds=rounds,
        )
    return sum_up_import(LEG, rates, rows=rows, costs=costs)


def _import(file: Path, rows: int, costs: Costs) -> float:
    with running_instance() as running:
        running.dock.create_list("audience", facets=FACETS)
        return import_file(running, file, rows, costs)


def _reference(file: Path, path: Path, costs: Costs) -> float:
    path.unlink(missing_ok=True)
    watch, started = Watch({}), time.perf_counter()
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE entry (token BLOB, sealed BLOB)")
    database.execute("CREATE UNIQUE INDEX one_token ON entry (token)")
    database.execute("BEGIN IMMEDIATE")
    database.executemany(
        "INSERT OR REPLACE INTO entry VALUES (?, ?)", sealed_rows(file)
    )
    database.execute("COMMIT")
    rate = database.total_changes / (time.perf_counter() - started)
    note(costs.reference, watch.stop())
    database.close()
    return rate
