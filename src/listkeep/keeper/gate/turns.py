"""One turn of the keeper: lock the ledger, catch up, decide, append, commit.

Every decision of the keeper happens inside a turn, so what it decides from is what
the ledger says at that moment, also when several processes serve one instance. What is
appended is applied before it is committed: an entry that no later start could read
back would end the ledger, so it is refused while there is still nothing of it.
"""

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from listkeep.core.errors import (
    Code,
    ListkeepError,
    UnavailableError,
    VerificationError,
)
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.tree import leaf_hash
from listkeep.core.registry.held_keys import index_key, list_key
from listkeep.core.registry.passkeys import RelyingParty
from listkeep.core.registry.recovery import custodians
from listkeep.core.registry.replay import apply, apply_body
from listkeep.core.registry.state import Registry
from listkeep.keeper.keys import KeyStore, Mark
from listkeep.keeper.ledger.queries import read_entries, read_head
from listkeep.keeper.ledger.services import (
    Log,
    locked_log,
    verify_checkpoint,
    verify_ledger,
)

CUSTODIANS = "custodians"  # in the key store: passkeys by person
_CLOCK_TOLERANCE = timedelta(seconds=5)


class Journal(Protocol):
    """Where events are recorded: the ledger."""

    def append(
        self,
        event: Event,
        fields: Mapping[str, str],
        *,
        at: datetime,
        list_id: str = "",
    ) -> int:
        """Record one event and return its index."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a decision may use while it holds the ledger."""

    registry: Registry
    log: Journal
    store: KeyStore
    now: datetime

    def append(
        self, event: Event, fields: Mapping[str, str], *, list_id: str = ""
    ) -> int:
        """Record an event at this turn's time."""
        return self.log.append(event, fields, at=self.now, list_id=list_id)


