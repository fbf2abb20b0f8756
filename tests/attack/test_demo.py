"""The demo is what a newcomer believes, so it runs here as it runs there."""

import json
import os
import subprocess
from pathlib import Path

from listkeep.cli.running.children import own_command
from listkeep.drill.postfix import why_not


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        own_command(*words),
        env={**os.environ, "LISTKEEP_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_demo_holds_and_can_be_told_again(tmp_path: Path) -> None:
    home = tmp_path / "var"

    for _ in range(2):
        told = run(home, "demo", "--rows", "5000", "--json")
        assert told.returncode == 0, told.stderr
    figures = json.loads(told.stdout)

    thieves = figures["thieves"]
    assert thieves.pop("insider") == figures["insider_in_ledger"] == 10
    assert set(thieves) == {"database", "session", "app_key", "dock_disk"}
    assert not any(thieves.values())
    assert figures["imported"] + figures["rejected"] == 5000
    assert 0 < figures["segment"] < figures["tokens"] <= figures["imported"]
    assert figures["exported"] == min(figures["segment"], 1000)
    assert figures["ledger"]["verified"] is True
    campaign = figures["campaign"]
    assert 0 < campaign["sent"] == campaign["received"] < figures["segment"]
    assert campaign["app_host"] == 0
    if campaign["why_no_mail_server"]:
        assert why_not()
    else:
        assert (campaign["mail_server"], campaign["waited"] > 0) == (0, True)
    # Of ten; a few of the sample have a local part no mail server here is given.
    assert 5 < campaign["delivered_before"] <= 10
    assert campaign["dock_host"] == campaign["unspent_cap"] <= 15
    assert campaign["opened_again"] == 0
    assert figures["insider_bound"] == 10


def test_the_demo_leaves_alone_what_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")

    told = run(tmp_path, "demo", "--rows", "5000")

    assert told.returncode == 5
    assert (tmp_path / "letter.txt").read_text() == "mine"
