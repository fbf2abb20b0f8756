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
MOST = 30
HOUR = timedelta(hours=1)


def mark_of(key: bytes) -> bytes:
    """Give the mark of a row that is over."""
    return b"over" + key[4:]


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
        self.over: set[bytes] = set()
        self.now = NOON
        self.boot = 1
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(tallies, "_boot", lambda: str(self.boot))
        self.patch.setattr(tallies, "MOST_UNDER_WAY", MOST)
        self.patch.setattr(tallies, "MOST_KEPT", 20)
        self.patch.setattr(tallies, "_LEAST_KEPT", 8)

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
            known = tally.kept | self.table
            free = keys & tally.under_way
            rest = sorted(key for key in keys - free if mark_of(key) not in known)
            back = [key for key in rest if key in known]
            back = back[: min(tally.waiting, tally.room)]
            assert self.over.isdisjoint([*free, *back]), "what is over is not free"
            new = [key for key in rest if key not in known]
            left = tally.left_of_pace(PACE, now=self.now)
            if not self.lease(tally, min(len(new), left), dies=dies):
                return
            room = max(0, min(left, tally.state.unspent, tally.room - len(back)))
            opened = new[:room]
            told = [*free, *back, *opened]
            tally.count(
                told, new=len(opened), waited=len(back), opens=len(told), now=self.now
            )
            if dies == "counted":
                return
            self.move(tally)
        self.people.update(opened)
        self.over.difference_update(opened)  # it cost a row of the cap
        self.told.extend((self.now, key) for key in opened)

    @rule(
        people=st.lists(st.integers(0, PEOPLE - 1), min_size=1, max_size=40),
        is_over=st.booleans(),
    )
    def report(self, people: list[int], *, is_over: bool) -> None:
        """Say what came of rows, whether they were opened or not."""
        with self.held() as tally:
            for number in people:
                key = number.to_bytes(KEY_BYTES, "big")
                known = tally.kept | self.table
                waited = key in known and mark_of(key) not in known
                if not is_over:
                    tally.wait(key)
                elif tally.end(key, mark=mark_of(key), was_waiting=waited):
                    self.over.add(key)
            tally.write()
            self.move(tally)

    def move(self, tally: Tally) -> None:
        if tally.is_full:
            self.table.update(split_keys(tally.state.keys))
            tally.state.keys = b""
            tally.write()

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
        self.forget()
        self.boot += 1

    def forget(self) -> None:
        """Lose what is in the file alone; what it costs is cap."""
        self.over = {key for key in self.over if mark_of(key) in self.table}

    @precondition(lambda self: self.path.exists())
    @rule(how=st.sampled_from(["unlink", "empty", "bend"]))
    def harm_the_file(self, how: str) -> None:
        self.forget()
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
    def so_many_are_under_way_and_no_more(self) -> None:
        with self.held() as tally:
            assert len(tally.under_way) <= MOST
            assert 0 <= tally.waiting <= tally.state.counted

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
