"""Leg ``tokens``: stream the tokens of a segment over HTTP from the dock.

Ours is what an application does: a bearer, a segment, and JSON Lines of token, status
and facets until the last line, which counts them. The reference reads the same columns
from the same database file in one process and writes the same kind of line, with the
standard library alone: no HTTP, no keeper asked, one statement for all rows.
"""

import base64
import json
import sqlite3
import time
from pathlib import Path
from statistics import median

from bench.filled import LIST, Filled, filled_instance
from bench.harness import Bound, Result, alternate, sum_up

LEG = "tokens"
SEGMENT = "status = subscribed and member_rating >= 2"  # most of them
LEAST_PER_SECOND = 300_000


def run(*, rows: int, rounds: int) -> Result:
    """Measure how many entries a second arrive at the reader."""
    with filled_instance(rows) as filled:
        database = filled.running.home / "dock.sqlite3"
        selected = filled.running.dock.count(LIST, SEGMENT).count
        rates = alternate(
            lambda: _stream(filled, selected),
            lambda: _reference(database),
            rounds=rounds,
        )
    ours = median(rates.ours)
    return sum_up(
        LEG,
        rates,
        rows=rows,
        unit="tokens/s",
        bounds=((Bound("tokens/s", at_least=LEAST_PER_SECOND), ours),),
        figures={"entries selected": selected},
    )


def _stream(filled: Filled, selected: int) -> float:
    started = time.perf_counter()
    with filled.running.dock.stream_tokens(LIST, SEGMENT) as chunks:
        lines = sum(chunk.count(b"\n") for chunk in chunks)
    seconds = time.perf_counter() - started
    if lines < selected:
        raise AssertionError("the stream ended early")
    return selected / seconds


def _reference(path: Path) -> float:
    started, count = time.perf_counter(), 0
    database = sqlite3.connect(path)
    names = ("country", "language", "plan", "member_rating")
    query = database.execute("SELECT token, status, facets FROM entry ORDER BY token")
    for token, status, facets in query:
        text = base64.b32encode(token).decode().rstrip("=").lower()
        named = dict(zip(names, json.loads(facets), strict=True))
        json.dumps({"token": text, "status": status, "facets": named}).encode()
        count += 1
    database.close()
    return count / (time.perf_counter() - started)
