"""Open a few rows for one person, where the signed terms say.

Terms that name a key are answered with an age file for it, so neither the wire nor a
stolen session ever carries an address in the clear. Terms that name none open on the
keeper's own page, in the browser of who asked.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec
import pyrage

from listkeep.core.errors import Code, ListkeepError, RefusedError
from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import ListFacts, RequestFacts
from listkeep.core.sealing import SealedRow, format_token
from listkeep.keeper.gate.custody.suppressions import erased_tokens
from listkeep.keeper.gate.decisions.age_keys import parse_age_recipient
from listkeep.keeper.gate.decisions.items import item_digest
from listkeep.keeper.gate.decisions.standing import require_granted, require_not_frozen
from listkeep.keeper.gate.refusals import (
    Attempt,
    record_refusal,
    recorded_refusals,
)
from listkeep.keeper.gate.sign_in.sessions import DIRECT, resolve_session
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m

from .opening import Opener, Shape, Value, rows_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """Rows in the clear, for one person's screen; they are sent nowhere else."""

    names: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def run_reveal(gate: Gate, message: m.RunReveal, *, now: datetime) -> m.Ciphertext:
    """Open the rows a granted reveal names, once, for the device that asked.

    Order: grant, freeze, budget, intent recorded, open, outcome recorded, answer.

    Raises:
        RefusedError: Not granted, somebody else's, used, frozen, or budget spent.
        VerificationError: A row is not what its token says.
    """

    def encrypt(request: RequestFacts, opened: Opened) -> bytes:
        lines = [
            msgspec.json.encode(dict(zip(opened.names, row, strict=True)))
            for row in opened.rows
        ]
        recipient = parse_age_recipient(request.terms.recipient)
        return pyrage.encrypt(b"\n".join(lines), [recipient])

    opened, age = _reveal(gate, message, encrypt, now=now)
    return m.Ciphertext(age=age, rows=len(opened.rows))


def show_reveal(gate: Gate, message: m.RunReveal, *, now: datetime) -> Opened:
    """Open the rows of a reveal for the keeper's own page, as ``run_reveal`` does.

    For terms that name no recipient, and no others; nothing of this is on the wire.

    Raises:
        RefusedError: Not granted, somebody else's, used, frozen, or budget spent.
        VerificationError: A row is not what its token says.
    """
    return _reveal(gate, message, None, now=now)[0]


def _reveal(
    gate: Gate,
    message: m.RunReveal,
    encrypt: Callable[[RequestFacts, Opened], bytes] | None,
    *,
    now: datetime,
) -> tuple[Opened, bytes]:
    rows = list(rows_of(message.rows))
    on_screen = encrypt is None
    with recorded_refusals(gate, "reveal", now=now) as attempt:
        request, found, erased = _intend(
            gate, message, rows, attempt, on_screen=on_screen, now=now
        )
    try:
        opened = _open(gate, found, rows, erased)
        age = encrypt(request, opened) if encrypt else b""
    except ListkeepError as error:
        record_refusal(gate, attempt, error, now=now)
        raise
    with gate.turn(now) as turn:
        turn.append(
            Event.REVEAL_COMPLETED,
            {
                "request": request.id,
                "rows": str(len(rows)),
                # A digest of what a screen showed would be there to be guessed.
                "sha256": hashlib.sha256(age).hexdigest() if age else "",
            },
            list_id=found.id,
        )
    return opened, age


def _intend(  # noqa: PLR0913 - each is one fact
    gate: Gate,
    message: m.RunReveal,
    rows: list[SealedRow],
    attempt: Attempt,
    *,
    on_screen: bool,
    now: datetime,
) -> tuple[RequestFacts, ListFacts, frozenset[bytes]]:
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
        _require_place(request, on_screen=on_screen)
        _require_signed_rows(request, rows)
        require_not_frozen(registry, request.terms.tenant)
        erased = erased_tokens(turn, request.terms.list)
        if not erased.isdisjoint(row.token for row in rows):
            raise _erased()
        items = sorted(item_digest(gate.store, row.token) for row in rows)
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
        return request, registry.lists[request.terms.list], erased


def _require_place(request: RequestFacts, *, on_screen: bool) -> None:
    """Open a reveal where its terms say: for a device's key, or on the page."""
    if on_screen and request.terms.recipient:
        raise RefusedError(
            "this reveal was asked for by another device",
            code=Code.NOT_GRANTED,
            hint="open it there with `listkeep reveal`",
        )
    if not on_screen and not request.terms.recipient:
        raise RefusedError(
            "this reveal opens on the keeper's own page only",
            code=Code.NOT_GRANTED,
            hint="open it in the browser where it was asked for",
        )


def _require_signed_rows(request: RequestFacts, rows: list[SealedRow]) -> None:
    tokens = {format_token(row.token) for row in rows}
    if tokens != set(request.terms.selection.split()) or len(tokens) != len(rows):
        raise RefusedError(
            "these are not the rows that were signed for", code=Code.NOT_GRANTED
        )


def _open(
    gate: Gate, found: ListFacts, rows: list[SealedRow], erased: frozenset[bytes]
) -> Opened:
    opener, shape = Opener(gate.store, found), Shape(found)
    opened = [opener.open(row) for row in rows]
    if opener.find_known([row.address for row in opened], erased):
        raise _erased()
    return Opened(
        names=("token", *shape.names),
        rows=tuple(
            (
                format_token(row.token),
                *shape.values(clear, shape.decode_facets(row.facets)),
            )
            for row, clear in zip(rows, opened, strict=True)
        ),
    )


def _erased() -> RefusedError:
    return RefusedError("an entry was erased", code=Code.NOT_FOUND)
