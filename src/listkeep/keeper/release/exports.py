"""Open a granted export straight into age, for the enrolled recipient.

Sealed rows stream in; what is kept meanwhile is ciphertext only the recipient can
open, in a spool file that goes when it was delivered. The intent is in the ledger
before the first row opens, the outcome before the first byte leaves. Every row is
checked against the signed selection, the keeper's own suppressions and the cap; one
row too many, or one that does not belong, and nothing leaves.
"""

import hashlib
import io
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

import pyrage

from listkeep.core.errors import Code, ListkeepError, RefusedError, VerificationError
from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event
from listkeep.core.opening import OpenedRows, SealedRows
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import (
    ListFacts,
    Recipient,
    RequestFacts,
    Service,
)
from listkeep.core.registry.state import Registry
from listkeep.core.segments import Schema, parse_segment
from listkeep.keeper.gate.custody.suppressions import suppressed_tokens
from listkeep.keeper.gate.decisions.age_keys import parse_age_recipient
from listkeep.keeper.gate.decisions.descriptions import may_see
from listkeep.keeper.gate.decisions.standing import require_not_frozen, require_standing
from listkeep.keeper.gate.refusals import (
    Attempt,
    record_refusal,
    recorded_refusals,
)
from listkeep.keeper.gate.sign_in.sessions import resolve_session
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire import messages as m

from .deliveries import Clock, require_deliverable, sweep
from .formats import prepare_writer, require_format
from .opening import Opener, Shape, columns_of, part_of

_LOOK_SECONDS = 1.0  # a freeze counts within five
_ROWS_BETWEEN_LOOKS = 4096
_FACETS_KEPT = 16_384
_EXPORT = frozenset({Action.EXPORT})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    """Who runs which export, asked again whenever it matters."""

    gate: Gate
    session: str
    service: str
    request: str
    clock: Clock

    def require_open(self, registry: Registry, now: datetime) -> RequestFacts:
        """Require that runner, grant and tenant are still as they have to be."""
        person = resolve_session(
            self.gate, registry, self.session, service=self.service, now=now
        )
        known = registry.requests.get(self.request)
        if known is not None and not (
            known.terms.tenant == person.tenant and may_see(registry, person, known)
        ):
            raise RefusedError("there is no such request", code=Code.NOT_FOUND)
        request = require_standing(registry, self.request, actions=_EXPORT, now=now)
        require_not_frozen(registry, request.terms.tenant)
        return request

    def find_list(self) -> ListFacts:
        """Look at the list as it is now; it may have got a newer key."""
        now = self.clock()
        with self.gate.view(now) as registry:
            return registry.lists[self.require_open(registry, now).terms.list]

    def look(self) -> None:
        """Catch up with what other processes recorded, and require the same."""
        now = self.clock()
        with self.gate.view(now) as registry:
            self.require_open(registry, now)


@dataclass(frozen=True, slots=True)
class _Run:
    request: RequestFacts
    found: ListFacts
    recipient: Recipient
    suppressed: dict[bytes, str]
    attempt: Attempt
    line: "_Line"


def run_export(  # noqa: PLR0913 - the edge passes its ports
    gate: Gate,
    message: m.RunExport,
    batches: Iterator[m.RowBatch],
    *,
    carrier: Service,
    spool: Path,
    clock: Clock,
) -> Path:
    """Open the rows of a granted export into an age file, and return where it is.

    A run that died is repeated under the same grant; its cap is charged once. If an
    earlier run finished but was not delivered, its file is delivered again.

    Raises:
        RefusedError: Not granted, used, frozen, or more rows than the cap.
        VerificationError: A row was edited, swapped, or is outside the selection.
    """
    spool.mkdir(mode=0o700, exist_ok=True)
    sweep(gate, spool, now=clock())
    target = spool / f"{message.request}.age"
    if target.exists() and _is_delivery(gate, message, carrier, clock()):
        return target
    require_format(message.format)  # a typing error spends nothing
    line = _Line(
        gate=gate,
        session=message.session,
        service=carrier.id,
        request=message.request,
        clock=clock,
    )
    run = _intend(line)
    draft = spool / f"{message.request}.{secrets.token_hex(4)}.part"
    plain = _Plaintext(gate, message.format, run, batches)
    try:
        with draft.open("xb") as file:
            sink = _Digest(file)
            _encrypt(plain, sink, run.recipient)
        with gate.turn(clock()) as turn:
            _complete(turn, run, plain, sink)
            draft.replace(target)
    except ListkeepError as error:
        record_refusal(gate, run.attempt, error, now=clock())
        raise
    finally:
        draft.unlink(missing_ok=True)
    return target


def _is_delivery(
    gate: Gate, message: m.RunExport, carrier: Service, now: datetime
) -> bool:
    """Tell whether this is the same export, finished but not delivered."""
    with gate.view(now) as registry:
        person = resolve_session(
            gate, registry, message.session, service=carrier.id, now=now
        )
        request = registry.requests.get(message.request)
        if (
            request is None
            or not request.done
            or request.terms.action is not Action.EXPORT
            or request.terms.tenant != person.tenant
            or not may_see(registry, person, request)
            or now >= request.terms.expires
        ):
            return False
        require_deliverable(registry, request)
        return True


