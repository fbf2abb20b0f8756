"""Restore of a list: as it is or as it was, and never something in between."""

import subprocess
import threading
from datetime import UTC, datetime, timedelta

from listkeep.core.grants import parse_time
from tests.faults.harness import BUILDINGS, COMMAND, House

LIST = "undone"
ROWS = 400


def _let_pass(at: str) -> None:
    """Let the second pass in which the list changed last: times are whole seconds."""
    until = parse_time(at) + timedelta(seconds=2)
    while datetime.now(UTC) < until:
        threading.Event().wait(0.1)


class Restoring:
    """An owner takes back an import that was signed for."""

    def prepare(self, house: House) -> None:
        house.sign_in("ada", "ben")
        lists = house.terminal.ok("listkeep list ls --as ada").stdout
        if LIST not in lists:
            house.terminal.ok(f"listkeep list create {LIST} --facet plan:text --as ada")
            self._import(house, ROWS)
        self.before = house.count(LIST)
        changes = house.terminal.ok(f"listkeep history {LIST} --as ada --json").json
        self.change = max(change["number"] for change in changes) + 1
        _let_pass(max(change["at"] for change in changes))
        self._import(house, ROWS)
        ran = house.terminal.ok(
            f"listkeep request restore {LIST} --before {self.change} "
            "--purpose undo --sign --as ada"
        )
        self.request = ran.stdout.strip().split()[-1]

    def start(self, house: House) -> subprocess.Popen[bytes]:
        return house.spawn(
            *("restore", LIST, "--before", str(self.change)),
            *("--request", self.request, "--yes", "--as", "ada"),
        )

    def victims(self) -> tuple[str, ...]:
        return (*BUILDINGS, COMMAND)

    def judge(self, house: House, *, was_killed: bool) -> None:
        house.come_back("ada", "ben", "cleo")
        after = house.count(LIST)
        as_it_was, as_it_is = self.before, self.before + ROWS
        assert after in ((as_it_was, as_it_is) if was_killed else (as_it_was,))
        assert house.terminal.ok("listkeep ledger verify --as cleo --json").json
        restored = [
            entry
            for entry in house.entries("list.restored")
            if entry.get("request") == self.request
        ]
        assert len(restored) <= 1
        assert list((house.home / "staging").iterdir()) == []

    @staticmethod
    def _import(house: House, count: int) -> None:
        house.write_people("undone.csv", count)
        ran = house.terminal.ok(
            f"listkeep request import {LIST} undone.csv --purpose more --sign --as ada"
        )
        house.terminal.ok(
            f"listkeep import {LIST} undone.csv --request {ran.stdout.strip()} --as ada"
        )
