"""Hear from the dock what came of rows that were opened, so that they stay closed.

It is the dock's word, and can only close: a row that is over opens no more under this
request and trigger, one that waits opens again as often as it waited. Of a row that was
never opened, or was told of before, nothing is kept.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from listkeep.core.errors import MalformedError
from listkeep.core.registry.facts import Service
from listkeep.core.registry.sending import SendFacts
from listkeep.core.sealing import TOKEN_BYTES
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m
from listkeep.wire.messages import sends as d

from .openings import closing_keys, find_marks, keep_marks, opening_keys
from .send_calls import SendCall
from .tallies import Tally, split_keys
from .watches import unknown_send


def close_for_send(
    gate: Gate, message: d.CloseForSend, *, carrier: Service, spool: Path, now: datetime
) -> m.Empty:
    """Close rows of a send, also while it is frozen; of one that ended, all are.

    Raises:
        RefusedError: There is no such send.
        MalformedError: More than 256 rows of a kind, or a trigger too many.
        UnavailableError: It cannot be written down.
    """
    with gate.look() as registry:
        facts = registry.sends.get(message.request)
    if facts is None:
        raise unknown_send()
    if not facts.ended:
        call = SendCall(gate, carrier, spool, now)
        with call.hold(facts) as tally:
            if hear(call, facts, tally, message):
                tally.write()
                move_marks(facts.tag, tally)
    return m.Empty()


def hear(
    call: SendCall,
    facts: SendFacts,
    tally: Tally,
    message: d.OpenForSend | d.CloseForSend,
) -> bool:
    """Take what a message says came of rows; true if that is to be written down.

    Raises:
        MalformedError: More than 256 rows of a kind, or a trigger too many.
    """
    waiting = [tally.wait(key) for key in _named(call, facts, message.waiting)[0]]
    keys, marks = _named(call, facts, message.ended)
    known = _waited(facts, tally, keys, marks)
    ended = [
        tally.end(key, mark=mark, was_waiting=key in known)
        for key, mark in zip(keys, marks, strict=True)
    ]
    return any(waiting) or any(ended)


def move_marks(tag: str, tally: Tally) -> None:
    """Move marks to the table once there are many."""
    if tally.is_full:
        keep_marks(tag, split_keys(tally.state.keys))
        tally.state.keys = b""
        tally.write()


def _named(
    call: SendCall, facts: SendFacts, names: d.RowNames
) -> tuple[list[bytes], list[bytes]]:
    """Give the keys of named rows, and the marks that close them."""
    triggers, joined = names.triggers, names.tokens
    if not triggers and not joined:
        return [], []
    if len(joined) != len(triggers) * TOKEN_BYTES or len(triggers) > d.MAX_ROWS_OPENED:
        raise MalformedError("at most 256 rows are closed at once, each by its trigger")
    tokens = [
        joined[start : start + TOKEN_BYTES]
        for start in range(0, len(joined), TOKEN_BYTES)
    ]
    rows = call.seal, facts.request, tokens, triggers
    return opening_keys(*rows), closing_keys(*rows)


def _waited(
    facts: SendFacts, tally: Tally, keys: Sequence[bytes], marks: Sequence[bytes]
) -> set[bytes]:
    """Find which rows wait for another try and are over all the same.

    That is seldom: whoever had them was slower than anybody waits.
    """
    asked = {
        key: mark
        for key, mark in zip(keys, marks, strict=True)
        if key not in tally.under_way
    }
    if not asked:
        return set()
    wanted = {*asked, *asked.values()}
    known = (wanted & tally.kept) | find_marks(facts.tag, wanted - tally.kept)
    return {key for key, mark in asked.items() if key in known and mark not in known}
