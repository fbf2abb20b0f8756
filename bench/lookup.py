"""Leg ``lookup``: exact look-ups over HTTP, a hundred a second, in a list of that size.

Requests are sent when they are due, whether or not earlier ones have been answered,
and the time of each counts from when it was due: who waits in a queue is not left out.
Each is the whole way: session and right asked of the keeper, budget, token, a durable
ledger entry, the entry read. Budgets are as shipped: 25 distinct addresses an hour for
a person, so ten people ask for theirs again and again.

The bound is 10 ms and twice what the disk itself takes to make a small write last,
measured between the rounds. Rates here are milliseconds: less is better.
"""

import csv
import http.client
import json
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import accumulate, islice
from statistics import median
from threading import local
from typing import NamedTuple
from urllib.parse import urlsplit

from bench.disk import fsync_milliseconds
from bench.figures import percentile
from bench.filled import LIST, Filled, filled_instance
from bench.harness import Bound, Result, alternate, sum_up
from bench.instance import OWNERS
from listkeep.core.addresses import parse_many
from listkeep.core.grants import Budget

LEG = "lookup"
PER_SECOND = 100
REQUESTS = 1000  # in a round
PEOPLE = ("ben", "ivan", "bea", "bo", "ines", "ida", "ivo", "iris")
EACH = Budget().of_an_hour(Budget().look_ups)
MOST_MILLISECONDS, FSYNCS = 10, 2
_SENDERS = 32


class Question(NamedTuple):
    """One look-up: who asks for which address, and how long after the start."""

    due: float
    bearer: str
    address: str


def run(*, rows: int, rounds: int) -> Result:
    """Measure the 99th percentile of the time to an answer."""
    requests = max(50, min(REQUESTS, rows // 50))
    with filled_instance(rows) as filled:
        people = _hire(filled)
        addresses = pick_addresses(filled, len(people) * EACH)
        ask = partial(_ask_all, filled, people, addresses)
        ask(gaps=[0.02] * 50)  # connections and caches, as in a running instance
        steady, bursts = [], []

        def ours() -> float:
            taken = ask(gaps=[1 / PER_SECOND] * requests)
            steady.extend(taken)
            return percentile(taken, 99)

        def in_bursts() -> float:
            seconds = random.Random(requests)  # noqa: S311 - the same bursts each time
            gaps = [seconds.expovariate(PER_SECOND) for _ in range(requests)]
            taken = ask(gaps=gaps)
            bursts.extend(taken)
            return percentile(taken, 99)

        home = filled.running.home
        rates = alternate(
            ours,
            lambda: MOST_MILLISECONDS + FSYNCS * fsync_milliseconds(home),
            rounds=rounds,
            peers={"p99 when they come in bursts (Poisson)": in_bursts},
        )
    most = median(rates.reference)
    return sum_up(
        LEG,
        rates,
        rows=rows,
        unit="ms p99",
        bounds=((Bound("ms p99", at_most=round(most, 2)), median(rates.ours)),),
        figures={
            "p50 ms": round(percentile(steady, 50), 2),
            "p90 ms": round(percentile(steady, 90), 2),
            "p50 ms in bursts": round(percentile(bursts, 50), 2),
            "fsync p99 ms": round((most - MOST_MILLISECONDS) / FSYNCS, 2),
        },
    )


def _hire(filled: Filled) -> list[str]:
    """Give the sessions of all who may look up."""
    stage = filled.running.stage
    for name in PEOPLE:
        stage.hire(name, role="marketer", by=OWNERS)
    stage.sign_in(*PEOPLE)
    return [stage.carried[name] for name in (*OWNERS, *PEOPLE)]


def pick_addresses(filled: Filled, count: int) -> list[str]:
    """Pick addresses of good rows from all over the file."""
    step = max(1, filled.audience.rows // (4 * count))
    with filled.file.open(encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        width = len(next(rows))
        found = [
            row[0]
            for row in islice(rows, 0, None, step)
            if len(row) == width and parse_many([row[0]])[0]
        ]
    return random.Random(1).sample(found, min(count, len(found)))  # noqa: S311


def _ask_all(
    filled: Filled,
    people: Sequence[str],
    addresses: Sequence[str],
    *,
    gaps: Sequence[float],
) -> list[float]:
    """Ask all on time; gives the milliseconds each took."""
    own = [addresses[at :: len(people)] for at in range(len(people))]
    questions = [
        Question(due, people[at % len(people)], _of(own[at % len(people)], at))
        for at, due in enumerate(accumulate(gaps))
    ]
    url, mine = urlsplit(filled.running.instance.config.dock), local()
    start = time.perf_counter() + 0.05

    def send(question: Question) -> float:
        line: http.client.HTTPConnection | None = getattr(mine, "line", None)
        if line is None:
            line = mine.line = http.client.HTTPConnection(url.netloc, timeout=60)
        line.request(
            "POST",
            f"/v1/lists/{LIST}/look-up",
            json.dumps({"address": question.address}),
            {
                "authorization": f"Bearer {question.bearer}",
                "content-type": "application/json",
            },
        )
        answer = line.getresponse()
        if answer.status != 200 or not json.loads(answer.read())["found"]:
            raise AssertionError(f"a look-up was answered with {answer.status}")
        return (time.perf_counter() - start - question.due) * 1000

    with ThreadPoolExecutor(_SENDERS) as senders:
        sent = []
        for question in questions:
            time.sleep(max(0, start + question.due - time.perf_counter()))
            sent.append(senders.submit(send, question))
        return [each.result() for each in sent]


def _of(addresses: Sequence[str], at: int) -> str:
    return addresses[at // 10 % len(addresses)]
