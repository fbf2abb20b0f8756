"""Addresses that may not be sent to or exported, whatever the dock's rows say.

The table is counted and summed: each change records in the ledger how many rows the
list has now and the exclusive-or of a keyed hash of each. A row that is planted,
edited or missing therefore shows before anything is exported.
"""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime

from listkeep.core.errors import Code, MalformedError, RefusedError, VerificationError
from listkeep.core.grants import Action, Right
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import ListFacts, Service
from listkeep.core.registry.state import Registry
from listkeep.core.sealing import TOKEN_BYTES
from listkeep.core.segments import WORSE, Status
from listkeep.keeper.gate.decisions.drafts import find_list
from listkeep.keeper.gate.decisions.standing import require_granted
from listkeep.keeper.gate.models import Suppression
from listkeep.keeper.gate.sign_in.callers import resolve_caller
from listkeep.keeper.gate.sign_in.sessions import STATE_KEY
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire import messages as m
from listkeep.wire.base import MAX_ROWS

from .lists import require_right
from .tickets import open_ticket

_CHECK_BYTES = 32
_LEAST_CEILING = 10


def suppress(
    gate: Gate, message: m.Suppress, *, carrier: Service, now: datetime
) -> m.Suppressed:
    """Suppress addresses of a list; those suppressed before are not counted again.

    Raises:
        RefusedError: No right, no such list or ticket, or more than a day's budget.
        MalformedError: Unknown reason, or tokens of another length. Erasing is none: it
            is about a person, and takes an owner's signature.
    """
    if message.reason not in WORSE:
        raise MalformedError(
            "there is no such reason", hint=f"one of {', '.join(WORSE)}"
        )
    if message.ticket is not None and message.request is not None:
        raise MalformedError("rows come from an import or a request, not from both")
    tokens = split_tokens(message.tokens)
    with gate.turn(now) as turn:
        left: int | None
        if message.ticket is not None:
            principal, list_id, left = _by_ticket(turn, message)
        else:
            principal, list_id, left = _by_caller(gate, turn, message, carrier)
        known = read_known(list_id, tokens)
        new = sorted(set(tokens) - set(known))
        if left is not None and len(new) > left:
            raise RefusedError(
                "the import or request covers fewer rows", code=Code.CAP_EXCEEDED
            )
        charged = message.ticket is None and message.request is None
        if charged:
            _require_budget(turn, principal, list_id, rows=len(new))
        if new:
            _record(
                turn,
                message,
                principal=principal,
                list_id=list_id,
                new=new,
            )
    return m.Suppressed(changed=len(new))


def suppressed_tokens(turn: Turn, list_id: str) -> dict[bytes, str]:
    """Read a list's suppressions and why, after checking them against the ledger.

    Whoever was erased is suppressed in every list of the tenant, also in later ones.

    Raises:
        VerificationError: The table is not what the ledger says it is.
    """
    tenant = turn.registry.lists[list_id].tenant
    return _verified_rows(turn, list_id) | _verified_rows(turn, tenant)


def erased_tokens(turn: Turn, list_id: str) -> frozenset[bytes]:
    """Read whose entries must not be opened: they asked to be forgotten.

    Raises:
        VerificationError: The table is not what the ledger says it is.
    """
    rows = suppressed_tokens(turn, list_id)
    return frozenset(token for token, why in rows.items() if why == Status.ERASED)


def read_all_known(found: ListFacts, tokens: list[bytes]) -> dict[bytes, str]:
    """Read which of these tokens are suppressed, in the list or for good, and why."""
    if not tokens:
        return {}
    return read_known(found.tenant, tokens) | read_known(found.id, tokens)


def read_erased(found: ListFacts, tokens: list[bytes]) -> frozenset[bytes]:
    """Name those of some tokens whose person was erased and stays suppressed."""
    known = read_all_known(found, tokens)
    return frozenset(token for token, why in known.items() if why == Status.ERASED)


def split_tokens(joined: bytes) -> list[bytes]:
    """Split tokens that travel joined.

    Raises:
        MalformedError: The length is no multiple of a token's, or too many.
    """
    count, rest = divmod(len(joined), TOKEN_BYTES)
    if rest or count > MAX_ROWS:
        raise MalformedError("tokens travel 16 bytes each, at most 4096")
    return [
        joined[start : start + TOKEN_BYTES]
        for start in range(0, len(joined), TOKEN_BYTES)
    ]


_NOTHING = bytes(_CHECK_BYTES)


def ceiling_of_changes(registry: Registry, principal: str, list_id: str) -> int:
    """Compute what one principal may change in a day: 1 %, at most 1,000 rows."""
    share = registry.entries.get(list_id, 0) // 100
    ceiling = registry.ceiling(principal, Measure.ROWS_CHANGED)
    return min(ceiling, max(_LEAST_CEILING, share))


def add_suppressions(
    turn: Turn, scope: str, *, new: Collection[bytes], reason: str
) -> dict[str, str]:
    """Suppress tokens of a list, or of a whole tenant, and give what to record.

    None of them is suppressed there yet.
    """
    total, check = turn.registry.suppressed.get(scope, (0, _NOTHING.hex()))
    after = _fold(turn, scope, bytes.fromhex(check), dict.fromkeys(new, reason))
    Suppression.objects.bulk_create(
        Suppression(list_id=scope, token=token, reason=reason) for token in new
    )
    return {"total": str(total + len(new)), "check": after.hex()}


