"""Leg ``open``: a granted export of the whole list, to a file only one can read.

Ours is all of it over HTTP: the dock reads sealed rows, the keeper opens and checks
each (tag, token, list, selection, suppressions, cap), writes CSV into age for the
enrolled recipient and records the outcome, and the dock has the file on its disk. The
reference is one process that has its rows in memory: an AES-GCM open loop that writes
the same lines through the same age library to a file, and checks nothing but the tag.
The figure beside it reads those rows from a table first, as an export has to.
"""

import os
import time
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import cast

import pyrage

from bench.filled import LIST, Filled, filled_instance
from bench.harness import Bound, Result, alternate, sum_up
from bench.instance import CUSTODIANS, OWNERS
from bench.policies import allow_large_exports
from bench.processors import Spent, Watch, note, sum_up_processors
from bench.reference import open_rows, read_table, seal_to_table

LEG = "open"
LEAST_OF_REFERENCE = 0.4
RECIPIENT = "warehouse"


def run(*, rows: int, rounds: int) -> Result:
    """Measure how many rows a second go from the sealed table into the file."""
    with filled_instance(rows) as filled:
        prepare_exports(filled)
        folder, key = filled.running.home, os.urandom(32)
        table = folder / "bench-reference.sqlite3"
        seal_to_table(filled.file, table, key=key)
        sealed = list(read_table(table))
        ours, reference = Spent(), Spent()
        rates = alternate(
            lambda: export(filled, ours),
            lambda: _reference(iter(sealed), key, folder, reference),
            rounds=rounds,
            peers={
                "reference, rows read from a table": lambda: _reference(
                    read_table(table), key, folder
                )
            },
        )
    return sum_up(
        LEG,
        rates,
        rows=rows,
        unit="rows/s",
        figures=sum_up_processors(ours, reference, rows=rows),
        bounds=((Bound("of the reference", at_least=LEAST_OF_REFERENCE), rates.ratio),),
    )


def prepare_exports(filled: Filled) -> None:
    """Enrol a recipient, and agree that many rows leave without an hour's wait."""
    stage = filled.running.stage
    allow_large_exports(stage, by=CUSTODIANS)
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    stage.add_recipient(RECIPIENT, recipient, by=OWNERS)


def export(filled: Filled, spent: Spent | None = None) -> float:
    """Export the list once, signed by two owners; gives the export's own rate.

    Notes in ``spent`` what it cost the buildings.
    """
    running = filled.running
    request = running.stage.agree(
        *OWNERS,
        "export",
        list=LIST,
        selection="all",
        cap=filled.entries,
        recipient=RECIPIENT,
    )
    buildings = {name: running.supervisor.pid(name) for name in ("dock", "keeper")}
    watch, started = Watch(buildings), time.perf_counter()
    done = running.dock.run_export(request.id)
    seconds = time.perf_counter() - started
    note({} if spent is None else spent, watch.stop())
    return done.rows / seconds


class _Lines:
    """Opened rows as a file the age library reads from."""

    def __init__(self, rows: Iterator[bytes]) -> None:
        self._rows, self._left = rows, bytearray()
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes."""
        left = self._left
        while len(left) < size and (line := next(self._rows, None)) is not None:
            left += line
            self.count += 1
        data = bytes(left[:size])
        del left[:size]
        return data


def _reference(
    sealed: Iterator[bytes], key: bytes, folder: Path, spent: Spent | None = None
) -> float:
    recipient = pyrage.x25519.Identity.generate().to_public()
    lines = _Lines(open_rows(sealed, key))
    watch, started = Watch({}), time.perf_counter()
    with (folder / "bench-reference.age").open("wb") as file:
        pyrage.encrypt_io(cast(BufferedIOBase, lines), file, [recipient])
        file.flush()
        os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    note({} if spent is None else spent, watch.stop())
    return lines.count / seconds
