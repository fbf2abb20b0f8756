"""The keys of a list where ledger and key store differ: the end of a ledger was lost.

A key that was destroyed stays so, whatever an older ledger says of it. One that was
begun is in the key store, with rows under it, and is taken up by the next renewal.
"""

from listkeep.core.errors import Code, UnavailableError
from listkeep.core.registry.facts import ListFacts
from listkeep.core.registry.held_keys import list_key
from listkeep.keeper.keys import KeyStore


def fetch_newest_key(store: KeyStore, found: ListFacts) -> bytes:
    """Fetch the key that seals now.

    Raises:
        UnavailableError: It is not there, or does not unwrap.
    """
    name = list_key(found.id, found.newest_key)
    if not store.has(name):
        raise _missing(found, is_later_there=find_later_key(store, found) is not None)
    return store.get(name)


def fetch_list_keys(store: KeyStore, found: ListFacts) -> dict[int, bytes]:
    """Fetch every key of a list by its number; an older one may have been destroyed.

    Raises:
        UnavailableError: The newest is not there, or one does not unwrap.
    """
    keys = {found.newest_key: fetch_newest_key(store, found)}
    for key in found.keys[:-1]:
        name = list_key(found.id, key.number)
        if store.has(name):
            keys[key.number] = store.get(name)
    return keys


def find_later_key(store: KeyStore, found: ListFacts) -> int | None:
    """Find the last key of this list in the key store that the ledger does not know."""
    numbers = store.numbers(list_key(found.id))
    return numbers[-1] if numbers and numbers[-1] > found.newest_key else None


def _missing(found: ListFacts, *, is_later_there: bool) -> UnavailableError:
    if is_later_there:
        return UnavailableError(
            "the newest key of this list that the ledger knows was destroyed",
            code=Code.KEY_UNAVAILABLE,
            hint="the end of the ledger was lost with its renewal: `listkeep keys "
            f"renew {found.name}` takes up the key that came after it",
        )
    return UnavailableError(
        "the key of this list is not in the key store",
        code=Code.KEY_UNAVAILABLE,
        hint="if the list was shredded and the end of the ledger lost, shred it again; "
        "else put back the newest copy of the key store",
    )
