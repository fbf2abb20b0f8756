"""Renewal of a list's key: every row is there once, under the newest key at the end."""

import subprocess
import threading
import time
from itertools import count
from typing import Any

from tests.faults.harness import (
    BUILDINGS,
    COMMAND,
    LONGEST_SECONDS,
    House,
    read_database,
)

ROWS = 12_000


class Renewing:
    """The job that seals a list's rows anew, after an owner asked for another key.

    Each round has a list of its own: a key is replaced only once the one before it is
    gone, which takes a day.
    """

    numbers = count()

    def prepare(self, house: House) -> None:
        house.sign_in("ada")
        self.list = f"renewed-{next(self.numbers)}"
        words = f"listkeep list create {self.list} --facet plan:text --as ada"
        house.terminal.ok(words)
        house.write_people("renewed.csv", ROWS)
        ran = house.terminal.ok(
            f"listkeep request import {self.list} renewed.csv --purpose one --sign "
            "--as ada"
        )
        house.terminal.ok(
            f"listkeep import {self.list} renewed.csv --request {ran.stdout.strip()} "
            "--as ada"
        )
        house.terminal.ok(f"listkeep keys renew {self.list} --as ada")
        self.keys = self._keys(house)

    def start(self, house: House) -> subprocess.Popen[bytes]:
        return house.spawn("job", "run", "renew-keys")

    def victims(self) -> tuple[str, ...]:
        return (*BUILDINGS, COMMAND)

    def judge(self, house: House, *, was_killed: bool) -> None:
        house.come_back("ada", "cleo")
        assert self._count(house, newest=not was_killed) == ROWS
        after = self._go_on(house)
        assert (after["key"], after["older_rows"]) == (self.keys["key"], 0)
        assert self._count(house, newest=True) == ROWS
        assert house.terminal.ok("listkeep ledger verify --as cleo --json").json

    def _go_on(self, house: House) -> dict[str, Any]:
        """Run the job until it is done; who was killed is waited for a minute."""
        until = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < until:
            # The first run goes on, the next one tells the keeper what is left.
            house.terminal.ok("listkeep job run renew-keys")
            is_told = self._keys(house)["older_rows"] == 0
            if is_told and self._count(house, newest=True) == ROWS:
                break
            threading.Event().wait(2)
        return self._keys(house)

    def _keys(self, house: House) -> dict[str, Any]:
        rows = house.terminal.ok("listkeep keys ls --as ada --json").json
        found: dict[str, Any] = next(row for row in rows if row["name"] == self.list)
        return found

    def _count(self, house: House, *, newest: bool) -> int:
        """Count rows in the dock's own database; of the newest key, or of any."""
        newest_key = b"\x02" + self.keys["key"].to_bytes(2, "big")
        rows = read_database(
            house.home,
            "dock",
            "SELECT list_id, substr(sealed, 1, 3), count(*) FROM entry GROUP BY 1, 2",
        )
        return sum(
            count
            for list_id, key, count in rows
            if list_id == self.keys["id"] and (bytes(key) == newest_key or not newest)
        )
