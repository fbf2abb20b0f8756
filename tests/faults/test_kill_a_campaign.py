"""The worker is killed while a campaign leaves, opened by the keeper, into a sink."""

import os
import random
import re
import shutil
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from unittest import mock

import pytest

from listkeep.cli.demonstration.story_mail import OUTLET
from listkeep.cli.home import Instance
from listkeep.cli.running.locks import find_free_port
from listkeep.cli.running.supervisor import BUILDINGS, WORKER, Supervisor
from listkeep.drill.sink import MailSink
from tests.cli.stage import Terminal, copy_instance, granted, set_cast

KILLS = min(int(os.environ.get("LISTKEEP_KILLS", "4")), 50)
ROWS = 300
REQUEST = re.compile(r"\br_[a-z2-7]{12}\b")
TEMPLATE = """From: News <news@news.example.com>
Subject: Spring
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Dear [[name:sealed|reader]], https://shop.example.com/[[alias]]
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    Terminal(folder / "made", tmp_path).ok("listkeep init")
    copy_instance(folder / "made", folder / "var")
    with (folder / "var" / "dock.toml").open("a") as settings:
        settings.write(OUTLET)
    yield Terminal(folder / "var", tmp_path)
    shutil.rmtree(folder, ignore_errors=True)


def begin(terminal: Terminal, sink: MailSink) -> str:
    """Bring a list and a granted campaign about; gives the request."""
    people = "".join(f"reader{number}@example.org,R\n" for number in range(ROWS))
    (terminal.folder / "people.csv").write_text(f"email,name\n{people}")
    (terminal.folder / "spring.eml").write_text(TEMPLATE)
    terminal.ok("listkeep list create news --as ben")
    terminal.ok("listkeep import news people.csv --as ben")
    way = (
        f"route add relay --smart-host 127.0.0.1 --port {sink.port} "
        f"--tls pinned:{sink.pin} --mail-domain bounce.example.com "
        "--token-domain tok.example.com"
    )
    granted(terminal, way, "cleo", "cyrus")
    granted(terminal, "domain add news.example.com", "ada", "amir")
    asked = terminal.ok(
        f"listkeep request send news --template spring.eml --cap {ROWS} --route relay "
        "--purpose spring --sign --as ben"
    )
    found = REQUEST.search(asked.stdout + asked.stderr)
    assert found
    terminal.ok(f"listkeep approve {found[0]} --rows {ROWS} --yes --as ada")
    return found[0]


def age_claims(home: Path) -> int:
    """Let lease and claims of the dead lapse, which takes up to five minutes."""
    database = sqlite3.connect(home / "dock.sqlite3", timeout=30)
    with database:
        claimed = database.execute(
            "UPDATE mail_delivery SET at = 0 WHERE state = 'claimed'"
        ).rowcount
        database.execute("UPDATE mail_merge SET next_at = 0")
        database.execute("UPDATE worker_lease SET until = '2000-01-01 00:00:00'")
    database.close()
    return claimed


def wait_for(sink: MailSink, letters: int) -> None:
    deadline = time.monotonic() + 60
    while len(sink.recipients) < letters and time.monotonic() < deadline:
        time.sleep(0.001)


def test_none_is_lost_and_copies_are_those_that_were_under_way(
    terminal: Terminal,
) -> None:
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    with mock.patch.dict("os.environ", {"LISTKEEP_HOME": str(terminal.home)}):
        instance = Instance.open()
    supervisor = Supervisor(instance, (*BUILDINGS, WORKER))
    with MailSink(port=find_free_port()) as sink, supervisor:
        set_cast(terminal)
        request = begin(terminal, sink)
        terminal.ok(f"listkeep send {request} --template spring.eml --as ben")
        under_way, cut_off = 0, 0
        for _ in range(KILLS):
            wait_for(sink, min(len(sink.recipients) + dice.randrange(1, 60), ROWS))
            cut_off += len(sink.recipients) < ROWS
            os.kill(supervisor.pid(WORKER), signal.SIGKILL)
            while WORKER not in supervisor.tend():
                time.sleep(0.1)
            under_way += age_claims(terminal.home)
        terminal.ok("listkeep login --as ben")  # fifty kills outlast a session
        done = terminal.ok(f"listkeep send {request} --wait --json --as ben").json

    assert cut_off, f"seed {seed}: it had ended before anybody was killed"
    counts = Counter(sink.recipients)
    assert done["state"] == "done", f"seed {seed}"
    assert done["delivered"] == len(counts) == ROWS, f"seed {seed}"
    assert sum(counts.values()) - ROWS <= under_way, f"seed {seed}"
    ids = {
        (recipient, message_from_bytes(content)["message-id"])
        for recipient, content in zip(sink.recipients, sink.contents, strict=True)
    }
    assert len(ids) == ROWS, f"seed {seed}: a copy has an id of its own"
