"""Leg ``postfix``: the same mail through a queue, with the delivery proxy behind it.

Two private Postfix instances with their queues on the same disk: ours hands each
message to the proxy (signed in the keeper), the reference hands it to the sink itself.
Timed from the first message to the last one in the sink.
"""

import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.harness import Bound, Result, SkippedError, alternate, sum_up
from bench.sending import (
    Sending,
    begin_send,
    hand_over,
    sending_instance,
    serving,
    write_letters,
)
from listkeep.cli.running.locks import find_free_port
from listkeep.drill.postfix import (
    Postfix,
    before_the_proxy,
    running_postfix,
    why_not,
)

LEAST_OF_REFERENCE = 0.6
MOST_MESSAGES = 5_000
_PATIENCE_SECONDS = 300
_RELAY = """relayhost = [127.0.0.1]:{sink}
smtp_destination_recipient_limit = 1
smtp_destination_concurrency_limit = 50
smtp_initial_destination_concurrency = 20
"""


def run(*, rows: int, rounds: int) -> Result:
    """Measure how many messages a second come out of the queue into the sink.

    Raises:
        SkippedError: There is no Postfix here that could be run.
    """
    if reason := why_not():
        raise SkippedError(reason)
    count = min(rows, MOST_MESSAGES)
    with (
        tempfile.TemporaryDirectory(prefix="listkeep-bench-postfix-") as folder,
        serving("bench.mailing.sink") as (sink, _),
        sending_instance(count, signs=True, sink=sink) as sending,
        _through(sending, Path(folder) / "with") as ours,
        running_postfix(
            Path(folder) / "without",
            find_free_port(),
            main=_RELAY.format(sink=sink),
        ) as reference,
    ):
        file = sending.running.home / "bench-letters"

        def through() -> float:
            write_letters(sending, begin_send(sending, count), file)
            return _pass(ours, file, sink, count)

        rates = alternate(
            through, lambda: _pass(reference, file, sink, count), rounds=rounds
        )
    return sum_up(
        "postfix",
        rates,
        rows=count,
        unit="messages/s",
        bounds=((Bound("of the reference", at_least=LEAST_OF_REFERENCE), rates.ratio),),
    )


@contextmanager
def _through(sending: Sending, folder: Path) -> Iterator[Postfix]:
    name, key = sending.login.read_text().split()
    shipped = before_the_proxy(
        token_domain="token.example.com",  # noqa: S106 - a domain
        proxy=sending.port,
        login=f"{name}:{key}",
    )
    with running_postfix(
        folder,
        find_free_port(),
        main=shipped.main,
        master=shipped.master,
        files=shipped.files,
    ) as postfix:
        yield postfix


def _pass(postfix: Postfix, file: Path, sink: int, count: int) -> float:
    before, started = _taken(sink), time.perf_counter()
    hand_over(postfix.port, file)
    while _taken(sink) - before < count:
        if time.perf_counter() - started > _PATIENCE_SECONDS:
            raise SystemExit("bench: mail stayed in the queue")
        time.sleep(0.05)
    return count / (time.perf_counter() - started)


def _taken(sink: int) -> int:
    with socket.create_connection(("127.0.0.1", sink)) as asking:
        asking.recv(100)
        asking.sendall(b"COUNT\r\n")
        return int(asking.recv(100).split()[1])
