"""What the import legs share: one measured import, and the reference's rows.

Ours is the whole way over HTTP: dock and keeper as two processes, owner-signed
import, staging, merge, ledger. The reference is one process that parses, computes
HMAC-SHA-256 and seals with AES-GCM on the way into a table with a unique index, with
the same durability. Both read the same file; rounds alternate.
"""

import csv
import hashlib
import hmac
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.harness import Bound, Result, Rounds, sum_up
from bench.instance import Running, peak_megabytes
from bench.processors import Spent, Watch, note, sum_up_processors
from listkeep.drill.audience import SampleAudience

FACETS = ["country:text", "language:text", "plan:text", "member_rating:int"]
LEAST_OF_REFERENCE = 1.0
MOST_MEGABYTES = 300

Memory = dict[str, float]
BUILDINGS = ("dock", "keeper")


@dataclass
class Costs:
    """What each import took beside time: of memory at most, and of processors."""

    memory: Memory = field(default_factory=lambda: dict.fromkeys(BUILDINGS, 0.0))
    ours: Spent = field(default_factory=dict)
    reference: Spent = field(default_factory=dict)


def write_audience(path: Path, rows: int) -> None:
    """Write the file that all import."""
    with path.open("wb") as out:
        out.writelines(SampleAudience(rows, seed=1))


def import_file(
    running: Running, file: Path, rows: int, costs: Costs, *, server: int | None = None
) -> float:
    """Import a file into the list ``audience``; tell how many rows a second.

    ``server`` is the process of the database's server, where there is one.
    """
    request = running.stage.sign_for_import("ada", "audience", file=file, rows=rows)
    source = running.dock.begin_import("audience", request=request)
    pids = {name: running.supervisor.pid(name) for name in BUILDINGS}
    watch = Watch({**pids, "server": server} if server else pids)
    started = time.perf_counter()
    with file.open("rb") as data:
        done = running.dock.send_file(source.id, data, size_bytes=file.stat().st_size)
    seconds = time.perf_counter() - started
    note(costs.ours, watch.stop())
    for name, before in costs.memory.items():
        costs.memory[name] = max(before, peak_megabytes(pids[name]))
    return (done.rows + done.rejected) / seconds


def sealed_rows(file: Path) -> Iterator[tuple[bytes, bytes]]:
    """Parse and seal a file as the reference does: a token and a row for each line."""
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


def sum_up_import(leg: str, rates: Rounds, *, rows: int, costs: Costs) -> Result:
    """Make the result of an import leg: its bounds are the rate and the memory."""
    return sum_up(
        leg,
        rates,
        rows=rows,
        unit="rows/s",
        figures={
            **{f"{name} peak MB": round(most) for name, most in costs.memory.items()},
            **sum_up_processors(costs.ours, costs.reference, rows=rows),
        },
        bounds=(
            (Bound("of the reference", at_least=LEAST_OF_REFERENCE), rates.ratio),
            *(
                (Bound(f"{name} peak MB", at_most=MOST_MEGABYTES), value)
                for name, value in costs.memory.items()
            ),
        ),
    )
