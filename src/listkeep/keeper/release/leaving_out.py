"""Whoever is erased while an import runs does not come in with it.

The file was read, or is being read, from before the person asked to be forgotten. What
is sealed after that is left out here; what was staged before it the dock leaves out at
the end, and asks here who that is. An import that begins later brings whom it names.
"""

from collections.abc import Sequence
from datetime import datetime

from listkeep.core.registry.facts import Ticket
from listkeep.keeper.gate.custody.suppressions import split_tokens
from listkeep.keeper.gate.custody.tickets import open_ticket
from listkeep.keeper.gate.decisions.items import item_digest
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.keys import KeyStore
from listkeep.wire import messages as m


def find_gone(gate: Gate, message: m.FindGone, *, now: datetime) -> m.FoundGone:
    """Say which of some tokens are people who were erased since the import began.

    Raises:
        RefusedError: The import is not open.
        MalformedError: Tokens of another length, or too many.
    """
    tokens = split_tokens(message.tokens)
    with gate.view(now) as registry:
        ticket = open_ticket(registry, message.ticket, now=now)
        items = frozenset(ticket.gone)
    gone = [
        at
        for at, token in enumerate(tokens if items else ())
        if item_digest(gate.store, token) in items
    ]
    return m.FoundGone(erased=len(items), gone=gone)


def find_left_out(
    store: KeyStore, ticket: Ticket, columns: Sequence[Sequence[bytes]]
) -> frozenset[int]:
    """Find the places of those who were erased, under whichever token they have."""
    if not ticket.gone:
        return frozenset()
    return frozenset(
        at
        for tokens in columns
        for at, token in enumerate(tokens)
        if item_digest(store, token) in ticket.gone
    )
