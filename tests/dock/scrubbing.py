"""A worker that looks rows over, with a clock and no pauses; a hand in the tables."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection

from listkeep.dock.watch.scrubbing import Scrubber
from tests.dock.ways import NOON, Clock
from tests.fakes.keeper import FakeKeeper

WEEK = timedelta(days=7)


@dataclass
class Rounds:
    """A worker's rounds, long after the lists were made: all are due."""

    keeper: FakeKeeper
    clock: Clock = field(default_factory=lambda: Clock(NOON + timedelta(days=30)))
    page_rows: int = 3
    keep_on: Callable[[], bool] = lambda: True

    def tick(self) -> int:
        """One tick of a worker that was started just now."""
        return Scrubber(
            keeper=self.keeper,
            clock=self.clock,
            keep_on=self.keep_on,
            period=WEEK,
            pause=lambda _seconds: None,
            page_rows=self.page_rows,
        ).tick()

    def until_done(self, passes: int = 1) -> None:
        """Tick until so many passes are in the ledger; each minute once."""
        wanted = len(self.keeper.scrubbed) + passes
        for _ in range(200):
            if len(self.keeper.scrubbed) >= wanted:
                return
            self.tick()
            self.clock.wait(minutes=1)
        raise AssertionError("no end in sight")

    def kinds(self) -> list[str]:
        found = self.keeper.incidents.values()
        return sorted(each.kind for each in found if not each.closed_at)


def write(sql: str, *parameters: Any) -> None:
    """Write into the dock's tables, as somebody with the database would."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
