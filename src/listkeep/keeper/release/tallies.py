"""How far a send has come since its last lease: one small file, held by one at a time.

Rules of the room:

- The ledger leases rows to a send before they open; here is what of the lease is left.
  All processes of the keeper count in the one file, under a lock that the system takes
  back from whoever dies. So cap and pace are exact however many there are.
- The file is written before what was counted leaves, and never waits for the disk:
  what a killed process wrote is there. After a power cut, or when it is lost, torn or
  edited, nobody knows what was opened: all that was leased counts as opened.
- A row that was opened is *under way* until the dock says what came of it. Until then
  it opens again for nothing, and only here is it known by name (a keyed hash). So many
  are under way at most, so that a dock has to tell.
- What is over gets a mark, here first and in a table later (``openings``): it never
  opens again. What waits for another try gets a mark of another kind; how many wait is
  counted here, so that old marks put back into the table open no more than those.
- Losing marks or names costs cap and nothing else.
"""

import fcntl
import hashlib
import hmac
import os
from collections.abc import Callable, Collection, Iterator, KeysView
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from struct import Struct

import msgspec

from listkeep.core.errors import Code, RefusedError, UnavailableError
from listkeep.core.registry.sending import SendFacts

KEY_BYTES = 16
MOST_UNDER_WAY = 1000
SPAN = timedelta(minutes=5)
SPANS_AN_HOUR = 12
MOST_KEPT = 192  # keys; with them the file is one page, which is written whole or not
_LEAST_KEPT = 64  # marks that wait for the table, however many rows are under way
_PATIENT_SPANS = 2  # before a row that nobody told of counts as waiting
MOST_LEASED = 1000
_FIRST_LEASE = 64
_MOST_AGAIN = 50  # times that a row opens, on average
_FREE_AGAIN = 1000
_MAC_BYTES = 16
_MOST_BYTES = 65_536
_KEY = Struct(f"{KEY_BYTES}s")
_FIRST: Callable[[tuple[bytes]], bytes] = itemgetter(0)
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class State(msgspec.Struct, kw_only=True):
    """What the file says."""

    request: str
    boot: str
    reserved: int  # rows that the ledger leased so far, as known here
    unspent: int = 0  # of these, rows that nobody opened yet
    counted: int = 0  # rows that were opened, each once
    opens: int = 0  # the same rows, each time
    leases: int = 0
    signed: dict[str, int] = msgspec.field(default_factory=dict)  # by key
    spans: dict[int, int] = msgspec.field(default_factory=dict)  # counted, by time
    keys: bytes = b""  # marks that the table does not have yet
    under_way: dict[int, bytes] = msgspec.field(default_factory=dict)  # keys, by time
    again: int | None = None  # rows that wait for another try; of an old file: unknown


