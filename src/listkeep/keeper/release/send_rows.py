"""Open rows for mail that leaves now, each counted before it is told.

The order of one call: does the send stand, is anybody suppressed, is there room (cap,
pace, a lease in the ledger), does each row open and belong, count, answer. Rows stand
for different people, so each is answered for itself; one that is refused has a code.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from listkeep.core.errors import (
    Code,
    ListkeepError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from listkeep.core.ledger.events import Event
from listkeep.core.opening import OpenedRows, SealedRows
from listkeep.core.registry.facts import Service
from listkeep.core.registry.sending import SendKind
from listkeep.core.sealing import SealedRow
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
from .openings import find_opened, opening_keys, remember_opened
from .send_calls import SendCall
from .tallies import KEY_BYTES, MOST_KEPT, Tally, split_keys
from .watches import Sight, require_sending, watches_of


@dataclass
class _Batch:
    """Rows on their way through one call, by their places in it."""

    call: SendCall
    sight: Sight
    rows: SealedRows
    keys: list[bytes]
    answers: list[d.SendRow | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers = [None] * len(self.keys)

    @property
    def tag(self) -> str:
        """The send, as the table of opened rows has it."""
        return self.sight.facts.tag

    def refuse(self, place: int, code: Code) -> None:
        """Answer for one row that it does not open."""
        self.answers[place] = _REFUSED[code]

    def told(self) -> list[d.SendRow]:
        """Give all answers. One that is missing would shift others to other people."""
        rows = [row for row in self.answers if row is not None]
        if len(rows) != len(self.answers):
            raise ListkeepError("a row has no answer")
        return rows

    @property
    def open_places(self) -> list[int]:
        """The places that have no answer yet."""
        return [place for place, row in enumerate(self.answers) if row is None]


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
            return d.OpenedForSend(rows=[_REFUSED[error.code]] * len(rows.tokens))
        raise
    attempt.list_id = sight.found.id
    call = SendCall(gate, carrier, spool, now)
    keys = opening_keys(call.seal, sight.request.id, rows.tokens, message.triggers)
    batch = _Batch(call, sight, rows, keys)
    _refuse_triggers(batch, message.triggers)
    _refuse_suppressed(batch, message.triggers)
    with call.hold(sight.facts, pace=sight.send.pace) as tally:
        _open_counted(batch, tally)
    for code in {row.code for row in batch.answers if row and row.code}:
        record_rarely(gate, attempt, Code(code), now=now)
    return d.OpenedForSend(rows=batch.told())


def _refuse_triggers(batch: _Batch, triggers: Sequence[str]) -> None:
    send = batch.sight.send
    known = send.triggers if send.kind is SendKind.STANDING else ("",)
    for place, trigger in enumerate(triggers):
        if trigger not in known:
            batch.refuse(place, Code.NOT_PERMITTED)


def _refuse_suppressed(batch: _Batch, triggers: Sequence[str]) -> None:
    """Refuse who is suppressed by the verified table, or by what was added since."""
    tokens = batch.rows.tokens
    known = batch.sight.blocked.among(tokens)
    suppressed = [place for place in batch.open_places if tokens[place] in known]
    left = [place for place in suppressed if known[tokens[place]] in COME_BACK]
    asked = _may_be_asked(batch, [p for p in left if triggers[p] == SIGN_UP_TRIGGER])
    for place in suppressed:
        if place not in asked:
            batch.refuse(place, Code.SUPPRESSED)


def _may_be_asked(batch: _Batch, places: Sequence[int]) -> set[int]:
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


def _open_counted(batch: _Batch, tally: Tally) -> None:
    places, kept = batch.open_places, tally.kept
    wanted = {batch.keys[place] for place in places}
    seen = (wanted & kept) | find_opened(batch.tag, wanted - kept)
    again = [place for place in places if batch.keys[place] in seen]
    if tally.is_flooded(len(again)):
        for place in again:
            batch.refuse(place, Code.OVER_PACE)
        again = []
    new: dict[bytes, list[int]] = {}  # one person twice in a batch counts once
    for place in places:
        if batch.keys[place] not in seen:
            new.setdefault(batch.keys[place], []).append(place)
    _open_places(batch, again)
    opened = _open_new(batch, tally, new)
    told = [place for place in again if not _code_of(batch, place)]
    twice = sum(len(new[key]) - 1 for key in opened)
    if opened or told:
        tally.count(opened, again=len(told) + twice, now=batch.call.now)
        _remember(tally, batch.tag)


def _open_new(batch: _Batch, tally: Tally, new: dict[bytes, list[int]]) -> list[bytes]:
    """Open rows as far as there is room for them; say which are to be counted."""
    opened: list[bytes] = []
    waiting = list(new)
    while waiting:
        room, code = _make_room(batch, tally, len(opened), len(waiting))
        if room <= 0:
            for place in (place for key in waiting for place in new[key]):
                batch.refuse(place, code)
            break
        part, waiting = waiting[:room], waiting[room:]
        _open_places(batch, [place for key in part for place in new[key]])
        opened += [key for key in part if not _code_of(batch, new[key][0])]
    return opened


def _make_room(
    batch: _Batch, tally: Tally, taken: int, wanted: int
) -> tuple[int, Code]:
    """Say how many more rows may open now, and what keeps others from it."""
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


def _lease(batch: _Batch, tally: Tally, missing: int) -> None:
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


def _remember(tally: Tally, tag: str) -> None:
    """Move keys to the table once there are many; here they stand until they are."""
    if len(tally.state.keys) > MOST_KEPT * KEY_BYTES:
        remember_opened(tag, split_keys(tally.state.keys))
        tally.state.keys = b""
        tally.write()


def _open_places(batch: _Batch, places: Sequence[int]) -> None:
    """Open rows, all at once if each of them opens, else one after the other."""
    if not places:
        return
    part = SealedRows._make(
        [column[place] for place in places] for column in batch.rows
    )
    try:
        opened = batch.sight.opener.open_many(part)
    except VerificationError:
        for place in places:
            _open_alone(batch, place)
        return
    _answer(batch, places, opened)


def _open_alone(batch: _Batch, place: int) -> None:
    row = next(map(SealedRow, *([column[place]] for column in batch.rows)))
    try:
        opened = batch.sight.opener.open(row)
    except VerificationError as error:
        batch.refuse(place, error.code)
        return
    _answer(
        batch,
        [place],
        OpenedRows([opened.address.encode()], [opened.fields.encode()]),
    )


def _answer(batch: _Batch, places: Sequence[int], opened: OpenedRows) -> None:
    """Tell of rows that opened what was signed for, and of others why not."""
    sight = batch.sight
    addresses = [address.decode() for address in opened.addresses]
    known = set(_known_otherwise(sight, addresses))
    for at, place in enumerate(places):
        try:
            is_meant = sight.selection.has(batch.rows.facets[place])
            values = sight.selection.values(opened.fields[at])
        except ListkeepError:  # what was sealed is not what this list holds
            is_meant, values = False, {}
        if not is_meant:
            batch.refuse(place, Code.ROW_INVALID)
        elif at in known:
            batch.refuse(place, Code.SUPPRESSED)
        else:
            batch.answers[place] = d.SendRow(address=addresses[at], values=values)


def _known_otherwise(sight: Sight, addresses: Sequence[str]) -> Iterator[int]:
    """Find who is suppressed under a token of another index key than the row's own."""
    if not sight.opener.has_versions:
        return
    columns = sight.opener.versions(addresses)
    known = sight.blocked.among(token for column in columns for token in column)
    for at, versions in enumerate(zip(*columns, strict=True)):
        if not known.keys().isdisjoint(versions):
            yield at


def _code_of(batch: _Batch, place: int) -> str:
    answer = batch.answers[place]
    return answer.code if answer else ""


_REFUSED = {code: d.SendRow(code=code.value) for code in Code}
