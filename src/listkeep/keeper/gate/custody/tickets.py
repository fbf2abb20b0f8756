"""Imports and restores that are open: who may have rows sealed, and until when."""

from datetime import datetime

from listkeep.core.errors import Code, RefusedError
from listkeep.core.registry.facts import Ticket
from listkeep.core.registry.state import Registry
from listkeep.core.registry.tickets import LONGEST_IMPORT
from listkeep.keeper.gate.decisions.standing import require_not_denied


def find_ticket(registry: Registry, name: str, *, restore: bool = False) -> Ticket:
    """Find an import, or a restore, that was not closed yet, of whatever age.

    Raises:
        RefusedError: There is none.
    """
    ticket = registry.tickets.get(name)
    if ticket is None or bool(ticket.moment) != restore:
        raise _closed()
    return ticket


def open_ticket(
    registry: Registry, name: str, *, now: datetime, restore: bool = False
) -> Ticket:
    """Find one that may go on: not too old, of somebody who is still here.

    Raises:
        RefusedError: It is closed, too old or denied, or whoever began it has left.
    """
    ticket = find_ticket(registry, name, restore=restore)
    if now >= ticket.started_at + LONGEST_IMPORT:
        raise _closed()
    if (
        registry.find_service(ticket.principal, now=now) is None
        and registry.find_present(ticket.principal, now=now) is None
    ):
        raise RefusedError("who began this has left")
    if ticket.request:
        require_not_denied(registry.requests[ticket.request])
    return ticket


def _closed() -> RefusedError:
    return RefusedError(
        "there is no such import or restore, or it is closed",
        code=Code.NOT_FOUND,
        hint="start it anew",
    )
