"""Backup: it is there and whole, or it is not there."""

import os
import shutil
import subprocess

from listkeep.cli.running.children import own_environment
from tests.cli.stage import Terminal
from tests.faults.harness import COMMAND, House, new_place


class BackingUp:
    """A copy of the instance while it runs."""

    def prepare(self, house: House) -> None:
        self.target = house.terminal.folder / "copy.tar"
        self.target.unlink(missing_ok=True)

    def start(self, house: House) -> subprocess.Popen[bytes]:
        return house.spawn("backup", "copy.tar")

    def victims(self) -> tuple[str, ...]:
        return (COMMAND,)

    def judge(self, house: House, *, was_killed: bool) -> None:
        if not self.target.exists():
            assert was_killed
            house.terminal.ok("listkeep backup copy.tar")  # clears what was left
        leftovers = [n for n in os.listdir(self.target.parent) if "part" in n]  # noqa: PTH208
        there = Terminal(self.target.with_name("there"), self.target.parent)
        new_place(house.home, there.home, house.cluster)
        try:
            put = there._run_there(
                ["restore-backup", "copy.tar"], b"", own_environment(there.home)
            )
            assert put.status == 0, put.stderr
        finally:
            shutil.rmtree(there.home, ignore_errors=True)
        assert leftovers == []
