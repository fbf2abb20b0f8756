"""Begin a list's next key: the one act, whoever asked for it."""

from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import ListFacts
from listkeep.core.registry.held_keys import list_key
from listkeep.keeper.gate.turns import Turn


def begin_key(turn: Turn, found: ListFacts, *, principal: str, request: str) -> None:
    """Make a list's next key; whatever is sealed after this turn is under it.

    The key is in the key store before the ledger says so: one that a turn left
    behind when it failed was never used, and is taken the next time.
    """
    number = found.newest_key + 1
    turn.store.create(list_key(found.id, number))
    turn.append(
        Event.KEY_RENEWED,
        {"key": str(number), "principal": principal, "request": request},
        list_id=found.id,
    )
