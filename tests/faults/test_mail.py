"""Everything around a send dies at random moments: no mail is lost, none is doubled.

Doubled can be what was in flight when a process was killed, or when the next mail
server hung up on a message it had taken: nobody knows then, and it goes out under the
same id.
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bench.sending import (
    Sending,
    begin_send,
    dock_client,
    sending_instance,
    write_letters,
)
from listkeep.cli.running.supervisor import PROXY, Supervisor
from listkeep.wire.messages import sends as d
from tests.fakes.mail_sink import HANG_UP, MailSink
from tests.fakes.sink_thread import serving_sink
from tests.faults.harness import KILLS
from tests.faults.mail_queue import MailQueue

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)
SESSIONS = 20
LARGEST_LEASE = 1000
SEED = int(os.environ.get("LISTKEEP_SEED", "0")) or random.SystemRandom().randrange(
    2**32
)


class Mood:
    """The world: mostly friendly, and each bad day happens."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.unknown = 0  # messages that were taken and never acknowledged

    def __call__(self, stage: str, _count: int) -> str:
        chance = self._random.random()
        if stage == "END" and chance < 0.005:
            self.unknown += 1
            return HANG_UP
        if stage in {"MAIL", "RCPT", "DATA", "CONNECT"} and chance < 0.01:
            return self._random.choice(
                [HANG_UP, "451 4.3.0 later", "421 4.3.2 going down", "nonsense"]
            )
        return ""


def test_a_send_survives_whatever_dies_around_it() -> None:
    count = 10_000 if KILLS >= 50 else 1000
    sys.stdout.write(f"seed {SEED}\n")
    mood = Mood(SEED)
    world = MailSink(mood=mood)
    with (
        serving_sink(world),
        sending_instance(count, signs=True, sink=world.port) as sending,
    ):
        send = begin_send(sending, count)
        file = sending.running.home / "letters"
        write_letters(sending, send, file)
        queue = MailQueue(sending.port, file, sending.login, sessions=SESSIONS)
        queue.start()
        kills = interfere(sending, queue, world)
        queue.join(600)

        assert not queue.is_alive()
        assert (queue.refused, queue.delivered) == ([], count)
        received = Counter(one.recipient for one in world.taken)
        assert len(received) == count
        doubled = sum(received.values()) - count
        assert doubled <= mood.unknown + SESSIONS * kills["in flight"]
        verify_ids(world, received)
        verify_budget(sending, send, count, restarts=kills["keeper"])
        sys.stdout.write(f"{doubled} doubled, {queue.deferred} deferred, {kills}\n")


def interfere(sending: Sending, queue: MailQueue, world: MailSink) -> Counter[str]:
    """Kill something each time another part of the mail has gone out."""
    deeds = ["keeper", "proxy", "drop", "proxy", "keeper", "drop"]
    random.Random(SEED).shuffle(deeds)
    kills: Counter[str] = Counter()
    assert isinstance(sending.supervisor, Supervisor)
    for number, deed in enumerate(deeds, start=1):
        wait_for(queue, queue.total * number // (len(deeds) + 1), sending)
        kills[deed] += 1
        if deed == "keeper":
            kill_family(sending.running.supervisor.pid("keeper"))
        elif deed == "proxy":
            kills["in flight"] += 1
            kill_family(sending.supervisor.pid(PROXY))
        else:
            kills["in flight"] += 1
            world.drop_all()
    wait_for(queue, queue.total, sending)
    return kills


def wait_for(queue: MailQueue, settled: int, sending: Sending) -> None:
    deadline = time.monotonic() + 300
    while queue.settled < settled and queue.is_alive():
        assert time.monotonic() < deadline, f"{queue.settled} of {settled}"
        time.sleep(0.05)
        sending.running.supervisor.tend()
        assert isinstance(sending.supervisor, Supervisor)
        sending.supervisor.tend()


def kill_family(pid: int) -> None:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in [pid, *map(int, listed)]:
        os.kill(each, signal.SIGKILL)


def verify_ids(world: MailSink, received: Counter[str]) -> None:
    """Copies have one id, by which whoever got two throws one away."""
    ids: dict[str, set[bytes]] = {}
    for one in world.taken:
        if received[one.recipient] > 1:
            found = one.content.partition(b"Message-ID: ")[2].partition(b"\r\n")[0]
            ids.setdefault(one.recipient, set()).add(found)
    assert all(len(each) == 1 for each in ids.values())


def verify_budget(sending: Sending, send: d.Send, count: int, *, restarts: int) -> None:
    with dock_client(sending.running) as keeper:
        [now] = [
            s
            for s in keeper.read_sends(d.ReadSends()).sends
            if s.request == send.request
        ]
    assert (
        count <= now.reserved <= min(send.cap, count + LARGEST_LEASE * (restarts + 1))
    )
