"""The server of both databases goes away in the middle of a send, and comes back.

The mail server hears that it is to come again, and does. A message that went out is not
forgotten by that: what came of it is written down as soon as there is a database.
"""

import sys
from collections import Counter

import pytest

from bench.sending import begin_send, sending_instance, write_letters
from tests.fakes.mail_sink import MailSink
from tests.fakes.sink_thread import serving_sink
from tests.faults.harness import KILLS
from tests.faults.mail_queue import MailQueue
from tests.faults.test_mail import SESSIONS, wait_for
from tests.postgres import Cluster, cluster

__all__ = ["cluster"]

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)
RESTARTS = 3


def test_a_database_that_restarts_defers_mail_and_loses_or_doubles_none(
    cluster: Cluster,
) -> None:
    count = 10_000 if KILLS >= 50 else 600
    world = MailSink()
    keeper, dock = (cluster.make(f"mail_{name}") for name in ("keeper", "dock"))
    with (
        serving_sink(world),
        sending_instance(
            count,
            signs=True,
            sink=world.port,
            init=("--database", keeper, "--dock-database", dock),
        ) as sending,
    ):
        send = begin_send(sending, count)
        file = sending.running.home / "letters"
        write_letters(sending, send, file)
        queue = MailQueue(sending.port, file, sending.login, sessions=SESSIONS)
        queue.start()
        for number in range(1, RESTARTS + 1):
            wait_for(queue, count * number // (RESTARTS + 1), sending)
            cluster.restart()
        wait_for(queue, count, sending)
        queue.join(300)

        assert not queue.is_alive()
        assert (queue.refused, queue.delivered) == ([], count)
        received = Counter(one.recipient for one in world.taken)
        assert len(received) == count
        assert set(received.values()) == {1}
        sys.stdout.write(f"{queue.deferred} deferred\n")
        assert queue.deferred > 0
