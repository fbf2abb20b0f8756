"""Seal rows in flight: within a daily budget, or under an owner's signature.

Whoever can add rows and read tokens can test guesses, so rows are reserved in the
ledger before their tokens are told: one by one batch within the daily budget, in
slices under a signed import, at most three times its cap so that a run that died
can be repeated.
"""

import re
import secrets
import threading
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Final, NamedTuple

from listkeep.core.addresses import parse_columns
from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Action, Right
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import ListFacts, Service, Ticket
from listkeep.core.registry.grounds import RUNS
from listkeep.core.sealing import BATCH_ID_BYTES, make_tokens, seal_columns
from listkeep.keeper.gate.custody.lists import require_right
from listkeep.keeper.gate.custody.suppressions import read_all_known
from listkeep.keeper.gate.custody.tickets import find_ticket, open_ticket
from listkeep.keeper.gate.decisions.drafts import find_list
from listkeep.keeper.gate.decisions.items import sign_up_proof
from listkeep.keeper.gate.decisions.list_keys import fetch_newest_key
from listkeep.keeper.gate.decisions.standing import require_granted
from listkeep.keeper.gate.refusals import recorded_refusals
from listkeep.keeper.gate.sign_in.callers import resolve_caller
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire import messages as m
from listkeep.wire.base import MAX_ROWS
from listkeep.wire.identifiers import new_id

from .leaving_out import find_left_out
from .opening import fetch_index_keys

_SLICE_ROWS = 262_144
LEAST_ROWS: Final = 100
"""What an import of a person spends at least: a size before and after it answers, of
one row, whether somebody was on the list (ADR 0090)."""
_IMPORTERS = frozenset({"person", "intake"})
_SHA256 = re.compile(r"([0-9a-f]{64})?")


class Reservations:
    """Rows this process may still seal per import, out of what the ledger reserved."""

    def __init__(self) -> None:
        """Start with none."""
        self._left: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, gate: Gate, ticket_id: str, rows: int, *, now: datetime) -> None:
        """Use up rows, reserving more in the ledger first where needed.

        Raises:
            RefusedError: The import is not open, or its budget or cap is used up.
        """
        with self._lock:
            if self._left.get(ticket_id, 0) < rows:
                got = _reserve(gate, ticket_id, rows, now=now)
                self._left[ticket_id] = self._left.get(ticket_id, 0) + got
            self._left[ticket_id] -= rows

    def forget(self, ticket_id: str) -> None:
        """Drop what is left of a closed import."""
        with self._lock:
            self._left.pop(ticket_id, None)


_reservations = Reservations()


def start_import(
    gate: Gate, message: m.StartImport, *, carrier: Service, now: datetime
) -> m.ImportTicket:
    """Permit adding rows to a list, and record who does it.

    Raises:
        RefusedError: No right, no such list, budget spent, or request not granted.
    """
    with (
        recorded_refusals(gate, "import", now=now) as attempt,
        gate.turn(now) as turn,
    ):
        principal = resolve_caller(
            gate, turn.registry, message.caller, carrier=carrier, now=now
        )
        found = find_list(turn.registry, message.list, tenant=principal.tenant)
        attempt.who, attempt.list_id = principal.id, found.id
        require_right(principal, Right.TOUCH)
        if principal.kind not in _IMPORTERS:
            raise RefusedError(
                "an application's key adds no rows",
                hint="who reads tokens and adds rows could test guesses; use an "
                "intake key",
            )
        if message.request is None:
            max_rows, sha256 = _budget_left(turn, principal.id), ""
        else:
            max_rows, sha256 = _signed_for(turn, message.request, found)
        ticket = m.ImportTicket(
            ticket=new_id("i"), list=found.id, max_rows=max_rows, sha256=sha256
        )
        turn.append(
            Event.IMPORT_STARTED,
            {
                "ticket": ticket.ticket,
                "principal": principal.id,
                "request": message.request or "",
                "max_rows": str(max_rows),
                "sha256": sha256,
            },
            list_id=found.id,
        )
        return ticket


