"""Which imports are running, as far as the ledger knows."""

from datetime import datetime, timedelta

from .facts import Ticket
from .state import Registry

LONGEST_IMPORT = timedelta(hours=12)


def running_imports(
    registry: Registry, *, tenant: str, now: datetime
) -> tuple[Ticket, ...]:
    """List a tenant's imports that may still add rows; restores add nobody new."""
    return tuple(
        ticket
        for ticket in registry.tickets.values()
        if not ticket.moment
        and now < ticket.started_at + LONGEST_IMPORT
        and registry.lists[ticket.list_id].tenant == tenant
    )
