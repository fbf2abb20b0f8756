"""What each call about sends has at hand."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from listkeep.core.registry.facts import Service
from listkeep.core.registry.sending import SendFacts
from listkeep.keeper.gate.sign_in.sessions import STATE_KEY
from listkeep.keeper.gate.turns import Gate

from .tallies import Tally, hold_tally


@dataclass(frozen=True, slots=True)
class SendCall:
    """Who asks, where sends are counted, and when it is."""

    gate: Gate
    carrier: Service
    spool: Path
    now: datetime

    @property
    def seal(self) -> bytes:
        """The key that binds counts and names rows."""
        return self.gate.store.get(STATE_KEY)

    def tally_of(self, request: str) -> Path:
        """Say where a send is counted."""
        return self.spool / f"{request}.send"

    def hold(self, facts: SendFacts, *, pace: int = 0) -> AbstractContextManager[Tally]:
        """Hold the count of one send."""
        path = self.tally_of(facts.request)
        return hold_tally(path, facts, seal=self.seal, pace=pace, now=self.now)
