"""A worker that is killed: nobody is left out, and only who was under way has two."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from listkeep.dock.outlet.merging.models import MailMerge
from listkeep.dock.outlet.merging.queries import CLAIM_SECONDS
from listkeep.dock.outlet.models import MailDelivery
from tests.dock.conftest import database_address
from tests.dock.merging.test_send_a_campaign import PEOPLE, Desk, desk

__all__ = ["desk"]
ROOT = Path(__file__).parents[3]
KILLS = int(os.environ.get("LISTKEEP_KILLS", "6"))


def test_none_is_lost_and_none_doubled_beyond_those_under_way(
    desk: Desk, home: Path
) -> None:
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    desk.begin()
    for _ in range(KILLS):
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.dock.merging.interrupted_merge"),
                *(database_address(), str(home), str(desk.path.sent)),
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
            time.sleep(dice.uniform(0.05, 0.6))
            process.kill()
    had = Counter(desk.path.received())
    assert had, f"seed {seed}: killed before anything went out"
    under_way = MailDelivery.objects.filter(state="claimed").count()
    assert under_way <= KILLS

    newest = max(MailDelivery.objects.values_list("at", flat=True))
    desk.now = desk.now.fromtimestamp(newest, tz=desk.now.tzinfo) + timedelta(
        seconds=CLAIM_SECONDS + 1
    )
    MailMerge.objects.update(next_at=0)
    desk.tick(10)

    counts = Counter(desk.path.received())
    assert len(counts) == len(PEOPLE), f"seed {seed}"
    assert sum(counts.values()) - len(counts) <= KILLS, f"seed {seed}"
    assert max(counts.values()) <= 2, f"seed {seed}"
    assert desk.run().state == "done"
