"""Who of a list must not be written to, verified as a whole and kept while sends go on.

The table of suppressions is held against the ledger when it is first read and when it
has changed, every few seconds at most. In between its rows are asked besides: what was
added since counts at once, and what was taken away shows at the next look.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from listkeep.core.errors import VerificationError
from listkeep.core.registry.facts import ListFacts
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.custody.suppressions import (
    read_all_known,
    suppressed_tokens,
)
from listkeep.keeper.gate.turns import Gate

_VERIFY_SECONDS = 5.0
_SHARE = 20  # of the time, at most one part is spent on that
Counts = tuple[object, object]


@dataclass(frozen=True, slots=True)
class Blocked:
    """Whom the verified table names, and whether more stands in the table by now."""

    found: ListFacts
    known: Mapping[bytes, str]
    is_behind: bool

    def among(self, tokens: Iterable[bytes]) -> Mapping[bytes, str]:
        """Say who is suppressed; of those in ``tokens`` nobody is left out."""
        if not self.is_behind:
            return self.known
        return {**self.known, **read_all_known(self.found, list(tokens))}


class BlockedPeople:
    """The suppressions of one list in one process; all of its sends share them."""

    def __init__(self, gate: Gate) -> None:
        """Read nothing yet."""
        self._gate = gate
        self._lock = threading.Lock()
        self._known: Mapping[bytes, str] = {}
        self._counts: Counts | None = None  # at which it was verified
        self._failure: VerificationError | None = None
        self._next = 0.0

    def look(self, found: ListFacts, counts: Counts, *, now: datetime) -> Blocked:
        """Give them as they are at these counts of the ledger, or soon were.

        Raises:
            VerificationError: The table is not what the ledger says it is.
        """
        with self._lock:
            if counts != self._counts and time.monotonic() >= self._next:
                self._verify(found, now)
                counts = self._counts or counts
            if self._failure is not None:  # until it is put right
                raise VerificationError(
                    self._failure.message,
                    code=self._failure.code,
                    hint=self._failure.hint,
                )
            return Blocked(found, self._known, counts != self._counts)

    def _verify(self, found: ListFacts, now: datetime) -> None:
        began = time.monotonic()
        try:
            with self._gate.turn(now) as turn:
                self._known = suppressed_tokens(turn, found.id)
                self._counts = counts_of(turn.registry, found)
            self._failure = None
        except VerificationError as error:
            self._counts, self._failure = None, error
        took = time.monotonic() - began
        self._next = began + max(_VERIFY_SECONDS, _SHARE * took)


def counts_of(registry: Registry, found: ListFacts) -> Counts:
    """Say what the ledger knows of the suppressions that bind a list."""
    known = registry.suppressed
    return known.get(found.id), known.get(found.tenant)
