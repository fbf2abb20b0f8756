"""Imports that are open: who may add rows to which list, and until when."""

from datetime import datetime, timedelta

from listkeep.core.errors import Code, RefusedError
from listkeep.core.registry.facts import Ticket
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.decisions.standing import require_not_denied

_LONGEST_IMPORT = timedelta(hours=12)


def find_ticket(registry: Registry, name: str) -> Ticket:
    """Find an import that was not closed yet, of whatever age and whomever.

    Raises:
        RefusedError: There is none.
    """
    ticket = registry.tickets.get(name)
    if ticket is None:
        raise _closed()
    return ticket


def open_ticket(registry: Registry, name: str, *, now: datetime) -> Ticket:
    """Find an import that may go on: not too old, of somebody who is still here.

    Raises:
        RefusedError: It is closed, too old or denied, or whoever began it has left.
    """
    ticket = find_ticket(registry, name)
    if now >= ticket.started_at + _LONGEST_IMPORT:
        raise _closed()
    if (
        registry.find_service(ticket.principal, now=now) is None
        and registry.find_present(ticket.principal, now=now) is None
    ):
        raise RefusedError("who began this import has left")
    if ticket.request:
        require_not_denied(registry.requests[ticket.request])
    return ticket


def _closed() -> RefusedError:
    return RefusedError(
        "there is no such import, or it is closed",
        code=Code.NOT_FOUND,
        hint="start the import anew",
    )
