"""Open rows for mail that leaves now, each counted before it is told.

The order of one call: does the send stand, is anybody suppressed, what came of rows
that were opened before, who has had a message, is there room (rows under way, cap,
pace, a lease in the ledger), does each row open and belong, count, answer. Rows stand
for different people, so each is answered for itself; one that is refused has a code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from listkeep.core.errors import (
    Code,
    MalformedError,
    RefusedError,
)
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import Service
from listkeep.core.registry.sending import SendKind
from listkeep.keeper.gate.custody.readmissions import (
    COME_BACK,
    SIGN_UP_TRIGGER,
    is_sign_up_open,
)
from listkeep.keeper.gate.custody.suppressions import read_known
from listkeep.keeper.gate.refusals import Attempt, record_rarely
from listkeep.keeper.gate.turns import Gate
from listkeep.wire.messages import sends as d

from .opening import columns_of
from .openings import closing_keys, find_marks, opening_keys
from .send_batches import REFUSED, Batch, open_places
from .send_calls import SendCall
from .send_reports import close_for_send, hear, move_marks
from .tallies import Tally
from .watches import require_sending, watches_of


def open_for_send(
    gate: Gate,
    message: d.OpenForSend,
    *,
    carrier: Service,
    spool: Path,
    now: datetime,
) -> d.OpenedForSend:
    """Open rows of a send that stands, each for one message.

    Raises:
        RefusedError: There is no such send.
        MalformedError: More than 256 rows, or columns of different lengths.
        VerificationError: The suppressions are not what the ledger says they are.
        UnavailableError: What is opened cannot be counted.
    """
    rows = columns_of(message.rows)
    if not len(rows.tokens) == len(message.triggers) <= d.MAX_ROWS_OPENED:
        raise MalformedError("at most 256 rows open at once, each with its trigger")
    attempt = Attempt("send", who=carrier.id, request=message.request)
    try:
        sight = watches_of(gate).of(message.request).require(now)
    except RefusedError as error:
        if error.code is not Code.NOT_FOUND:
            record_rarely(gate, attempt, error.code, now=now)
            told = d.CloseForSend(
                request=message.request, ended=message.ended, waiting=message.waiting
            )
            close_for_send(gate, told, carrier=carrier, spool=spool, now=now)
            return d.OpenedForSend(rows=[REFUSED[error.code]] * len(rows.tokens))
        raise
    attempt.list_id = sight.found.id
    call = SendCall(gate, carrier, spool, now)
    named = call.seal, sight.request.id, rows.tokens, message.triggers
    batch = Batch(call, sight, rows, opening_keys(*named), closing_keys(*named))
    _refuse_triggers(batch, message.triggers)
    _refuse_suppressed(batch, message.triggers)
    with call.hold(sight.facts, pace=sight.send.pace) as tally:
        is_news = hear(call, sight.facts, tally, message)
        if not _open_counted(batch, tally) and is_news:
            tally.write()
        move_marks(sight.facts.tag, tally)
    for code in {row.code for row in batch.answers if row and row.code}:
        record_rarely(gate, attempt, Code(code), now=now)
    return d.OpenedForSend(rows=batch.told())


def _refuse_triggers(batch: Batch, triggers: Sequence[str]) -> None:
    send = batch.sight.send
    known = send.triggers if send.kind is SendKind.STANDING else ("",)
    for place, trigger in enumerate(triggers):
        if trigger not in known:
            batch.refuse(place, Code.NOT_PERMITTED)


def _refuse_suppressed(batch: Batch, triggers: Sequence[str]) -> None:
    """Refuse who is suppressed by the verified table, or by what was added since."""
    tokens = batch.rows.tokens
    known = batch.sight.blocked.among(tokens)
    suppressed = [place for place in batch.open_places if tokens[place] in known]
    left = [place for place in suppressed if known[tokens[place]] in COME_BACK]
    asked = _may_be_asked(batch, [p for p in left if triggers[p] == SIGN_UP_TRIGGER])
    for place in suppressed:
        if place not in asked:
            batch.refuse(place, Code.SUPPRESSED)


def _may_be_asked(batch: Batch, places: Sequence[int]) -> set[int]:
    """Find who left and may be asked by mail whether they want to come back.

    That is while a sign-up for the list is open, and nobody who was erased.
    """
    if not places:
        return set()
    call, found, tokens = batch.call, batch.sight.found, batch.rows.tokens
    with call.gate.view(call.now) as registry:
        if not is_sign_up_open(registry, found.id, now=call.now):
            return set()
    erased = read_known(found.tenant, [tokens[place] for place in places])
    return {place for place in places if tokens[place] not in erased}


@dataclass(slots=True)
class _Standing:
    """The open places of a batch by their rows, and what is known of these.

    One person twice in a batch counts once.
    """

    free: dict[bytes, list[int]] = field(default_factory=dict)  # under way
    waiting: dict[bytes, list[int]] = field(default_factory=dict)
    new: dict[bytes, list[int]] = field(default_factory=dict)


def _open_counted(batch: Batch, tally: Tally) -> bool:
    """Open what may open and count it; false if nothing did."""
    rows = _sort(batch, tally)
    again = [place for places in rows.free.values() for place in places]
    again += [place for places in rows.waiting.values() for place in places]
    if tally.is_flooded(len(again)):
        for place in again:
            batch.refuse(place, Code.OVER_PACE)
        rows.free, rows.waiting, again = {}, {}, []
    open_places(batch, again)
    waited = [key for key, places in rows.waiting.items() if batch.has_open(places)]
    opened = _open_new(batch, tally, rows.new, room=tally.room - len(waited))
    told = [key for key, places in rows.free.items() if batch.has_open(places)]
    told += [*waited, *opened]
    if not told:
        return False
    known = {**rows.free, **rows.waiting, **rows.new}
    tally.count(
        told,
        new=len(opened),
        waited=len(waited),
        opens=sum(len(known[key]) for key in told),
        now=batch.call.now,
    )
    return True


def _sort(batch: Batch, tally: Tally) -> _Standing:
    """Find out what is known of each row, and refuse those that are over.

    More rows that wait than are counted as waiting are none: old marks, put back into
    the table. They cost as much as new ones.
    """
    rows = _Standing()
    asked: dict[bytes, list[int]] = {}
    for place in batch.open_places:
        key = batch.keys[place]
        if key in tally.under_way:
            rows.free.setdefault(key, []).append(place)
        else:
            asked.setdefault(key, []).append(place)
    wanted = {batch.marks[places[0]] for places in asked.values()}
    if tally.waiting:
        wanted |= asked.keys()
    known = (wanted & tally.kept) | find_marks(batch.tag, wanted - tally.kept)
    for key, places in asked.items():
        if batch.marks[places[0]] in known:
            batch.refuse_all(places, Code.ALREADY_SENT)
        elif key not in known or len(rows.waiting) >= tally.waiting:
            rows.new[key] = places
        elif len(rows.waiting) >= tally.room:
            batch.refuse_all(places, Code.UNREPORTED)
        else:
            rows.waiting[key] = places
    return rows


def _open_new(
    batch: Batch, tally: Tally, new: dict[bytes, list[int]], *, room: int
) -> list[bytes]:
    """Open rows as far as there is room for them; say which are to be counted."""
    opened: list[bytes] = []
    waiting = list(new)
    while waiting:
        more, code = _make_room(batch, tally, len(opened), len(waiting), room)
        if more <= 0:
            batch.refuse_all([at for key in waiting for at in new[key]], code)
            break
        part, waiting = waiting[:more], waiting[more:]
        open_places(batch, [place for key in part for place in new[key]])
        opened += [key for key in part if batch.has_open(new[key])]
    return opened


def _make_room(
    batch: Batch, tally: Tally, taken: int, wanted: int, room: int
) -> tuple[int, Code]:
    """Say how many more rows may open now, and what keeps others from it.

    ``taken`` rows of this call were opened already; ``room`` is for all of it.
    """
    if taken >= room:
        return 0, Code.UNREPORTED
    wanted = min(wanted, room - taken)
    pace = batch.sight.send.pace
    if pace:
        by_pace = tally.left_of_pace(pace, now=batch.call.now) - taken
        if by_pace <= 0:
            return 0, Code.OVER_PACE
        wanted = min(wanted, by_pace)
    missing = taken + wanted - tally.state.unspent
    if missing > 0:
        try:
            _lease(batch, tally, missing)
        except RefusedError as error:  # somebody stopped it in this moment
            return 0, error.code
    return min(wanted, tally.state.unspent - taken), Code.CAP_EXCEEDED


def _lease(batch: Batch, tally: Tally, missing: int) -> None:
    """Have the ledger say that so many more rows may have been opened."""
    sight, call = batch.sight, batch.call
    request, cap = sight.request.id, sight.terms.cap
    if tally.state.reserved >= cap:
        return
    with call.gate.turn(call.now) as turn:
        require_sending(turn.registry, request, now=call.now)
        left = cap - turn.registry.sends[request].reserved
        rows = min(left, tally.next_lease(missing, pace=sight.send.pace))
        if rows > 0:
            fields = {"request": request, "rows": str(rows)}
            turn.append(Event.SEND_LEASED, fields, list_id=sight.found.id)
    tally.lease(rows, reserved=cap - left + rows)
