"""Leg ``import-sqlite``: a CSV file to committed, sealed rows in SQLite.

Ours is the whole way over HTTP: dock and keeper as two processes, owner-signed
import, staging, merge, ledger. The reference is one process that parses, computes
HMAC-SHA-256, seals with AES-GCM and inserts with ``executemany`` into a table with
a unique index, with the same durability. Both read the same file; rounds alternate.
"""

import csv
import hashlib
import hmac
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.harness import Bound, Result, alternate, sum_up
from bench.instance import peak_megabytes, running_instance
from listkeep.drill.audience import SampleAudience

LEG = "import-sqlite"
FACETS = ["country:text", "language:text", "plan:text", "member_rating:int"]
LEAST_OF_REFERENCE = 1.0
MOST_MEGABYTES = 300


def run(*, rows: int, rounds: int) -> Result:
    """Measure, and say how much memory each process took at most."""
    memory: dict[str, float] = {"dock": 0.0, "keeper": 0.0}
    with tempfile.TemporaryDirectory(prefix="listkeep-bench-") as folder:
        file = Path(folder) / "audience.csv"
        with file.open("wb") as out:
            out.writelines(SampleAudience(rows, seed=1))
        rates = alternate(
            lambda: _import(file, rows, memory),
            lambda: _reference(file, Path(folder) / "reference.sqlite3"),
            rounds=rounds,
        )
    return sum_up(
        LEG,
        rates,
        rows=rows,
        unit="rows/s",
        figures={f"{name} peak MB": round(most) for name, most in memory.items()},
        bounds=(
            (Bound("of the reference", at_least=LEAST_OF_REFERENCE), rates.ratio),
            *(
                (Bound(f"{name} peak MB", at_most=MOST_MEGABYTES), value)
                for name, value in memory.items()
            ),
        ),
    )


def _import(file: Path, rows: int, memory: dict[str, float]) -> float:
    with running_instance() as running:
        running.dock.create_list("audience", facets=FACETS)
        request = running.stage.sign_for_import("ada", "audience", file=file, rows=rows)
        source = running.dock.begin_import("audience", request=request)
        started = time.perf_counter()
        with file.open("rb") as data:
            done = running.dock.send_file(
                source.id, data, size_bytes=file.stat().st_size
            )
        seconds = time.perf_counter() - started
        for name, before in memory.items():
            pid = running.supervisor.pid(name)
            memory[name] = max(before, peak_megabytes(pid))
        return (done.rows + done.rejected) / seconds


def _reference(file: Path, path: Path) -> float:
    path.unlink(missing_ok=True)
    started = time.perf_counter()
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE entry (token BLOB, sealed BLOB)")
    database.execute("CREATE UNIQUE INDEX one_token ON entry (token)")
    database.execute("BEGIN IMMEDIATE")
    count = 0

    def counted() -> Iterator[tuple[bytes, bytes]]:
        nonlocal count
        for row in _sealed(file):
            count += 1
            yield row

    database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", counted())
    database.execute("COMMIT")
    database.close()
    return count / (time.perf_counter() - started)


def _sealed(file: Path) -> Iterator[tuple[bytes, bytes]]:
    key, cipher = os.urandom(32), AESGCM(os.urandom(32))
    with file.open(encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        next(rows)
        for row in rows:
            address = row[0].strip().lower().encode()
            token = hmac.digest(key, address, hashlib.sha256)
            nonce = os.urandom(12)
            sealed = nonce + cipher.encrypt(nonce, "\x1f".join(row).encode(), None)
            yield token, sealed
