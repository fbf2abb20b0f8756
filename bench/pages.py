"""Leg ``pages``: each page of the console, in an instance that has been used for years.

There are as many entries in one list as the leg has rows; 10,000 requests, of which a
hundred are open and the others expired or were denied; 100,000 entries in the ledger
(in proportion fewer if there are less than a million rows). One browser asks for each
page again and again, signed in, on a connection that is kept; the time runs until the
last byte is there. Every eighth time somebody has unsubscribed just before.

A figure is the 95th percentile over all rounds, the bound is on the slowest page. The
reference is the page that asks nobody anything. Less is better.
"""

import http.client
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote, urlsplit

import pyrage

from bench.figures import percentile
from bench.filled import LIST, Filled, filled_instance
from bench.harness import Bound, Result, SkippedError, alternate, sum_up
from bench.instance import OWNERS
from listkeep.cli.running.children import own_environment
from listkeep.cli.running.locks import find_free_port
from listkeep.cli.running.supervisor import CONSOLE, Supervisor
from listkeep.wire import messages as m

LEG = "pages"
MOST_MILLISECONDS = 150
REQUESTS, LEDGER, OPEN = 10_000, 100_000, 100
EACH = 20  # times in a round
_EVERY = 8
_MILLION = 1_000_000
_ITEM = "0" * 32
_SHORTEST, _DAY = 60, 86_400  # seconds a request may wait
_NOBODY = "/sign-in"
SEGMENT = 'plan = "pro" and member_rating >= 3'


@dataclass(frozen=True)
class Browser:
    """One that is signed in to the console."""

    line: http.client.HTTPConnection
    host: str
    cookie: str

    def visit(self, path: str) -> float:
        """Load a page; gives the milliseconds until its last byte."""
        headers = {
            "host": self.host,
            "cookie": f"__Host-app={self.cookie}",
            "sec-fetch-site": "none",
            "sec-fetch-mode": "navigate",
            "sec-fetch-dest": "document",
        }
        began = time.perf_counter()
        self.line.request("GET", path, headers=headers)
        answer = self.line.getresponse()
        answer.read()
        if answer.status != 200:
            raise AssertionError(f"{path} was answered with {answer.status}")
        return (time.perf_counter() - began) * 1000


def run(*, rows: int, rounds: int) -> Result:
    """Measure the 95th percentile of the slowest page."""
    port, share = find_free_port(), min(rows / _MILLION, 1)
    options = ("--app-port", str(port))
    with filled_instance(rows, *options) as filled:
        requests = use_for_years(filled, share)
        with Supervisor(filled.running.instance, (CONSOLE,)):
            browser = sign_in(filled, port)
            paths = pages(filled, requests)
            for path in paths.values():
                browser.visit(path)  # code and templates are loaded
            taken: dict[str, list[float]] = defaultdict(list)
            leavers = tokens_of(filled)

            def ours() -> float:
                now: dict[str, list[float]] = defaultdict(list)
                for at in range(EACH):
                    if at % _EVERY == 0:
                        filled.running.dock.set_status(
                            LIST, next(leavers), "unsubscribed"
                        )
                    for name, path in paths.items():
                        now[name].append(browser.visit(path))
                for name, times in now.items():
                    taken[name] += times
                return max(percentile(times, 95) for times in now.values())

            rates = alternate(
                ours,
                lambda: percentile([browser.visit(_NOBODY) for _ in range(EACH)], 95),
                rounds=rounds,
            )
    figures: dict[str, float | str] = {
        f"{name} p95 ms": round(percentile(times, 95), 1)
        for name, times in taken.items()
    }
    slowest = max(percentile(times, 95) for times in taken.values())
    bound = Bound("ms p95 of the slowest page", at_most=MOST_MILLISECONDS)
    return sum_up(
        LEG,
        rates,
        rows=rows,
        unit="ms p95",
        bounds=((bound, slowest),),
        figures=figures,
    )


def pages(filled: Filled, request: str) -> dict[str, str]:
    """Name the pages, and one of each that stands for many."""
    with filled.running.instance.keeper() as keeper:
        newest = keeper.health().ledger_size - 1
    ada = filled.running.stage.people["ada"].person
    one, chosen = f"/lists/{filled.list_id}", f"?segment={quote(SEGMENT)}"
    return {
        "desk": "/",
        "lists": "/lists",
        "list": one,
        "list, a segment": one + chosen,
        "count while typing": f"{one}/count{chosen}",
        "history": f"{one}/history",
        "form of an undo": f"{one}/undo",
        "form of a copy": f"{one}/copy",
        "form of a send": f"{one}/send",
        "form of a standing send": f"{one}/standing",
        "sends": "/sends",
        "lists to send to": "/sends/new",
        "requests": "/requests",
        "requests, denied": "/requests?state=denied",
        "request": f"/requests/{request}",
        "activity": "/activity",
        "activity, one kind": "/activity?event=request.made",
        "activity, one list": f"/activity?list={filled.list_id}",
        "activity, one person": f"/activity?who={ada}",
        "activity by the hour": "/activity/hours",
        "entry": f"/activity/{newest}",
        "people": "/people",
        "incidents": "/incidents",
        "settings": "/settings",
        "freeze": "/freeze",
    }


def use_for_years(filled: Filled, share: float) -> str:
    """Have much asked for, a tenth of it denied; gives one request that is open."""
    stage, running = filled.running.stage, filled.running
    stage.hire("ben", role="marketer", by=OWNERS)
    stage.sign_in("ben")
    identity = pyrage.x25519.Identity.generate()
    stage.add_recipient("warehouse", str(identity.to_public()), by=OWNERS)

    def ask(seconds: int) -> m.RequestView:
        return stage.ask(
            "ben",
            "export",
            list=LIST,
            selection=SEGMENT,
            cap=2_000,
            recipient="warehouse",
            valid_seconds=seconds,
        )

    def ask_in_vain(number: int) -> None:
        view = ask(_SHORTEST)
        if number % 10 == 0:
            stage.sign("ada", view, "deny")

    left_open = max(int(OPEN * share), 2)
    for number in range(int(REQUESTS * share) - left_open):
        ask_in_vain(number)
    time.sleep(_SHORTEST)
    with running.instance.keeper() as keeper:
        looked_up = int(LEDGER * share) - keeper.health().ledger_size
    subprocess.run(  # noqa: S603 - our own command
        [
            *(sys.executable, "-m", "bench.ledger_filling"),
            *(str(looked_up), stage.people["ben"].person, _ITEM, filled.list_id),
        ],
        env={
            **own_environment(running.home),
            "DJANGO_SETTINGS_MODULE": "listkeep.keeper.project.settings",
        },
        check=True,
    )
    asked = [ask(_DAY) for _ in range(left_open)]
    return asked[0].id


def sign_in(filled: Filled, port: int) -> Browser:
    """Sign an owner in to the console."""
    running = filled.running
    service = (running.home / "console.key").read_text().strip()[4:18]
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    app = running.instance.app
    if app is None:
        raise SkippedError("the instance has no console")
    host = urlsplit(app.app_origin).netloc
    return Browser(line, host, running.stage.start_session("ada", service))


def tokens_of(filled: Filled) -> Iterator[str]:
    """Give tokens of the list, one after the other."""
    with filled.running.dock.stream_tokens(LIST, file_format="csv") as chunks:
        text = b"".join(islice(chunks, 1)).decode()
    yield from (line.partition(",")[0] for line in text.splitlines()[1:-1])
