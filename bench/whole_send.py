"""Leg ``send``: a send as a whole, what memory it takes and what it leaves behind.

All of a list gets one message each, the usual way: a mail server hands them over to the
delivery proxy, which signs and hands on. Ours is the most that any process of the
instance had resident until the last message was out, the reference until a tenth was. A
ratio near one says that memory does not grow with the send.

Then what a send leaves is measured, and the day on which it is forgotten: what came of
each message goes page by page, and no page must hold a writer up for long.
"""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from bench.harness import Bound, Result, Rounds, sum_up
from bench.instance import forget_peak, peak_megabytes
from bench.sending import (
    Sending,
    begin_send,
    hand_over,
    letter,
    recipients,
    sending_instance,
    serving,
)
from bench.size import table_bytes
from listkeep.cli.running.supervisor import BUILDINGS, WORKER, Supervisor
from listkeep.wire.messages import sends as d

LEG = "send"
MOST_MEGABYTES = 300
MOST_OF_A_TENTH = 1.2
MOST_PAGE_MILLISECONDS = 1000
LEAST_FULL_ROWS = 100_000
"""Below it caches still fill while messages go out."""


def run(*, rows: int, rounds: int) -> Result:  # noqa: ARG001 - one send is long enough
    """Measure one send to so many people, and what is left of it."""
    with (
        serving("bench.mailing.sink") as (sink, _),
        sending_instance(rows, signs=True, sink=sink) as sending,
        Supervisor(sending.running.instance, (WORKER,)) as worker,
    ):
        pids = _pids(sending, worker)
        parts = _write_parts(sending, begin_send(sending, rows), rows // 10)
        for pid in pids.values():
            forget_peak(pid)
        seconds, peaks = 0.0, []
        for part, count in parts:
            taken, took = hand_over(sending.port, part, sending.login)
            if taken != count:
                raise SystemExit(f"bench: {count - taken} messages were not taken")
            seconds += took
            peaks.append({n: peak_megabytes(p) for n, p in pids.items()})
        left = _left(sending, rows)
        forgotten = _forget(sending)
    tenth, whole = peaks
    rates = Rounds((max(whole.values()),), (max(tenth.values()),))
    growth = max(whole[name] / tenth[name] for name in whole)
    flat = [(Bound("of a tenth", at_most=MOST_OF_A_TENTH), growth)]
    if rows // 10 < LEAST_FULL_ROWS:
        flat.clear()
    return sum_up(
        LEG,
        rates,
        rows=rows,
        unit="MB",
        bounds=(
            (Bound("MB", at_most=MOST_MEGABYTES), max(whole.values())),
            *flat,
            (
                Bound("ms a page that is forgotten", at_most=MOST_PAGE_MILLISECONDS),
                forgotten["forgetting, ms a page at most"],
            ),
        ),
        figures={
            "messages/s": round(rows / seconds),
            **{f"{n}, MB at a tenth": round(mb) for n, mb in tenth.items()},
            **{f"{n}, MB": round(mb) for n, mb in whole.items()},
            **left,
            **forgotten,
        },
    )


def _write_parts(sending: Sending, send: d.Send, tenth: int) -> list[tuple[Path, int]]:
    """Write who gets a message: a tenth of all, and the rest."""
    people = recipients(sending, send)
    home = sending.running.home
    parts: list[tuple[str, Iterable[str]]] = [
        ("bench-tenth", itertools.islice(people, tenth)),
        ("bench-rest", people),
    ]
    return [(home / name, _write(home / name, part)) for name, part in parts]


def _write(file: Path, people: Iterable[str]) -> int:
    """Write one message, and everybody who gets the same; gives how many."""
    count = 0
    with file.open("w") as out:
        for count, to in enumerate(people, 1):
            first = [to, letter(to, encoding="7bit")] if count == 1 else to
            out.write(json.dumps(first) + "\n")
    return count


def _pids(sending: Sending, worker: Supervisor) -> dict[str, int]:
    buildings = sending.running.supervisor
    return {
        "proxy": sending.proxy,
        **{name: buildings.pid(name) for name in BUILDINGS},
        WORKER: worker.pid(WORKER),
    }


def _left(sending: Sending, rows: int) -> dict[str, float]:
    home = sending.running.home
    tables = {
        "dock, bytes a message": (home / "dock.sqlite3", "mail_delivery"),
        "keeper, bytes a message": (home / "keeper.sqlite3", "gate_sendopening"),
    }
    return {
        name: round(table_bytes(file, table) / rows, 1)
        for name, (file, table) in tables.items()
    }


def _forget(sending: Sending) -> dict[str, float]:
    """Have the dock forget the send, as it does ninety days after its end."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.mailing.forgetting"],
        env={**os.environ, "LISTKEEP_HOME": str(sending.running.home)},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found
