"""Open a few rows for one person, encrypted to the device that asked.

The answer is an age file for the key in the signed terms, so neither the wire nor a
stolen session ever carries an address in the clear.
"""

import hashlib
from datetime import datetime

import msgspec
import pyrage

from listkeep.core.errors import Code, ListkeepError, RefusedError
from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import ListFacts, RequestFacts
from listkeep.core.sealing import SealedRow, format_token
from listkeep.keeper.gate.age_keys import parse_age_recipient
from listkeep.keeper.gate.refusals import (
    Attempt,
    record_refusal,
    recorded_refusals,
)
from listkeep.keeper.gate.sessions import DIRECT, resolve_session
from listkeep.keeper.gate.standing import require_granted, require_not_frozen
from listkeep.keeper.gate.suppressions import require_not_erased
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m

from .look_ups import item_digest
from .opening import Opener, Shape, rows_of


def run_reveal(gate: Gate, message: m.RunReveal, *, now: datetime) -> m.Ciphertext:
    """Open the rows a granted reveal names, once, for the person who asked.

    Order: grant, freeze, budget, intent recorded, open, outcome recorded, answer.

    Raises:
        RefusedError: Not granted, somebody else's, used, frozen, or budget spent.
        VerificationError: A row is not what its token says.
    """
    rows = list(rows_of(message.rows))
    with recorded_refusals(gate, "reveal", now=now) as attempt:
        request, found = _intend(gate, message, rows, attempt, now=now)
    try:
        age = _open(gate, request, found, rows)
    except ListkeepError as error:
        record_refusal(gate, attempt, error, now=now)
        raise
    with gate.turn(now) as turn:
        turn.append(
            Event.REVEAL_COMPLETED,
            {
                "request": request.id,
                "rows": str(len(rows)),
                "sha256": hashlib.sha256(age).hexdigest(),
            },
            list_id=found.id,
        )
    return m.Ciphertext(age=age, rows=len(rows))


def _intend(
    gate: Gate,
    message: m.RunReveal,
    rows: list[SealedRow],
    attempt: Attempt,
    *,
    now: datetime,
) -> tuple[RequestFacts, ListFacts]:
    """Record the intent: from here on nonce and budget are spent."""
    with gate.turn(now) as turn:
        registry = turn.registry
        person = resolve_session(
            gate, registry, message.session, service=DIRECT, now=now
        )
        attempt.who = person.id
        request = require_granted(
            turn, message.request, actions=frozenset({Action.REVEAL})
        )
        attempt.request, attempt.list_id = request.id, request.terms.list
        if request.signed[0].person != person.id:
            raise RefusedError("only the person who asked may open this")
        if request.intended:
            raise RefusedError(
                "this reveal was opened already", code=Code.REPLAYED, hint="ask anew"
            )
        _require_signed_rows(request, rows)
        require_not_frozen(registry, request.terms.tenant)
        require_not_erased(turn, request.terms.list, [row.token for row in rows])
        items = sorted(item_digest(turn, row.token) for row in rows)
        registry.require_budget(person.id, Measure.REVEALS, now=now, items=items)
        turn.append(
            Event.REVEAL_INTENDED,
            {
                "request": request.id,
                "person": person.id,
                "rows": str(len(rows)),
                "items": " ".join(items),
            },
            list_id=request.terms.list,
        )
        return request, registry.lists[request.terms.list]


def _require_signed_rows(request: RequestFacts, rows: list[SealedRow]) -> None:
    tokens = {format_token(row.token) for row in rows}
    if tokens != set(request.terms.selection.split()) or len(tokens) != len(rows):
        raise RefusedError(
            "these are not the rows that were signed for", code=Code.NOT_GRANTED
        )


def _open(
    gate: Gate, request: RequestFacts, found: ListFacts, rows: list[SealedRow]
) -> bytes:
    opener, shape = Opener(gate.store, found), Shape(found)
    lines = [
        msgspec.json.encode(
            {
                "token": format_token(row.token),
                **dict(
                    zip(
                        shape.names,
                        shape.values(opener.open(row), shape.decode_facets(row.facets)),
                        strict=True,
                    )
                ),
            }
        )
        for row in rows
    ]
    recipient = parse_age_recipient(request.terms.recipient)
    return pyrage.encrypt(b"\n".join(lines), [recipient])
