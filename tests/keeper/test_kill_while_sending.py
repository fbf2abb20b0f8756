"""kill -9 while rows open: what was told is counted, and little more is."""

import multiprocessing
import os
import random
import secrets
import signal
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from tests.keeper.killed import BATCH, keep_opening
from tests.keeper.mailing import codes, finish, leased, open_rows, send_of, with_sending
from tests.keeper.race import Place
from tests.keeper.world import Rows, World

KILLS = int(os.environ.get("LISTKEEP_KILLS", "1")) + 1  # of two processes each
CAP, PEOPLE = 700, 800
Running = list[tuple[BaseProcess, Connection]]


def started(world: World, request: str, rows: Rows, chance: random.Random) -> Running:
    """Start two keepers that open rows of one send."""
    spawn = multiprocessing.get_context("spawn")
    place = Place(world.home, world.now, world.cluster, [], {})
    running: Running = []
    for _ in range(2):
        ours, theirs = spawn.Pipe(duplex=False)
        arguments = (place, request, rows.sealed, chance.randrange(2**30), theirs)
        process = spawn.Process(target=keep_opening, args=arguments, daemon=True)
        process.start()
        theirs.close()
        running.append((process, ours))
    for _, ours in running:
        assert ours.poll(60)
        assert ours.recv() == []
    return running


def killed_at_random(running: Running, chance: random.Random) -> set[int]:
    """Kill one after the other, and gather what they have told."""
    told: set[int] = set()
    for process, _ in running:
        time.sleep(chance.uniform(0.0, 0.15))
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    for _, ours in running:
        while True:
            try:
                told.update(ours.recv())
            except (EOFError, OSError):  # its end, or a report that broke off
                break
        ours.close()
    return told


def test_killed_anywhere_what_was_told_is_counted_and_opens_again(
    anywhere: World,
) -> None:
    seed = int(os.environ.get("LISTKEEP_SEED", "0")) or secrets.randbits(30)
    print(f"LISTKEEP_SEED={seed}")  # noqa: T201 - so that it can be repeated
    chance = random.Random(seed)
    rows = with_sending(anywhere, PEOPLE)
    request = send_of(anywhere, rows, CAP)
    told: set[int] = set()
    for _ in range(KILLS):
        told |= killed_at_random(started(anywhere, request, rows, chance), chance)
    assert told

    anywhere.restart()
    known = sorted(told)
    for start in range(0, len(known), 200):
        batch = rows.batch(*known[start : start + 200])
        assert set(codes(open_rows(anywhere, request, batch))) == {""}
    for start in range(0, PEOPLE, 200):
        some = range(start, start + 200)
        opened = codes(open_rows(anywhere, request, rows.batch(*some)))
        told |= {p for p, code in zip(some, opened, strict=True) if not code}

    finish(anywhere, request)
    counted = int(anywhere.newest("send.completed")["opened"])
    assert len(told) <= counted <= CAP
    assert counted - len(told) <= BATCH * 2 * KILLS, "what was on its way"
    assert leased(anywhere, request) <= CAP