def seal_import_rows(gate: Gate, message: m.SealRows, *, now: datetime) -> m.SealedRows:
    """Seal up to 4096 rows; one that is no address comes back with an empty seal.

    So does one of somebody who was erased since the import began.

    Raises:
        RefusedError: The import is not open, or it has no rows left.
        MalformedError: Columns of different lengths, or too many rows.
    """
    rows = len(message.addresses)
    if not rows == len(message.fields) == len(message.facets) <= MAX_ROWS:
        raise MalformedError("a batch is at most 4096 rows of equal columns")
    with gate.view(now) as registry:
        ticket = open_ticket(registry, message.ticket, now=now)
        found = registry.lists[ticket.list_id]
    _reservations.take(gate, ticket.id, rows, now=now)
    spelled, known = parse_columns(message.addresses)
    addresses, forms = list(filter(None, spelled)), list(filter(None, known))
    good = range(rows) if len(addresses) == rows else _find_good(spelled)
    columns = [make_tokens(key, forms) for key in fetch_index_keys(gate.store, found)]
    if out := find_left_out(gate.store, ticket, columns):
        kept = [at for at in range(len(addresses)) if at not in out]
        good, addresses = [good[at] for at in kept], [addresses[at] for at in kept]
        columns = [[tokens[at] for at in kept] for tokens in columns]
    *older, newest = (
        _seal(
            gate, found, message, now=now, rows=_Rows(good, tokens, addresses).take(at)
        )
        for tokens, at in zip(columns, _find_places(found, columns), strict=True)
    )
    if not older and rows > 1:
        return newest
    return m.SealedRows(
        batch_id=newest.batch_id,
        tokens=newest.tokens,
        sealed=newest.sealed,
        older=tuple(
            m.OlderRows(batch_id=each.batch_id, tokens=each.tokens, sealed=each.sealed)
            for each in older
        ),
        proof=_prove_sign_up(gate, ticket, columns, now=now) if rows == 1 else b"",
    )


def _prove_sign_up(
    gate: Gate, ticket: Ticket, columns: list[list[bytes]], *, now: datetime
) -> bytes:
    """Say whom a sign-up is about, so that nobody else comes back by it."""
    with gate.view(now) as registry:
        service = registry.find_service(ticket.principal, now=now)
    if service is None or service.kind != "intake":
        return b""
    return sign_up_proof(gate.store, ticket.id, chain.from_iterable(columns))


def finish_import(gate: Gate, message: m.FinishImport, *, now: datetime) -> m.Empty:
    """Close an import. The numbers are the dock's word, and recorded as such.

    Raises:
        RefusedError: The import is not open.
        MalformedError: What the dock calls the file's digest is none.
    """
    if not _SHA256.fullmatch(message.sha256):
        raise MalformedError("a file is named by its SHA-256 in hexadecimal")
    with gate.turn(now) as turn:
        ticket = find_ticket(turn.registry, message.ticket)
        event = Event.IMPORT_FINISHED if message.committed else Event.IMPORT_ABANDONED
        turn.append(
            event,
            {
                "ticket": ticket.id,
                "principal": ticket.principal,
                "rows": str(message.rows),
                "added": str(message.added),
                "updated": str(message.updated),
                "sha256": message.sha256,
            },
            list_id=ticket.list_id,
        )
    _reservations.forget(message.ticket)
    return m.Empty()


class _Rows(NamedTuple):
    """Rows that were accepted: where they stood, and their tokens under one key."""

    positions: Sequence[int]
    tokens: list[bytes]
    addresses: list[str]

    def take(self, places: list[int] | None) -> "_Rows":
        """Take those at some places; without any named, all."""
        if places is None:
            return self
        return _Rows(
            [self.positions[at] for at in places],
            [self.tokens[at] for at in places],
            [self.addresses[at] for at in places],
        )


def _find_places(
    found: ListFacts, columns: list[list[bytes]]
) -> list[list[int]] | list[None]:
    """Say which rows may be under which of the tenant's index keys.

    Whoever has no entry yet gets the newest token, who has one keeps it: the dock
    knows and chooses. But who is suppressed keeps that very token, whatever the dock
    would choose: no new key makes somebody new.
    """
    if len(columns) == 1:
        return [None]
    bound: dict[int, int] = {}
    for number, tokens in enumerate(columns):
        known = read_all_known(found, tokens)
        for at, token in enumerate(tokens):
            if token in known:
                bound.setdefault(at, number)
    rows = range(len(columns[0]))
    return [
        [at for at in rows if bound.get(at, number) == number]
        for number in range(len(columns))
    ]


