"""Look rows over without releasing them: genuine or not, and all of them there.

An answer says of a row that it does not open, or that it is suppressed though the dock
calls it subscribed, and nothing else. A pass is counted here: tokens come in one order,
each once, from a place drawn at random. What has been counted travels to the dock and
back in a bookmark under a MAC, so it survives a restart and cannot be improved.
"""

import hmac
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from listkeep.core.errors import (
    Code,
    ConflictError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from listkeep.core.grants import format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import ListFacts, Service
from listkeep.core.registry.holdings import Pass, judge
from listkeep.core.registry.incidents import IncidentKind
from listkeep.core.registry.state import Registry
from listkeep.core.sealing import TOKEN_BYTES, SealedRow, read_row_version
from listkeep.keeper.gate.custody.incidents import open_incident, open_overdue
from listkeep.keeper.gate.custody.suppressions import read_erased, read_known
from listkeep.keeper.gate.sign_in.sessions import STATE_KEY
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire.base import encode
from listkeep.wire.messages import scrubs as s

from .opening import Opener, rows_of


def read_scrubs(
    gate: Gate,
    message: s.ReadScrubs,  # noqa: ARG001 - it asks about everything
    *,
    carrier: Service,  # noqa: ARG001 - any dock may know
    now: datetime,
) -> s.ScrubStates:
    """Say which lists there are to look over, and since when nobody has."""
    open_overdue(gate, now=now)
    with gate.view(now) as registry:
        return s.ScrubStates(
            lists=tuple(
                _state(registry, found)
                for found in registry.lists.values()
                if found.keys  # of a list without keys no row opens
            )
        )


def scrub_rows(
    gate: Gate, message: s.ScrubRows, *, carrier: Service, now: datetime
) -> s.ScrubbedRows:
    """Look over a batch of one list: the next of a pass, or any.

    Raises:
        RefusedError: There is no such list.
        MalformedError: Columns of different lengths, or tokens out of order.
        VerificationError: The bookmark is not one of ours for this list.
        ConflictError: The bookmark is of a pass that is over.
    """
    rows = list(rows_of(message.rows))
    if len(message.subscribed) != len(rows):
        raise MalformedError("each row is called subscribed or not")
    with gate.view(now) as registry:
        found = registry.lists.get(message.list)
        if found is None:
            raise RefusedError("there is no such list", code=Code.NOT_FOUND)
        mark = _take_up(gate, registry, message, now=now)
    if mark is not None:
        _require_order(mark, rows)
    marks = read_erased(found, [row.token for row in rows if not row.sealed])
    genuine, newest = _look_over(Opener(gate.store, found), rows, marks)
    answer = s.ScrubbedRows(
        invalid=[place for place, is_good in enumerate(genuine) if not is_good],
        better=_find_better(found, message, rows, genuine),
    )
    if mark is None:
        return answer
    mark = _counted_on(mark, rows, answer, newest)
    if not (message.is_end and mark.is_wrapped):
        if message.is_end:
            mark = replace(mark, is_wrapped=True, after=b"")
        return replace(answer, bookmark=_signed(gate, mark))
    with gate.turn(now) as turn:
        wrong = _judge(turn.registry, mark)
        doubts = (*(kind.value for kind in wrong), *_found_on(answer))
        is_done = message.is_sure or not doubts
        if is_done:
            _record(turn, found, mark, wrong, by=carrier.id)
    return replace(answer, doubts=doubts, is_done=is_done)


def _state(registry: Registry, found: ListFacts) -> s.ScrubState:
    holding = registry.holding(found.id)
    at = holding.scrubbed_at
    return s.ScrubState(
        list=found.id,
        entries=registry.entries.get(found.id, 0),
        scrubs=holding.scrubs,
        created_at=format_time(found.created_at),
        scrubbed_at=format_time(at) if at else "",
    )


def _take_up(
    gate: Gate, registry: Registry, message: s.ScrubRows, *, now: datetime
) -> s.Bookmark | None:
    """Begin a pass, or go on with one that is ours."""
    holding, mark = registry.holding(message.list), message.bookmark
    if mark is None:
        if not message.begins:
            return None
        start = secrets.token_bytes(TOKEN_BYTES)
        return s.Bookmark(
            list=message.list,
            number=holding.scrubs,
            begun=int(now.timestamp()),
            start=start,
            after=start,
            is_wrapped=False,
            added=holding.added,
            removed=holding.removed,
            **dict.fromkeys(("rows", "invalid", "better", "newest"), 0),
            mac=b"",
        )
    is_ours = hmac.compare_digest(_signed(gate, mark).mac, mark.mac)
    if not is_ours or mark.list != message.list:
        raise VerificationError(
            "a bookmark of this list was changed outside Listkeep",
            hint="a new pass begins by itself",
        )
    if mark.number != holding.scrubs:
        raise ConflictError("this pass is over", hint="begin a new one")
    return mark


def _signed(gate: Gate, mark: s.Bookmark) -> s.Bookmark:
    body = b"scrub\x00" + encode(replace(mark, mac=b""))
    return replace(mark, mac=hmac.digest(gate.store.get(STATE_KEY), body, "sha256"))


def _require_order(mark: s.Bookmark, rows: Sequence[SealedRow]) -> None:
    """Take each token once: otherwise one row could stand for a missing one."""
    before = mark.after
    for row in rows:
        if row.token <= before and not (mark.is_wrapped and before == b""):
            raise MalformedError("a pass takes tokens in their order, each once")
        before = row.token
    if mark.is_wrapped and rows and before > mark.start:
        raise MalformedError("a pass ends where it began")


def _look_over(
    opener: Opener, rows: Sequence[SealedRow], marks: frozenset[bytes]
) -> tuple[list[bool], int]:
    """Say of each row whether it opens, and how new the newest of those is.

    A mark that an erased person left is as it should be, and has nothing to open.
    """
    genuine, newest = [False] * len(rows), 0
    for place, row in enumerate(rows):
        if not row.sealed and row.token in marks:
            genuine[place] = True
            continue
        try:
            opener.open(row)
        except VerificationError:
            continue
        genuine[place], newest = True, max(newest, read_row_version(row.sealed))
    return genuine, newest


def _counted_on(
    mark: s.Bookmark, rows: Sequence[SealedRow], answer: s.ScrubbedRows, newest: int
) -> s.Bookmark:
    return replace(
        mark,
        after=rows[-1].token if rows else mark.after,
        rows=mark.rows + len(rows),
        invalid=mark.invalid + len(answer.invalid),
        better=mark.better + len(answer.better),
        newest=max(mark.newest, newest),
    )


def _find_better(
    found: ListFacts,
    message: s.ScrubRows,
    rows: Sequence[SealedRow],
    genuine: Sequence[bool],
) -> list[int]:
    """Find rows called subscribed that are suppressed, in this list or for good."""
    called = [
        place
        for place, row in enumerate(rows)
        if genuine[place] and message.subscribed[place]
    ]
    tokens = [rows[place].token for place in called]
    known = read_known(found.id, tokens) | read_known(found.tenant, tokens)
    return [place for place in called if rows[place].token in known]


def _judge(registry: Registry, mark: s.Bookmark) -> dict[IncidentKind, int]:
    """Hold a pass against the ledger.

    Raises:
        ConflictError: Another one was completed meanwhile.
    """
    holding = registry.holding(mark.list)
    if mark.number != holding.scrubs:
        raise ConflictError("this pass is over", hint="begin a new one")
    seen = Pass(
        begun=mark.begun,
        added=mark.added,
        removed=mark.removed,
        rows=mark.rows,
        newest=mark.newest,
    )
    open_imports = [t for t in registry.tickets.values() if t.list_id == mark.list]
    return judge(holding, seen, in_flight=sum(t.reserved for t in open_imports))


def _record(
    turn: Turn,
    found: ListFacts,
    mark: s.Bookmark,
    wrong: dict[IncidentKind, int],
    *,
    by: str,
) -> None:
    """Record a pass as it was counted here, and what is wrong."""
    turn.append(
        Event.LIST_SCRUBBED,
        {
            "service": by,
            "begun": format_time(datetime.fromtimestamp(mark.begun, UTC)),
            "rows": str(mark.rows),
            "invalid": str(mark.invalid),
            "better": str(mark.better),
            "expected": str(turn.registry.entries.get(found.id, 0)),
        },
        list_id=found.id,
    )
    for kind, rows in (wrong | _counted(turn.registry, mark)).items():
        open_incident(
            turn,
            kind,
            tenant=found.tenant,
            list_id=found.id,
            found=rows,
            by="keeper",
        )


def _found_on(last: s.ScrubbedRows) -> Iterator[str]:
    """Say what the last page would bring into the ledger at first sight."""
    if last.invalid:
        yield IncidentKind.ROWS_INVALID.value
    if last.better:
        yield IncidentKind.STATUS_BETTER.value


def _counted(registry: Registry, mark: s.Bookmark) -> dict[IncidentKind, int]:
    """Say what the pass met on its way and nobody has told since it began."""
    told = {
        known.kind
        for known in registry.incidents.values()
        if known.list_id == mark.list and known.opened_at.timestamp() >= mark.begun
    }
    counted = {
        IncidentKind.ROWS_INVALID: mark.invalid,
        IncidentKind.STATUS_BETTER: mark.better,
    }
    return {kind: rows for kind, rows in counted.items() if rows and kind not in told}