class Gate:
    """The keeper's authority in one process; safe to share between threads."""

    def __init__(
        self,
        store: KeyStore,
        *,
        scrub_period: timedelta = timedelta(days=7),
        renew_period: timedelta = timedelta(days=30),
    ) -> None:
        """Read and verify the whole ledger once.

        Raises:
            VerificationError: The ledger is not the one this key store wrote.
            UnavailableError: The instance was never initialised.
        """
        self.store = store
        self.recent_refusals: dict[str, deque[datetime]] = {}
        self.scrub_period, self.renew_period = scrub_period, renew_period
        self.rows_left: dict[str, int] = {}  # under older keys, as the dock says
        self.asked_since: datetime | None = None  # about lists nobody looked over
        self.look_again_at: datetime | None = None
        self._reads = 0
        self.kept: dict[str, object] = {}  # what rooms above keep as long as this
        self._lock = threading.RLock()
        self.origin = store.pinned()["keeper"]
        self._registry = self._read()
        self._is_ahead = False
        self._custodians = store.recall(CUSTODIANS)
        self._remember_custodians()
        self._buried = 0
        self._emptied = (0, 0)  # how many lists and tenants there were then
        self._bury()

    @property
    def party(self) -> RelyingParty:
        """Where signatures for this keeper are made; the genesis says, for good."""
        return self._registry.party

    @property
    def version(self) -> tuple[int, int]:
        """Which state is known here: how often read anew, how many entries.

        Asks nobody. What was taken from a state of another version may be past.
        """
        return self._reads, self._registry.frontier.size

    @contextmanager
    def turn(self, now: datetime) -> Iterator[Turn]:
        """Hold the ledger for one decision; everything in it commits, or nothing.

        Raises:
            ListkeepError: What was appended could not be read back.
            UnavailableError: The clock stands before the newest entry.
            VerificationError: The ledger's tables were changed meanwhile.
        """
        with self._lock:
            self._fall_back()
            with locked_log(self.store, origin=self.origin, accept=self._accept) as log:
                self._catch_up(log.size, log.checkpoint)
                self._require_head(log)
                self._require_clock(now)
                yield Turn(self._registry, log, self.store, now)
            self._is_ahead = False
            if log.bodies:
                self._remember_custodians()
            self._bury()

    @contextmanager
    def view(self, now: datetime) -> Iterator[Registry]:
        """Look at the state of authority as of the newest committed entry."""
        with self.look() as registry:
            self._require_clock(now)
            yield registry

    @contextmanager
    def look(self) -> Iterator[Registry]:
        """Look at the same where nothing depends on the time."""
        with self._lock:
            self._fall_back()
            self._catch_up(*read_head())
            yield self._registry

    def _read(self) -> Registry:
        """Read the ledger from its first entry, while nobody appends."""
        registry = Registry(self.store.pinned())
        with locked_log(self.store, origin=self.origin) as log:
            for fields in verify_ledger(self.store, origin=self.origin):
                apply(registry, fields)
            registry.frontier = log.frontier
            verified = Mark(log.size, log.frontier.root)
        if self.store.read_mark().size > verified.size:  # given up, by two custodians
            self.store.reset_mark(verified)
        return registry

    def _accept(self, bodies: Sequence[bytes]) -> None:
        """Apply what is about to be committed, or refuse it.

        From memory: what is read again could have been put back meanwhile.
        """
        self._is_ahead = bool(bodies)
        try:
            for body in bodies:
                apply_body(self._registry, body)
        except VerificationError as error:
            raise ListkeepError(
                "the keeper would have recorded what could not be read back",
                hint="nothing was written; its log says where",
            ) from error

    def _fall_back(self) -> None:
        """Go back to what the ledger says, if the last turn was not committed."""
        if self._is_ahead:
            self._reads += 1
            self._registry = self._read()
            self._is_ahead = False

    def _remember_custodians(self) -> None:
        """Keep where no database can say otherwise who may answer for a loss of it."""
        known = {
            person.id: " ".join(key.id for key in person.credentials)
            for person in custodians(self._registry)
        }
        if known != self._custodians:
            self.store.keep(CUSTODIANS, known)
            self._custodians = known

    def _catch_up(self, size: int, checkpoint: bytes) -> None:
        """Apply what other processes committed, after proving that they signed it."""
        frontier = self._registry.frontier
        if size == frontier.size:
            return
        if size < frontier.size:
            raise _edited()
        bodies = []
        for index, body in read_entries(frontier.size, limit=size - frontier.size):
            if index != frontier.size:
                raise _edited()
            bodies.append(body)
            frontier, _ = frontier.append(leaf_hash(body))
        if size != frontier.size:
            raise _edited()
        verify_checkpoint(self.store, checkpoint, origin=self.origin, frontier=frontier)
        for body in bodies:
            apply_body(self._registry, body)
        self._bury()

    def _bury(self) -> None:
        """Destroy the keys the ledger says are destroyed.

        Each process does so as soon as it reads of one, or a key would live on in its
        memory; at start all of them, or one would come back with an old key store.
        """
        destroyed = list(self._registry.destroyed_keys)
        for key_id in destroyed[self._buried :]:
            self.store.destroy(key_id)
            self._buried += 1
        self._bury_unknown()

    def _bury_unknown(self) -> None:
        """Destroy further keys of what is shredded or closed.

        The end of the ledger was lost with their renewal, and rows are under them.
        """
        lists, tenants = self._registry.shredded, self._registry.index_keys
        if self._emptied == (ended := (len(lists), len(tenants))):
            return
        names = {list_key(list_id) for list_id in lists}
        names |= {
            index_key(found.tenant)
            for found in lists.values()
            if found.tenant not in tenants
        }
        for key_id in self.store.key_ids() if names else ():
            name, _, number = key_id.rpartition(".")
            if number.isdecimal() and name in names:
                self.store.destroy(key_id)
        self._emptied = ended

    def _require_head(self, log: Log) -> None:
        """Append to nothing but what was verified, or an edited row would be signed."""
        registry = self._registry
        if log.frontier != registry.frontier or log.list_heads != registry.heads:
            raise _edited()

    def _require_clock(self, now: datetime) -> None:
        latest = self._registry.latest_at
        if latest is not None and now < latest - _CLOCK_TOLERANCE:
            raise UnavailableError(
                "the keeper's clock stands before its newest ledger entry",
                code=Code.CLOCK_MOVED_BACK,
                hint="set the host's clock, then try again",
            )


def _edited() -> VerificationError:
    return VerificationError(
        "the ledger was changed while the keeper was running",
        code=Code.LEDGER_INVALID,
        hint="stop the keeper and keep a copy of its database",
    )
