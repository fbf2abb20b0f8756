"""What is told of a send is what its rows say, whatever happens to who wrote them."""

import asyncio
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, connections

from listkeep.core.mail import Reply
from listkeep.dock.outlet import tallying
from listkeep.dock.outlet.delivery.claims import Key
from listkeep.dock.outlet.delivery.register import (
    Register,
    Settled,
    forget_claims,
)
from listkeep.dock.outlet.models import MailDelivery, MailTally, MailTriggerTally
from listkeep.dock.outlet.tallies import read_counts, read_moments, read_triggers
from listkeep.dock.outlet.tallying import (
    find_differences,
    find_trigger_differences,
    fold_minutes,
    mend_tallies,
)
from tests.dock.conftest import Api, database_address
from tests.dock.delivery.flushes import (
    LIST,
    SEND,
    STEPS,
    flush,
    go_on,
    key,
    register,
)
from tests.fakes.keeper import FakeKeeper

ROOT = Path(__file__).parents[3]
KILLS = int(os.environ.get("LISTKEEP_KILLS", "4"))


def states() -> dict[str, int]:
    """Count the rows of the send by state."""
    return dict(Counter(MailDelivery.objects.values_list("state", flat=True)))


def told() -> dict[str, int]:
    """Say what is told of the send by state."""
    counts = Counter[str]()
    for each in read_counts(LIST, SEND):
        counts[each.state] += each.messages
    return dict(counts)


def settle(book: Register, keys: Sequence[Key], *replies: tuple[int, str]) -> None:
    """Note what came of some messages."""
    settled = [
        Settled(each, Reply(*reply, ""))
        for each, reply in zip(keys, replies, strict=True)
    ]
    flush(book, (), settled)


def set_off() -> dict[tuple[str, str], int]:
    """Count the rows of the send that a trigger set off, by it and by state."""
    rows = MailDelivery.objects.exclude(trigger="").values_list("trigger", "state")
    return dict(Counter(rows))


def assert_right(note: str = "") -> None:
    assert find_differences(LIST, SEND) == {}, note
    assert find_trigger_differences(LIST, SEND) == {}, note
    assert told() == states(), note
    triggers = {(t, state): n for t, state, n in read_triggers(LIST, SEND)}
    assert triggers == set_off(), note


def test_messages_are_counted_as_they_are_claimed_and_settled() -> None:
    book = register("one")
    mine = flush(book, range(5))
    assert told() == {"claimed": 5}

    settle(book, mine[:3], (250, "2.0.0"), (451, "4.7.1"), (550, "5.1.1"))
    assert told() == {"claimed": 2, "delivered": 1, "deferred": 1, "failed": 1}
    assert {each.code for each in read_counts(LIST, SEND)} == {"", "4.7.1", "5.1.1"}

    flush(book, [1])  # it is tried again
    assert told() == {"claimed": 3, "delivered": 1, "failed": 1}
    assert_right()


def test_who_was_too_slow_settles_nothing_that_is_somebody_elses() -> None:
    mine = flush(register("slow"), range(2))
    MailDelivery.objects.update(at=0)
    quick = register("quick")
    theirs = flush(quick, range(2))
    assert theirs == mine

    settle(register("slow"), mine, *[(250, "2.0.0")] * 2)

    assert told() == {"claimed": 2}
    assert_right()


def test_claims_of_the_dead_count_as_waiting() -> None:
    flush(register("dead"), range(3))

    assert forget_claims() == 3

    assert told() == {"deferred": 3}
    assert_right()


def test_the_provider_is_known_by_the_lists_facet(keeper: FakeKeeper, ada: Api) -> None:
    list_id = ada.open_list("known", ["plan:text", "provider:text"])
    file = b"E-mail,Plan\nanna@gmail.com,pro\nbert@gmx.de,pro\n"
    assert ada.send(list_id, file, mapping={"address": "E-mail", "plan": "Plan"})
    tokens = [keeper.token_of("acme", who) for who in ("anna@gmail.com", "bert@gmx.de")]

    async def claim() -> None:
        with ThreadPoolExecutor(1) as worker:
            book = Register(worker, holder="one", now=lambda: int(time.time()))
            for token in tokens:
                facets = ("plan:text", "provider:text")
                await book.claim(
                    key(0)._replace(list_id=list_id, token=token), facets=facets
                )
            worker.submit(connections.close_all).result()

    asyncio.run(claim())

    found = {each.provider: each.messages for each in read_counts(list_id, SEND)}
    assert found == {"gmail": 1, "gmx": 1}
    assert find_differences(list_id, SEND) == {}


@pytest.mark.parametrize("step", [*STEPS, ""])
def test_a_process_that_is_killed_in_a_flush_leaves_counts_that_are_right(
    home: Path, step: str
) -> None:
    seed = random.randrange(1 << 20)
    dice = random.Random(seed)
    for number in range(KILLS if not step else 1):
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.dock.delivery.flushes"),
                *(database_address(), str(home), step, str(seed + number)),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "listkeep.dock.project.settings",
                "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
            },
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n", f"seed {seed}"
            if not step:
                time.sleep(dice.uniform(0.05, 0.5))
                process.kill()

        assert step or states(), f"seed {seed}: killed before anything was written"
        assert_right(f"seed {seed}")


def test_processes_that_work_at_one_send_at_once_count_every_message() -> None:
    seed = random.randrange(1 << 20)

    def work(name: str) -> None:
        try:
            go_on(register(name), random.Random(f"{seed}{name}"), flushes=25)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(states().values()) > 40
    assert_right(f"seed {seed}")


# --- who wants other numbers told ---


def test_counts_that_somebody_changed_in_the_table_are_put_right() -> None:
    flush(register("one"), range(4))
    MailTally.objects.update(messages=4_000)
    MailTriggerTally.objects.filter(trigger="welcome").update(messages=4_000)

    assert mend_tallies(LIST, SEND) == 2

    assert_right()
    assert mend_tallies(LIST, SEND) == 0


def test_counts_that_are_gone_are_counted_anew() -> None:
    go_on(register("one"), random.Random(7), flushes=8)
    MailTally.objects.all().delete()
    MailTriggerTally.objects.all().delete()

    assert mend_tallies(LIST, SEND)

    assert_right()


def test_a_mail_server_that_invents_codes_makes_no_rows_of_them() -> None:
    book = register("one")
    mine = flush(book, range(250))
    settle(book, mine, *[(550, f"5.{n}.{n + 100}") for n in range(250)])

    codes = {each.code for each in read_counts(LIST, SEND)}
    assert codes == {"5.0.0"}
    assert_right()


def test_a_send_of_weeks_keeps_hours_where_it_had_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tallying, "MOST_MINUTES", 50)
    book, now = register("one"), datetime(2026, 1, 10, 12, 30, tzinfo=UTC)
    start = int((now - timedelta(days=3)).timestamp())
    mine = flush(book, range(120))
    settle(book, mine, *[(250, "2.0.0")] * 120)
    for number in range(120):
        MailDelivery.objects.filter(token=key(number).token).update(
            at=start + number * 60
        )
    mend_tallies(LIST, SEND)
    before = sum(each.messages for each in read_moments(LIST, SEND))

    assert fold_minutes(LIST, SEND, now=now) > 100

    moments = read_moments(LIST, SEND)
    assert sum(each.messages for each in moments) == before == 120
    assert len(moments) == 3
    assert find_differences(LIST, SEND) == {}
    assert fold_minutes(LIST, SEND, now=now) == 0
