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
    Memory,
    import_file,
    new_memory,
    sealed_rows,
    sum_up_import,
    write_audience,
)
from bench.instance import running_instance

LEG = "import-sqlite"


def run(*, rows: int, rounds: int) -> Result:
    """Measure, and say how much memory each process took at most."""
    memory = new_memory()
    with tempfile.TemporaryDirectory(prefix="listkeep-bench-") as folder:
        file = Path(folder) / "audience.csv"
        write_audience(file, rows)
        rates = alternate(
            lambda: _import(file, rows, memory),
            lambda: _reference(file, Path(folder) / "reference.sqlite3"),
            rounds=rounds,
        )
    return sum_up_import(LEG, rates, rows=rows, memory=memory)


def _import(file: Path, rows: int, memory: Memory) -> float:
    with running_instance() as running:
        running.dock.create_list("audience", facets=FACETS)
        return import_file(running, file, rows, memory)


def _reference(file: Path, path: Path) -> float:
    path.unlink(missing_ok=True)
    started = time.perf_counter()
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
    database.close()
    return rate
