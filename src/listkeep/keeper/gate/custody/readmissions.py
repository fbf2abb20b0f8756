"""Let somebody back who left or bounced: only the person can ask for that.

The person signed up anew, over a service of kind `intake`, and confirmed it by a link
that only their own mail held. That it was confirmed is the dock's word; so it is bound:
one token for each sign-up, which is the one that was sealed under it, within the
service's budget of changes, each in the ledger.
Who complained or was erased stays away, whoever says what.
"""

from datetime import datetime, timedelta
from typing import Final

from listkeep.core.errors import Code, RefusedError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import Service, Ticket
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.decisions.items import verify_sign_up_proof
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire import messages as m
from listkeep.wire.messages import suppressions as s

from .suppressions import ceiling_of_changes, lift_suppression, read_all_known
from .tickets import find_ticket

LONGEST_SIGN_UP: Final = timedelta(days=8)
SIGN_UP_TRIGGER: Final = "sign-up"
COME_BACK: Final = frozenset({"unsubscribed", "bounced"})


def readmit(
    gate: Gate,
    message: s.Readmit,
    *,
    carrier: Service,  # noqa: ARG001 - the sign-up's own service counts
    now: datetime,
) -> m.Suppressed:
    """Let one person back into one list; nothing changes for who is not suppressed.

    Raises:
        RefusedError: No such sign-up, it was used or is too old, its service has gone,
            the person may not come back, or the budget is spent.
        VerificationError: The sign-up is about somebody else.
    """
    with gate.turn(now) as turn:
        ticket = _find_sign_up(turn, message.ticket)
        known = read_all_known(turn.registry.lists[ticket.list_id], [message.token])
        reason = known.get(message.token)
        if reason is None:
            return m.Suppressed(changed=0)
        if reason not in COME_BACK:
            raise RefusedError(
                "who complained or was erased does not come back",
                code=Code.NOT_PERMITTED,
            )
        verify_sign_up_proof(gate.store, ticket.id, message.token, message.proof)
        turn.registry.charges.require(
            ticket.principal,
            Measure.ROWS_CHANGED,
            ceiling=ceiling_of_changes(turn.registry, ticket.principal, ticket.list_id),
            now=now,
            amount=1,
        )
        after = lift_suppression(
            turn, ticket.list_id, token=message.token, reason=reason
        )
        turn.append(
            Event.ENTRY_READMITTED,
            {"ticket": ticket.id, "principal": ticket.principal, **after},
            list_id=ticket.list_id,
        )
    return m.Suppressed(changed=1)


def is_sign_up_open(registry: Registry, list_id: str, *, now: datetime) -> bool:
    """Say whether somebody signed up for a list and has not been let back yet.

    Only then may who left be asked by mail whether they mean it.
    """
    return any(
        ticket.list_id == list_id and _may_still_count(registry, ticket, now=now)
        for ticket in registry.tickets.values()
    )


def _may_still_count(registry: Registry, ticket: Ticket, *, now: datetime) -> bool:
    service = registry.find_service(ticket.principal, now=now)
    is_sign_up = not ticket.request and not ticket.moment
    return (
        is_sign_up
        and service is not None
        and service.kind == "intake"
        and now < ticket.started_at + LONGEST_SIGN_UP
        and ticket.readmitted < ticket.reserved
    )


def _find_sign_up(turn: Turn, name: str) -> Ticket:
    """Find the sign-up by its ticket, under which rows were sealed by a service."""
    ticket = find_ticket(turn.registry, name)
    service = turn.registry.find_service(ticket.principal, now=turn.now)
    if service is None or service.kind != "intake" or ticket.request:
        raise RefusedError("only who signs up anew comes back", code=Code.NOT_PERMITTED)
    is_over = turn.now >= ticket.started_at + LONGEST_SIGN_UP
    if is_over or ticket.readmitted >= ticket.reserved:
        raise RefusedError("this sign-up is over", code=Code.EXPIRED)
    return ticket