def _intend(line: _Line) -> _Run:
    """Record the intent: from here on nonce and budget are spent."""
    now = line.clock()
    with (
        recorded_refusals(line.gate, "export", now=now) as attempt,
        line.gate.turn(now) as turn,
    ):
        registry = turn.registry
        person = resolve_session(
            line.gate, registry, line.session, service=line.service, now=now
        )
        attempt.who = person.id
        request = line.require_open(registry, now)
        attempt.request, attempt.list_id = request.id, request.terms.list
        if not request.intended:
            registry.require_budget(
                request.signed[0].person,
                Measure.ROWS_EXPORTED,
                now=now,
                amount=request.terms.cap,
            )
        found = registry.lists[request.terms.list]
        recipient = registry.recipients[request.terms.recipient]
        suppressed = suppressed_tokens(turn, found.id)
        turn.append(
            Event.EXPORT_INTENDED,
            {
                "request": request.id,
                "person": person.id,
                "recipient": recipient.id,
                "cap": str(request.terms.cap),
            },
            list_id=found.id,
        )
        return _Run(request, found, recipient, suppressed, attempt, line)


class _Facets(dict[str, bytes]):
    """What a row's facets are written as: they repeat, or they would name people."""

    def __init__(self, write: Callable[[str], bytes]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, text: str) -> bytes:
        if len(self) >= _FACETS_KEPT:
            self.clear()
        written = self[text] = self._write(text)
        return written


class _Plaintext:
    """The opened rows as a stream the encryption pulls from."""

    def __init__(
        self,
        gate: Gate,
        kind: str,
        run: _Run,
        batches: Iterator[m.RowBatch],
    ) -> None:
        self._run, self._batches = run, batches
        self._opener = Opener(gate.store, run.found, look_again=run.line.find_list)
        self._shape = Shape(run.found)
        self._writer = prepare_writer(kind, self._shape)
        segment = parse_segment(
            run.request.terms.selection, Schema.parse(run.found.facets)
        )
        self._matches = segment.compile()
        self._facets = _Facets(self._write_facets)
        self._ready = io.BytesIO(self._writer.head)
        self._checked = time.monotonic()
        self.rows = 0
        self.withheld = 0
        self.error: ListkeepError | None = None

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes; keep our own error, which the library would lose."""
        try:
            while not (data := self._ready.read(size)):
                batch = next(self._batches, None)
                if batch is None:
                    return b""
                self._ready = io.BytesIO(b"".join(self._take(batch)))
        except ListkeepError as error:
            self.error = error
            raise
        return data

    def _take(self, batch: m.RowBatch) -> Iterator[bytes]:
        rows = columns_of(batch)
        for start in range(0, len(rows.sealed), _ROWS_BETWEEN_LOOKS):
            self._look()
            yield self._write(part_of(rows, start, _ROWS_BETWEEN_LOOKS))

    def _write(self, rows: SealedRows) -> bytes:
        rows = self._without_suppressed(rows)
        self.rows += len(rows.tokens)
        if self.rows > self._run.request.terms.cap:
            raise RefusedError("more rows than were signed for", code=Code.CAP_EXCEEDED)
        opened = self._opener.open_many(rows)
        facets = list(map(self._facets.__getitem__, rows.facets))
        return self._writer.rows(*self._without_known(opened, facets))

    def _without_known(
        self, opened: OpenedRows, facets: list[bytes]
    ) -> tuple[OpenedRows, list[bytes]]:
        """Withhold who is suppressed under a token of another index key."""
        if not self._opener.has_versions:
            return opened, facets
        addresses = [address.decode() for address in opened.addresses]
        known = self._opener.find_known(addresses, self._run.suppressed)
        if not known:
            return opened, facets
        self.rows -= len(known)
        self.withheld += len(known)
        kept = [place for place in range(len(facets)) if place not in known]
        columns = ([column[place] for place in kept] for column in opened)
        return OpenedRows(*columns), [facets[place] for place in kept]

    def _without_suppressed(self, rows: SealedRows) -> SealedRows:
        suppressed = self._run.suppressed
        if suppressed.keys().isdisjoint(rows.tokens):
            return rows
        kept = [row for row in zip(*rows, strict=True) if row[0] not in suppressed]
        self.withheld += len(rows.tokens) - len(kept)
        columns = zip(*kept, strict=True) if kept else ((),) * len(SealedRows._fields)
        return SealedRows(*columns)

    def _write_facets(self, text: str) -> bytes:
        """Write facets that were authenticated, if the signed segment selects them."""
        facets = self._shape.decode_facets(text)
        if not self._matches(facets, "subscribed"):
            raise VerificationError(
                "a row is outside the signed selection", code=Code.ROW_INVALID
            )
        return self._writer.facets(facets)

    def _look(self) -> None:
        moment = time.monotonic()
        if moment - self._checked >= _LOOK_SECONDS:
            self._checked = moment
            self._run.line.look()


class _Digest:
    """A file that counts and hashes what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Write and count."""
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Flush the file."""
        self._file.flush()

    def hexdigest(self) -> str:
        """Name what was written."""
        return self._hash.hexdigest()


def _encrypt(plain: _Plaintext, sink: _Digest, recipient: Recipient) -> None:
    try:
        # The library only reads, writes and flushes; its stubs ask for more.
        pyrage.encrypt_io(
            cast("io.BufferedIOBase", plain),
            cast("io.BufferedIOBase", sink),
            [parse_age_recipient(recipient.public_key)],
        )
    except pyrage.EncryptError as error:
        raise plain.error or ListkeepError("encrypting the export failed") from error


def _complete(turn: Turn, run: _Run, plain: _Plaintext, sink: _Digest) -> None:
    """Record the outcome, if the grant still stands.

    Much can have happened since the intent: a freeze, a revocation, the end of the
    window, another run of the same grant that was faster.
    """
    run.line.require_open(turn.registry, turn.now)
    turn.append(
        Event.EXPORT_COMPLETED,
        {
            "request": run.request.id,
            "rows": str(plain.rows),
            "withheld": str(plain.withheld),
            "bytes": str(sink.size),
            "sha256": sink.hexdigest(),
        },
        list_id=run.found.id,
    )
