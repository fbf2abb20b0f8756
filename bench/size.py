"""Leg ``size``: what an entry takes on the disk, its indexes included.

Ours is the dock's database file after an import, less what an empty one takes. The
reference is the file of the reference's table (``reference.py``), which holds the same:
every column of the imported file. Bytes do not vary, so one round is enough.
"""

import os
import sqlite3
from pathlib import Path

from bench.filled import FACETS, LIST, import_file
from bench.harness import Bound, Result, Rounds, sum_up
from bench.instance import Running, running_instance
from bench.reference import seal_to_table
from listkeep.drill.audience import SampleAudience

LEG = "size"
MOST_OF_REFERENCE = 1.5


def run(*, rows: int, rounds: int) -> Result:  # noqa: ARG001 - see above
    """Measure bytes per entry in SQLite."""
    with running_instance() as running:
        file = running.home / "bench-audience.csv"
        with file.open("wb") as out:
            out.writelines(SampleAudience(rows, seed=1))
        ours = _ours(running, file, rows)
        table = running.home / "bench-reference.sqlite3"
        seal_to_table(file, table, key=os.urandom(32))
        reference = table.stat().st_size / _count(table)
    rates = Rounds((ours,), (reference,))
    return sum_up(
        LEG,
        rates,
        rows=rows,
        unit="bytes/entry",
        bounds=((Bound("of the reference", at_most=MOST_OF_REFERENCE), rates.ratio),),
    )


def _ours(running: Running, file: Path, rows: int) -> float:
    database = running.home / "dock.sqlite3"
    running.dock.create_list(LIST, facets=FACETS)
    empty = _size(database)
    import_file(running, file, rows)
    return (_size(database) - empty) / running.dock.count(LIST).count


def _size(path: Path) -> int:
    """Tell the size of a database once its log has been written into it."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path.stat().st_size


def _count(path: Path) -> int:
    database = sqlite3.connect(path)
    (count,) = database.execute("SELECT count(*) FROM entry").fetchone()
    database.close()
    return int(count)


def table_bytes(path: Path, table: str) -> int:
    """Tell what a table and its indexes take of a database."""
    database = sqlite3.connect(path)
    try:
        (size,) = database.execute(
            "SELECT sum(pgsize) FROM dbstat WHERE name IN "
            "(SELECT name FROM sqlite_schema WHERE tbl_name = ?)",
            [table],
        ).fetchone()
    finally:
        database.close()
    return int(size)
