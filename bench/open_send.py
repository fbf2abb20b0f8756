"""Leg ``open-send``: what the keeper takes to open rows for mail, ten at a time.

Ours is the processor time of the keeper's own process for one call over its socket, in
milliseconds, while four threads ask as the delivery proxy does: window, freeze, lease,
suppressions, cap, the count, each row authenticated and held against the segment, and
ten others that are over told along with it. The
reference is an empty call to the same process, so what is above it is the work. Each
row opens once; leases, written and synced, are among it.

The keeper signs as well: a figure tells what a signature takes, and how many rows open
in a second of real time.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from bench.filled import Filled, filled_instance
from bench.harness import Bound, Result, alternate, sum_up
from bench.instance import CUSTODIANS, OWNERS, Running
from listkeep.core.canonical import encode
from listkeep.core.sealing import SealedRow
from listkeep.wire import messages as m
from listkeep.wire.identifiers import new_id
from listkeep.wire.keeper import KeeperClient
from listkeep.wire.messages import sends as d

LEG = "open-send"
BATCH = 10
MOST_MILLISECONDS = 1.0
_THREADS = 4
_SIGNED = 300
_TICKS = os.sysconf("SC_CLK_TCK")


def run(*, rows: int, rounds: int) -> Result:
    """Measure the keeper's milliseconds for a call that opens ten rows."""
    with filled_instance(rows) as filled:
        send = begin_send(filled)
        sealed = list(read_rows(filled))
        batches = [sealed[n : n + BATCH] for n in range(0, len(sealed), BATCH)]
        parts = [batches[n::rounds] for n in range(rounds)]
        waiting = iter(parts)
        seconds: list[float] = []
        with dock_client(filled.running) as keeper:

            def ours() -> float:
                part = next(waiting)
                began = time.perf_counter()
                before = [[], *part]
                calls = [
                    partial(open_batch, keeper, send, rows, ended)
                    for rows, ended in zip(part, before, strict=False)
                ]
                taken = cost(filled.running, calls)
                seconds.append((time.perf_counter() - began) / len(part))
                return taken

            rates = alternate(
                ours,
                lambda: cost(filled.running, [keeper.health] * len(parts[0])),
                rounds=rounds,
            )
            signing = {
                f"{key.algorithm} ms": round(
                    _signing(filled.running, keeper, send, key), 3
                )
                for key in send.signing
            }
    figures = {"rows/s": round(BATCH / min(seconds)), **signing}
    bound = Bound("ms of the keeper for ten rows", at_most=MOST_MILLISECONDS)
    return sum_up(
        LEG,
        rates,
        rows=rows,
        unit="ms/call",
        bounds=((bound, sorted(rates.ours)[len(rates.ours) // 2]),),
        figures=figures,
    )


def begin_send(filled: Filled) -> d.Send:
    """Enrol a route and a domain, have a send of the whole list signed, begin it."""
    stage, running = filled.running.stage, filled.running
    route = {
        "id": new_id("x"),
        "name": "sink",
        "kind": "smart-host",
        "tenant": "",
        "host": "sink.example.net",
        "port": "25",
        "tls": "web",
        "sources": "",
        "mail_domain": "bounce.example.com",
        "token_domain": "tok.example.com",
    }
    domain = {
        "id": new_id("m"),
        "name": "news.example.com",
        "selector": "lk1",
        "algorithms": "ed25519 rsa",
    }
    subject = {
        "kind": "campaign",
        "templates": "ab" * 32,
        "title": "News",
        "fields": "",
        "from": "News <news@news.example.com>",
        "reply_to": "",
        "pace": "0",
        "links": "shop.example.com",
        "tracking": "",
    }
    stage.agree(*CUSTODIANS, "route.add", subject=encode(route).decode())
    stage.agree(*OWNERS, "domain.add", subject=encode(domain).decode())
    view = stage.agree(
        *OWNERS,
        "send",
        list=filled.list_id,
        selection="all",
        cap=filled.entries,
        recipient=route["id"],
        subject=encode(subject).decode(),
    )
    with dock_client(running) as keeper:
        session = stage.carried["ada"]
        return keeper.start_send(d.StartSend(session=session, request=view.id))


def dock_client(running: Running) -> KeeperClient:
    """Speak to the keeper as the dock does."""
    key = (running.home / "dock.key").read_text("ascii").strip()
    return KeeperClient(running.instance.socket, service_key=key)


def read_rows(filled: Filled) -> Iterator[SealedRow]:
    """Read sealed rows where the dock keeps them, in an order that mail could have."""
    file = f"file:{filled.running.home / 'dock.sqlite3'}?mode=ro"
    with sqlite3.connect(file, uri=True) as database:
        yield from map(
            SealedRow._make,
            database.execute(
                "SELECT token, batch_id, position, sealed, facets FROM entry "
                "WHERE list_id = ? ORDER BY token",
                [filled.list_id],
            ),
        )


def open_batch(
    keeper: KeeperClient,
    send: d.Send,
    rows: Sequence[SealedRow],
    ended: Sequence[SealedRow],
) -> None:
    """Open ten rows, tell that ten others are over, and see that all opened."""
    batch = m.RowBatch(
        tokens=b"".join(row.token for row in rows),
        batch_ids=b"".join(row.batch_id for row in rows),
        positions=[row.position for row in rows],
        sealed=[row.sealed for row in rows],
        facets=[row.facets for row in rows],
    )
    triggers = [""] * len(rows)
    over = d.RowNames(
        tokens=b"".join(row.token for row in ended), triggers=[""] * len(ended)
    )
    message = d.OpenForSend(
        request=send.request, rows=batch, triggers=triggers, ended=over
    )
    if any(row.code for row in keeper.open_for_send(message).rows):
        raise SystemExit("bench: a row did not open")


def cost(running: Running, calls: Sequence[Callable[[], object]]) -> float:
    """Make calls from four threads; give the keeper's milliseconds for each."""
    group = running.supervisor.pid("keeper")
    before = processor_seconds(group)
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda call: call(), calls))
    return 1000 * (processor_seconds(group) - before) / len(calls)


def processor_seconds(group: int) -> float:
    """Sum what all processes of a building took of the processor so far."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS


def _signing(
    running: Running, keeper: KeeperClient, send: d.Send, key: d.SigningKey
) -> float:
    message = d.SignForSend(
        request=send.request,
        algorithm=key.algorithm,
        domain=key.domain,
        selector=key.selector,
        digests=[os.urandom(32) for _ in range(BATCH)],
    )
    calls = [lambda: keeper.sign_for_send(message)] * (_SIGNED // BATCH)
    return cost(running, calls) / BATCH