class Tally:
    """The count of one send, while it is held."""

    def __init__(self, state: State, descriptor: int, seal: bytes) -> None:
        """Begin with what was read; ``seal`` is the key that binds the file."""
        self.state = state
        self._descriptor, self._seal = descriptor, seal
        self._under_way = {
            key: span
            for span, joined in state.under_way.items()
            for key in split_keys(joined)
        }
        self._kept: frozenset[bytes] = frozenset()
        self._kept_of = b""  # the marks it was made of

    @property
    def kept(self) -> frozenset[bytes]:
        """Marks that are not in the table."""
        if self._kept_of is not self.state.keys:  # asked for more often than changed
            self._kept_of = self.state.keys
            self._kept = frozenset(split_keys(self._kept_of))
        return self._kept

    @property
    def under_way(self) -> KeysView[bytes]:
        """Rows that were opened, and nobody has said what came of them."""
        return self._under_way.keys()

    @property
    def waiting(self) -> int:
        """How many rows wait for another try."""
        again = self.state.again
        return self.state.counted if again is None else again

    @property
    def room(self) -> int:
        """How many more rows may be under way."""
        return max(0, MOST_UNDER_WAY - len(self._under_way))

    @property
    def is_full(self) -> bool:
        """Whether it is time to move marks to the table."""
        most = max(_LEAST_KEPT, MOST_KEPT - len(self._under_way))
        return len(self.state.keys) > most * KEY_BYTES

    def wait(self, key: bytes) -> bool:
        """Have a row that is under way wait for another try; say if it was."""
        if self._under_way.pop(key, None) is None:
            return False
        self.state.again = self.waiting + 1
        self.state.keys += key
        return True

    def end(self, key: bytes, *, mark: bytes, was_waiting: bool) -> bool:
        """Close a row for good; say if it was under way, or waited."""
        if self._under_way.pop(key, None) is None:
            if not was_waiting:
                return False
            self.state.again = max(0, self.waiting - 1)
        self.state.keys += mark
        return True

    def let_go(self, now: datetime) -> None:
        """Have rows wait that nobody told of for long: whoever had them has died."""
        oldest = span_of(now) - _PATIENT_SPANS
        for key in [key for key, span in self._under_way.items() if span < oldest]:
            self.wait(key)

    def next_lease(self, wanted: int, *, pace: int) -> int:
        """Say how many rows to lease: more each time, so that little is left at first.

        What a restart gives up is a lease at most; one of a paced send is small.
        """
        most = min(_FIRST_LEASE << min(self.state.leases, 4), MOST_LEASED)
        if pace:
            most = min(most, max(1, pace // SPANS_AN_HOUR))
        return max(most, wanted)

    def lease(self, rows: int, *, reserved: int) -> None:
        """Take rows that the ledger has just leased, ``reserved`` of them in all."""
        self.state.unspent += rows
        self.state.reserved = reserved
        self.state.leases += 1
        self.write()

    def left_of_pace(self, pace: int, *, now: datetime) -> int:
        """Say how many rows may open now, so that no hour has more than the pace."""
        if not pace:
            return self.state.unspent
        first = span_of(now) - SPANS_AN_HOUR
        recent = sum(count for span, count in self.state.spans.items() if span >= first)
        return max(0, pace - recent)

    def is_flooded(self, again: int) -> bool:
        """Tell whether rows open again far more often than retries would have it."""
        state = self.state
        return state.opens + again > _MOST_AGAIN * state.counted + _FREE_AGAIN

    def sign(self, key: str, count: int) -> None:
        """Count signatures before they are made: of each key, one for each opening.

        Raises:
            RefusedError: More than were opened.
        """
        signed = self.state.signed.get(key, 0) + count
        if signed > self.state.opens:
            raise RefusedError(
                "more is to be signed than was opened", code=Code.CAP_EXCEEDED
            )
        self.state.signed[key] = signed
        self.write()

    def count(
        self,
        keys: Collection[bytes],
        *,
        new: int,
        waited: int,
        opens: int,
        now: datetime,
    ) -> None:
        """Count rows before they leave: they are under way from now on.

        ``new`` of them are opened for the first time, ``waited`` waited for this; with
        those that were under way they open ``opens`` times.
        """
        state, rows = self.state, new
        if rows > state.unspent:  # a mistake of ours must not become a loss of theirs
            raise _unusable("more rows were opened than leased")
        span = span_of(now)
        state.again = self.waiting - waited
        state.unspent -= rows
        state.counted += rows
        state.opens += opens
        self._under_way.update(dict.fromkeys(keys, span))
        if rows:
            state.spans[span] = state.spans.get(span, 0) + rows
            for old in [each for each in state.spans if each < span - SPANS_AN_HOUR]:
                del state.spans[old]
        self.write()

    def write(self) -> None:
        """Put the count where the next one who holds it finds it.

        Raises:
            UnavailableError: It cannot be written; nothing may leave then.
        """
        under_way: dict[int, list[bytes]] = {}
        for key, span in self._under_way.items():
            under_way.setdefault(span, []).append(key)
        self.state.under_way = {s: b"".join(keys) for s, keys in under_way.items()}
        body = msgspec.msgpack.encode(self.state)
        data = _mac(self._seal, body) + body
        try:
            if os.pwrite(self._descriptor, data, 0) != len(data):
                raise _unusable("the disk is full")
            os.ftruncate(self._descriptor, len(data))
        except OSError as error:
            raise _unusable("the spool cannot be written") from error


@contextmanager
def hold_tally(
    path: Path, facts: SendFacts, *, seal: bytes, pace: int, now: datetime
) -> Iterator[Tally]:
    """Hold the count of one send; whoever else wants it waits.

    Hold it before the ledger, never the other way round.

    Raises:
        UnavailableError: The file cannot be used.
    """
    descriptor = _lock(path)
    try:
        state = _read(descriptor, seal)
        if state is None or (state.request, state.boot) != (facts.request, _boot()):
            state = _all_spent(facts, pace=pace, now=now)
        state.reserved = max(state.reserved, facts.reserved)  # a lost lease is spent
        tally = Tally(state, descriptor, seal)
        tally.let_go(now)
        yield tally
    finally:
        os.close(descriptor)


def _lock(path: Path) -> int:
    """Open the file and lock it; the end of its send may just have removed it."""
    try:
        while True:
            try:
                descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:
                path.parent.mkdir(mode=0o700, exist_ok=True)
                continue
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return descriptor
            os.close(descriptor)
    except OSError as error:
        raise _unusable("the spool cannot be written") from error


def split_keys(joined: bytes) -> Iterator[bytes]:
    """Take joined keys apart."""
    return map(_FIRST, _KEY.iter_unpack(joined))


def span_of(moment: datetime) -> int:
    """Number the five minutes that a moment is in."""
    return int(moment.timestamp() // SPAN.total_seconds())


def _read(descriptor: int, seal: bytes) -> State | None:
    data = os.pread(descriptor, _MOST_BYTES, 0)
    mac, body = data[:_MAC_BYTES], data[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(seal, body)):
        return None
    return msgspec.msgpack.decode(body, type=State)


def _all_spent(facts: SendFacts, *, pace: int, now: datetime) -> State:
    """Begin anew: whatever was leased may have been opened, the last of it just now."""
    recent = facts.leased_since(now - SPAN * (SPANS_AN_HOUR + 1))
    return State(
        request=facts.request,
        boot=_boot(),
        reserved=facts.reserved,
        counted=facts.reserved,
        opens=facts.reserved,
        spans={span_of(now): min(pace, recent)} if pace and recent else {},
    )


def _mac(seal: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(
        body, digest_size=_MAC_BYTES, key=seal, person=b"lk-tally"
    ).digest()


@lru_cache(maxsize=1)
def _boot() -> str:
    """Name the running system: what was not synced is gone with it."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:  # without a name no file of an earlier process is believed
        return os.urandom(16).hex()


def _unusable(what: str) -> UnavailableError:
    return UnavailableError(
        f"a send cannot be counted: {what}",
        code=Code.KEEPER_UNAVAILABLE,
        hint="look at the folder `spool` and the room on its disk, then try again",
    )
