"""In whatever order rows open, processes die and machines stop: cap and pace hold."""

import os
from collections import deque
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from listkeep.core.registry.sending import SendFacts
from listkeep.keeper.release import tallies
from listkeep.keeper.release.tallies import KEY_BYTES, Tally, hold_tally, split_keys

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SEAL = bytes(32)
CAP, PACE, PEOPLE = 70, 24, 100
HOUR = timedelta(hours=1)


class Sending(RuleBasedStateMachine):
    """A send with a cap and a pace, as the keeper counts it, and what it should be.

    The ledger is a number here: what is leased in it stays. ``told`` is who left.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "spool" / "r_1.send"
        self.facts = SendFacts("r_1", "t_acme", "00000001", NOON)
        self.table: set[bytes] = set()
        self.told: deque[tuple[datetime, bytes]] = deque()
        self.people: set[bytes] = set()
        self.now = NOON
        self.boot = 1
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(tallies, "_boot", lambda: str(self.boot))

    def teardown(self) -> None:
        self.patch.undo()
        self.folder.cleanup()

    @rule(
        people=st.lists(st.integers(0, PEOPLE - 1), min_size=1, max_size=40),
        dies=st.sampled_from(["", "", "", "leased", "counted"]),
    )
    def open_rows(self, people: list[int], dies: str) -> None:
        """Open rows; the process may die after the ledger, or before it answers."""
        keys = {number.to_bytes(KEY_BYTES, "big") for number in people}
        with self.held() as tally:
            new = sorted(keys - tally.kept - self.table)
            left = tally.left_of_pace(PACE, now=self.now)
            if not self.lease(tally, min(len(new), left), dies=dies):
                return
            room = min(left, tally.state.unspent)
            opened = new[:room]
            tally.count(opened, again=len(keys) - len(new), now=self.now)
            if dies == "counted":
                return
            if len(tally.state.keys) > tallies.MOST_KEPT * KEY_BYTES:
                self.table.update(split_keys(tally.state.keys))
                tally.state.keys = b""
                tally.write()
        self.people.update(opened)
        self.told.extend((self.now, key) for key in opened)

    def lease(self, tally: Tally, wanted: int, *, dies: str) -> bool:
        missing = wanted - tally.state.unspent
        if missing > 0 and self.facts.reserved < CAP:
            left = CAP - self.facts.reserved
            rows = min(left, tally.next_lease(missing, pace=PACE))
            self.facts.lease(rows, at=self.now)
            if dies == "leased":
                return False
            tally.lease(rows, reserved=self.facts.reserved)
        return True

    @rule(minutes=st.sampled_from([1, 4, 17, 52, 59, 61]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def cut_the_power(self) -> None:
        self.boot += 1

    @precondition(lambda self: self.path.exists())
    @rule(how=st.sampled_from(["unlink", "empty", "bend"]))
    def harm_the_file(self, how: str) -> None:
        data = self.path.read_bytes()
        if how == "unlink":
            self.path.unlink()
        elif how == "empty":
            self.path.write_bytes(b"")
        elif data:
            self.path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    @rule()
    def lose_the_table(self) -> None:
        self.table.clear()

    @invariant()
    def never_more_than_the_cap(self) -> None:
        assert len(self.told) <= self.facts.reserved <= CAP

    @invariant()
    def never_more_than_the_pace_in_any_hour(self) -> None:
        for at, _ in self.told:
            within = sum(at <= other < at + HOUR for other, _ in self.told)
            assert within <= PACE

    @invariant()
    def it_counts_at_least_what_left(self) -> None:
        with self.held() as tally:
            state = tally.state
            assert len(self.told) <= state.counted
            assert (
                state.counted + state.unspent <= self.facts.reserved == state.reserved
            )
            assert state.opens >= state.counted

    def held(self) -> AbstractContextManager[Tally]:
        return hold_tally(self.path, self.facts, seal=SEAL, pace=PACE, now=self.now)


TestSending = Sending.TestCase
TestSending.settings = settings(
    max_examples=int(os.environ.get("LISTKEEP_EXAMPLES", "60")),
    stateful_step_count=40,
    deadline=None,
)