def suppress_returned(  # noqa: PLR0913 - one change is described by all of these
    turn: Turn,
    list_id: str,
    *,
    new: Collection[bytes],
    reason: str,
    send: str,
    by: str,
) -> None:
    """Suppress people of whose mail under a send something came back.

    ``new`` are not suppressed yet; how many it may be, the caller has decided.
    """
    after = add_suppressions(turn, list_id, new=new, reason=reason)
    turn.append(
        Event.ENTRIES_SUPPRESSED,
        {
            "principal": by,
            "reason": reason,
            "rows": str(len(new)),
            **after,
            "charged": "no",
            "request": send,
            "ticket": "",
        },
        list_id=list_id,
    )


def lift_suppression(
    turn: Turn, list_id: str, *, token: bytes, reason: str
) -> dict[str, str]:
    """Take one token out of a list's suppressions, and give what to record."""
    total, check = turn.registry.suppressed[list_id]
    after = _fold(turn, list_id, bytes.fromhex(check), {token: reason})
    Suppression.objects.filter(list_id=list_id, token=token).delete()
    return {"total": str(total - 1), "check": after.hex()}


def read_known(scope: str, tokens: list[bytes]) -> dict[bytes, str]:
    """Read which of these tokens are suppressed, and why."""
    rows = Suppression.objects.filter(list_id=scope, token__in=tokens)
    return {
        bytes(token): reason for token, reason in rows.values_list("token", "reason")
    }


def _verified_rows(turn: Turn, scope: str) -> dict[bytes, str]:
    rows = {
        bytes(token): reason
        for token, reason in Suppression.objects.filter(list_id=scope).values_list(
            "token", "reason"
        )
    }
    expected = turn.registry.suppressed.get(scope, (0, _NOTHING.hex()))
    check = _fold(turn, scope, _NOTHING, rows).hex()
    if expected != (len(rows), check):
        raise VerificationError(
            "the suppressions of this list were changed outside Listkeep",
            code=Code.LEDGER_INVALID,
            hint="releases of the list stay closed; compare with a backup",
        )
    return rows


def _require_budget(turn: Turn, principal: str, list_id: str, *, rows: int) -> None:
    """Refuse to change more than a day allows.

    Where the end of the ledger was lost, nobody knows what was changed before. Software
    goes on, for people outside wait for it; a person may still pass on a few.
    """
    registry = turn.registry
    ceiling = ceiling_of_changes(registry, principal, list_id)
    if principal in registry.people and registry.charges.is_exhausted(
        Measure.ROWS_CHANGED, now=turn.now
    ):
        ceiling = min(ceiling, _LEAST_CEILING)
    registry.charges.require(
        principal,
        Measure.ROWS_CHANGED,
        ceiling=ceiling,
        now=turn.now,
        amount=rows,
        is_known_only=True,
    )


def _by_ticket(turn: Turn, message: m.Suppress) -> tuple[str, str, int]:
    """Say whose import this is, into which list, and how many rows it can mean."""
    ticket = open_ticket(turn.registry, message.ticket or "", now=turn.now)
    if ticket.list_id != message.list:
        raise RefusedError("there is no such import", code=Code.NOT_FOUND)
    return ticket.principal, ticket.list_id, ticket.reserved - ticket.suppressed


def _by_caller(
    gate: Gate, turn: Turn, message: m.Suppress, carrier: Service
) -> tuple[str, str, int | None]:
    """Say who asks, about which list, and how many rows a request leaves."""
    if message.caller is None:
        raise RefusedError("nobody asked for this", code=Code.NOT_SIGNED_IN)
    principal = resolve_caller(
        gate, turn.registry, message.caller, carrier=carrier, now=turn.now
    )
    found = find_list(turn.registry, message.list, tenant=principal.tenant)
    require_right(principal, Right.TOUCH)
    if message.request is not None:
        granted = require_granted(
            turn, message.request, actions=frozenset({Action.SUPPRESS})
        )
        if granted.terms.list != found.id:
            raise RefusedError("the request is for another list", code=Code.NOT_GRANTED)
        if granted.terms.subject:
            signed_for = granted.terms.subject_fields()["reason"]
            if message.reason != signed_for:
                raise RefusedError(
                    "the request is for another reason", code=Code.NOT_GRANTED
                )
        return principal.id, found.id, granted.terms.cap - granted.rows_used
    return principal.id, found.id, None


def _record(
    turn: Turn,
    message: m.Suppress,
    *,
    principal: str,
    list_id: str,
    new: Collection[bytes],
) -> None:
    charged = message.ticket is None and message.request is None
    after = add_suppressions(turn, list_id, new=new, reason=message.reason)
    turn.append(
        Event.ENTRIES_SUPPRESSED,
        {
            "principal": principal,
            "reason": message.reason,
            "rows": str(len(new)),
            **after,
            "charged": "yes" if charged else "no",
            "request": message.request or "",
            "ticket": message.ticket or "",
        },
        list_id=list_id,
    )


def _fold(turn: Turn, list_id: str, start: bytes, rows: Mapping[bytes, str]) -> bytes:
    """Add rows to a sum in any order, or take them out of it again.

    The exclusive-or of a keyed hash of each token and reason: adding twice removes.
    """
    keyed = hashlib.blake2b(
        list_id.encode() + b"\x00",
        digest_size=_CHECK_BYTES,
        key=turn.store.get(STATE_KEY),
        person=b"lk-suppressed",
    )
    total = int.from_bytes(start, "big")
    for token, reason in rows.items():
        state = keyed.copy()
        state.update(token + reason.encode())
        total ^= int.from_bytes(state.digest(), "big")
    return total.to_bytes(_CHECK_BYTES, "big")
