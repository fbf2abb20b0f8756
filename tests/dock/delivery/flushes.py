"""The register's flushes without a mail server; as a program, killed in one."""

import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import django
from django.conf import settings

from listkeep.dock.project.database import database_settings

STEPS = ("rows", "counts")
LIST, SEND = "l_flushed", "r_flushed"

if __name__ == "__main__":  # models can be imported once Django is ready
    settings.LISTKEEP_HOME = Path(sys.argv[2])
    if sys.argv[1].startswith("postgresql:"):
        known = database_settings(sys.argv[1], home=settings.LISTKEEP_HOME)
        settings.DATABASES = {"default": known}
    else:
        settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()

from listkeep.core.mail import Reply  # noqa: E402
from listkeep.dock.outlet.delivery.claims import Key  # noqa: E402
from listkeep.dock.outlet.delivery.register import (  # noqa: E402
    Register,
    Settled,
    Standing,
)
from listkeep.dock.outlet.tallies import Tallies  # noqa: E402

REPLIES = (
    Reply(250, "2.0.0", "taken"),
    Reply(250, "2.0.0", "taken"),
    Reply(451, "4.7.1", "later"),
    Reply(452, "4.2.2", "full"),
    Reply(554, "5.7.1", "no"),
)


def register(name: str) -> Register:
    """Open a register of one process."""
    return Register(ThreadPoolExecutor(1), holder=name, now=lambda: int(time.time()))


def key(number: int) -> Key:
    """Name a message; every third is one that a trigger set off."""
    trigger = ("", "welcome", "basket")[number % 3]
    return Key(LIST, SEND, number.to_bytes(16, "big"), trigger)


def flush(
    book: Register, numbers: Sequence[int], settled: Sequence[Settled] = ()
) -> list[Key]:
    """Settle and claim in one transaction; gives what was claimed."""
    asked = [key(number) for number in sorted(set(numbers))]
    answers = book.work([*settled, *asked])[len(settled) :]
    return [
        each
        for each, claim in zip(asked, answers, strict=True)
        if claim.standing is Standing.MISSING  # no such entry, and the message is ours
    ]


def go_on(book: Register, dice: random.Random, *, flushes: int) -> None:
    """Claim messages and settle them, some again and again."""
    mine: list[Key] = []
    for _ in range(flushes):
        settled = [Settled(each, dice.choice(REPLIES)) for each in mine]
        mine = flush(book, [dice.randrange(300) for _ in range(40)], settled)


def die() -> NoReturn:
    """End as `kill -9` would have it."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def main(step: str, seed: int) -> None:
    """Flush until somebody kills this, or die in the tenth flush at a step."""
    write, calls = Tallies.write, [0]

    def dying(self: Tallies) -> None:
        calls[0] += 1
        if calls[0] == 10 and step == "rows":
            die()
        write(self)
        if calls[0] == 10 and step == "counts":
            die()

    if step:
        Tallies.write = dying  # type: ignore[method-assign]
    book, dice = register(f"p{seed}"), random.Random(seed)
    go_on(book, dice, flushes=1)
    print("ready", flush=True)  # noqa: T201
    go_on(book, dice, flushes=10_000)


if __name__ == "__main__":
    main(sys.argv[3], int(sys.argv[4]))
