"""Take a list back: its own earlier rows, sealed anew, within a bound or a signature.

Nothing leaves: rows come sealed and go sealed. What the dock says a restore changes is
charged before it begins, and no more rows than that are sealed. Whoever was erased does
not come back, and the keeper's suppressions know nothing of restores.
"""

import threading
from collections.abc import Sequence
from datetime import datetime

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Action, Right, parse_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import Service, Ticket
from listkeep.core.sealing import SealedRow
from listkeep.keeper.gate.custody.lists import require_right
from listkeep.keeper.gate.custody.suppressions import (
    ceiling_of_changes,
    suppressed_tokens,
)
from listkeep.keeper.gate.custody.tickets import find_ticket, open_ticket
from listkeep.keeper.gate.decisions.drafts import find_list
from listkeep.keeper.gate.decisions.standing import require_granted
from listkeep.keeper.gate.refusals import recorded_refusals
from listkeep.keeper.gate.sign_in.callers import resolve_caller
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire import messages as m
from listkeep.wire.identifiers import new_id
from listkeep.wire.messages import restores as r

from .resealing import find_erased, reseal_rows

_RUNS = 3  # under one signature, so that a run that died can be repeated
_RESTORE = frozenset({Action.LIST_RESTORE})


class _Running:
    """What this process knows of restores that are open."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}
        self._erased: dict[str, frozenset[bytes]] = {}
        self._lock = threading.Lock()

    def take(self, ticket: Ticket, rows: int) -> None:
        """Use up rows of a restore; another process counts for itself.

        Raises:
            RefusedError: It said that it would change fewer.
        """
        with self._lock:
            left = self._left.get(ticket.id, ticket.max_rows)
            _require_within(left, rows)
            self._left[ticket.id] = left - rows

    def erased(self, gate: Gate, ticket: Ticket, *, now: datetime) -> frozenset[bytes]:
        """Know who must not come back, read and verified once for each restore."""
        if ticket.id not in self._erased:
            with gate.turn(now) as turn:
                rows = suppressed_tokens(turn, ticket.list_id)
            self._erased[ticket.id] = frozenset(
                token for token, reason in rows.items() if reason == "erased"
            )
        return self._erased[ticket.id]

    def forget(self, ticket_id: str) -> None:
        """Drop a restore that is closed."""
        with self._lock:
            self._left.pop(ticket_id, None)
            self._erased.pop(ticket_id, None)


_running = _Running()


def start_restore(
    gate: Gate, message: r.StartRestore, *, carrier: Service, now: datetime
) -> r.RestoreTicket:
    """Permit taking a list back, and record who does it.

    Raises:
        RefusedError: No right, no such list, budget spent, or request not granted.
        MalformedError: The time is none, or has not come yet.
    """
    if parse_time(message.moment) > now:
        raise MalformedError("a list cannot be taken to a time that has not come")
    with (
        recorded_refusals(gate, "restore", now=now) as attempt,
        gate.turn(now) as turn,
    ):
        principal = resolve_caller(
            gate, turn.registry, message.caller, carrier=carrier, now=now
        )
        found = find_list(turn.registry, message.list, tenant=principal.tenant)
        attempt.who, attempt.list_id = principal.id, found.id
        require_right(principal, Right.TOUCH)
        if principal.kind != "person":
            raise RefusedError("a list is taken back by people")
        if message.request is None:
            _require_budget(turn, principal.id, found.id, rows=message.rows)
        else:
            _require_signed(turn, message, found.id)
        ticket = new_id("i")
        turn.append(
            Event.RESTORE_STARTED,
            {
                "ticket": ticket,
                "principal": principal.id,
                "request": message.request or "",
                "moment": message.moment,
                "rows": str(message.rows),
            },
            list_id=found.id,
        )
        return r.RestoreTicket(ticket=ticket)


def reseal_restored_rows(
    gate: Gate, message: r.ResealRows, *, now: datetime
) -> m.SealedRows:
    """Seal up to 4096 earlier rows anew; who was erased comes back with an empty seal.

    Raises:
        RefusedError: The restore is not open, or changes more than it said.
        MalformedError: Columns of different lengths, or too many rows.
    """
    with gate.view(now) as registry:
        ticket = open_ticket(registry, message.ticket, now=now, restore=True)
        found = registry.lists[ticket.list_id]
        erased_at = dict(registry.erased.get(found.tenant, {}))
    _running.take(ticket, len(message.rows.sealed))
    erased = _running.erased(gate, ticket, now=now)

    def find_gone(rows: Sequence[SealedRow]) -> frozenset[bytes]:
        return erased | find_erased(gate.store, rows, erased_at)

    return reseal_rows(
        gate.store,
        found,
        message.rows,
        row_version=int(now.timestamp()),
        find_gone=find_gone,
    )


def finish_restore(gate: Gate, message: r.FinishRestore, *, now: datetime) -> m.Empty:
    """Close a restore. The numbers are the dock's word, and recorded as such.

    Raises:
        RefusedError: The restore is not open, or changed more than it said.
    """
    with gate.turn(now) as turn:
        ticket = find_ticket(turn.registry, message.ticket, restore=True)
        if message.committed:  # the books would hide as many rows that are missing
            _require_within(ticket.max_rows, message.rows)
            _require_within(ticket.max_rows, message.added + message.removed)
        fields = {
            "ticket": ticket.id,
            "principal": ticket.principal,
            "moment": ticket.moment,
        }
        event = Event.RESTORE_ABANDONED
        if message.committed:
            event = Event.LIST_RESTORED
            fields |= {
                "rows": str(message.rows),
                "added": str(message.added),
                "removed": str(message.removed),
            }
        turn.append(event, fields, list_id=ticket.list_id)
    _running.forget(message.ticket)
    return m.Empty()


def _require_within(most: int, rows: int) -> None:
    if rows > most:
        raise RefusedError(
            "the restore changes more rows than it said",
            code=Code.CAP_EXCEEDED,
            hint="look at what it would change, then begin again",
        )


def _require_budget(turn: Turn, principal: str, list_id: str, *, rows: int) -> None:
    charges = turn.registry.charges
    ceiling = ceiling_of_changes(turn.registry, principal, list_id)
    used = charges.used(principal, Measure.ROWS_CHANGED, now=turn.now)
    if charges.is_exhausted(Measure.ROWS_CHANGED, now=turn.now):
        raise RefusedError(
            "what was changed is not known since the end of the ledger was lost",
            code=Code.BUDGET_SPENT,
            hint="wait a day, or `listkeep request restore LIST --to TIME`, which an "
            "owner signs",
        )
    if used + rows > ceiling:
        raise RefusedError(
            f"more than {ceiling:,} changed rows a day need an owner's signature",
            code=Code.BUDGET_SPENT,
            hint="`listkeep request restore LIST --to TIME`, then `listkeep sign`",
        )


def _require_signed(turn: Turn, message: r.StartRestore, list_id: str) -> None:
    request = require_granted(turn, message.request or "", actions=_RESTORE)
    terms = request.terms
    if terms.list != list_id:
        raise RefusedError("the request is for another list", code=Code.NOT_GRANTED)
    if terms.subject_fields()["moment"] != message.moment:
        raise RefusedError("the request is for another time", code=Code.NOT_GRANTED)
    if message.rows > min(terms.cap, _RUNS * terms.cap - request.rows_used):
        raise RefusedError(
            "the restore changes more rows than were signed for",
            code=Code.CAP_EXCEEDED,
            hint="ask anew with `listkeep request restore`",
        )
