"""Suppressions never shrink: keeper and dock tell each other after one was put back.

The dock only lowers statuses by what it learns. What it tells is taken only when it
is known already, or while the freeze of a recovered ledger stands: at any other time
the keeper knows more than the dock, and a dock that says otherwise would be suppressing
people for good on nobody's word.
"""

from collections.abc import Collection
from datetime import datetime

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import Service
from listkeep.core.registry.state import Registry
from listkeep.core.segments import WORSE, Status
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire import messages as m
from listkeep.wire.messages import suppressions as s

from .suppressions import (
    add_suppressions,
    read_known,
    split_tokens,
    suppressed_tokens,
)

PAGE = 16_384
_REASONS = (*WORSE, Status.ERASED)  # who was erased is told as well


def read_suppressions(
    gate: Gate, message: s.ReadSuppressions, *, carrier: Service, now: datetime
) -> s.Suppressions:
    """Give the dock whom of a list the keeper knows as suppressed.

    Raises:
        RefusedError: There is no such list.
        VerificationError: The table is not what the ledger says it is.
    """
    del carrier  # every dock holds rows of every list
    with gate.turn(now) as turn:
        if message.list not in turn.registry.lists:
            raise RefusedError("there is no such list", code=Code.NOT_FOUND)
        rows = suppressed_tokens(turn, message.list)
    later = sorted(token for token in rows if token > message.after)
    page = later[:PAGE]
    return s.Suppressions(
        tokens=b"".join(page),
        reasons=tuple(rows[token] for token in page),
        is_last=len(page) == len(later),
    )


def keep_suppressions(
    gate: Gate, message: s.KeepSuppressions, *, carrier: Service, now: datetime
) -> m.Suppressed:
    """Take whom the dock knows as suppressed, and this keeper does not any more.

    Raises:
        RefusedError: No such list or tenant, or the ledger was not recovered just now.
        MalformedError: Unknown reason, or tokens of another length.
    """
    if message.reason not in _REASONS:
        raise MalformedError("there is no such reason")
    tokens = split_tokens(message.tokens)
    changed = 0
    with gate.turn(now) as turn:
        for list_id in _lists(turn.registry, message.list):
            known = {**read_known(list_id, tokens)}
            new = sorted(set(tokens) - set(known))
            if new:
                _require_recovered(turn.registry)
                _record(turn, message.reason, carrier, list_id=list_id, new=new)
            changed += len(new)
    return m.Suppressed(changed=changed)


def _lists(registry: Registry, name: str) -> list[str]:
    found = [
        each.id for each in registry.lists.values() if name in (each.id, each.tenant)
    ]
    if not found and name not in registry.tenants:
        raise RefusedError("there is no such list", code=Code.NOT_FOUND)
    return found


def _require_recovered(registry: Registry) -> None:
    """Require that nobody has lifted the operator's freeze since the loss."""
    if not registry.is_settling:
        raise RefusedError(
            "the dock knows of nobody's wish before the keeper does",
            code=Code.NOT_PERMITTED,
            hint="after a loss of the ledger, start the dock before you unfreeze",
        )


def _record(
    turn: Turn, reason: str, carrier: Service, *, list_id: str, new: Collection[bytes]
) -> None:
    after = add_suppressions(turn, list_id, new=new, reason=reason)
    turn.append(
        Event.ENTRIES_SUPPRESSED,
        {
            "principal": carrier.id,
            "reason": reason,
            "rows": str(len(new)),
            **after,
            "charged": "no",
            "request": "",
            "ticket": "",
        },
        list_id=list_id,
    )