def _seal(
    gate: Gate, found: ListFacts, message: m.SealRows, *, now: datetime, rows: _Rows
) -> m.SealedRows:
    batch_id = secrets.token_bytes(BATCH_ID_BYTES)
    sealed = seal_columns(
        fetch_newest_key(gate.store, found),
        key_number=found.newest_key,
        list_id=found.id,
        batch_id=batch_id,
        row_version=int(now.timestamp()),
        positions=rows.positions,
        tokens=rows.tokens,
        facets=_take(message.facets, rows.positions),
        addresses=rows.addresses,
        fields=_take(message.fields, rows.positions),
    )
    count = len(message.addresses)
    return _spread(batch_id, count, rows.positions, rows.tokens, sealed)


def _find_good(spelled: Sequence[str | None]) -> list[int]:
    return [position for position, address in enumerate(spelled) if address]


def _take(column: list[str], positions: Sequence[int]) -> list[str]:
    if len(positions) == len(column):  # all, and in order
        return column
    return [column[position] for position in positions]


def _spread(
    batch_id: bytes,
    rows: int,
    good: Sequence[int],
    tokens: list[bytes],
    sealed: list[bytes],
) -> m.SealedRows:
    """Answer in the order asked, with gaps for what was not accepted."""
    if len(good) == rows:
        return m.SealedRows(batch_id=batch_id, tokens=b"".join(tokens), sealed=sealed)
    all_tokens = [bytes(16)] * rows
    all_sealed = [b""] * rows
    for position, token, row in zip(good, tokens, sealed, strict=True):
        all_tokens[position], all_sealed[position] = token, row
    return m.SealedRows(
        batch_id=batch_id, tokens=b"".join(all_tokens), sealed=all_sealed
    )


def _budget_left(turn: Turn, principal: str) -> int:
    ceiling = turn.registry.ceiling(principal, Measure.ROWS_ADDED)
    used = turn.registry.charges.used(principal, Measure.ROWS_ADDED, now=turn.now)
    if used >= ceiling:
        raise _over_budget(ceiling)
    return ceiling - used


def _signed_for(turn: Turn, request_id: str, found: ListFacts) -> tuple[int, str]:
    request = require_granted(turn, request_id, actions=frozenset({Action.IMPORT}))
    if request.terms.list != found.id:
        raise RefusedError("the request is for another list", code=Code.NOT_GRANTED)
    return request.terms.cap, request.terms.subject_fields()["sha256"]


def _reserve(gate: Gate, ticket_id: str, rows: int, *, now: datetime) -> int:
    with gate.turn(now) as turn:
        registry = turn.registry
        ticket = open_ticket(registry, ticket_id, now=now)
        charged: dict[str, str] = {}
        if ticket.request:
            request = registry.requests[ticket.request]
            ceiling = min(
                ticket.max_rows - ticket.reserved,
                RUNS * request.terms.cap - request.rows_used,
            )
            if rows > ceiling:
                raise RefusedError(
                    "the file has more rows than were signed for",
                    code=Code.CAP_EXCEEDED,
                    hint="ask anew with `listkeep request import`",
                )
            amount = min(ceiling, max(rows, _SLICE_ROWS))
        else:
            charged = {"charged": str(_charge(turn, ticket, rows))}
            amount = rows
        turn.append(
            Event.ROWS_RESERVED,
            {"ticket": ticket.id, "rows": str(amount), **charged},
            list_id=ticket.list_id,
        )
    return amount


def _charge(turn: Turn, ticket: Ticket, rows: int) -> int:
    """Say what more rows of an import cost, of which a person's has a least price.

    Raises:
        RefusedError: The day's budget does not have so many left.
    """
    registry = turn.registry
    ceiling = registry.ceiling(ticket.principal, Measure.ROWS_ADDED)
    used = registry.charges.used(ticket.principal, Measure.ROWS_ADDED, now=turn.now)
    left, needed = max(ceiling - used, 0), ticket.reserved + rows
    if needed - ticket.charged > left:
        raise _over_budget(ceiling)
    price = LEAST_ROWS if ticket.principal in registry.people else 0
    return min(max(needed, price) - ticket.charged, left)


def _over_budget(ceiling: int) -> RefusedError:
    return RefusedError(
        f"more than {ceiling:,} rows a day need an owner's signature",
        code=Code.BUDGET_SPENT,
        hint="`listkeep request import LIST FILE`, then `listkeep sign`",
    )
