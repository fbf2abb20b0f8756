"""Keys of lists and tenants: numbered, so that an old one can be replaced by a newer.

The numbers of a list or tenant only ever go up, and the newest one seals. An older key
still opens what is sealed under it until it is destroyed, and its number never comes
back: whatever is under it stays closed, in every copy.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from listkeep.core.sealing import FIRST_KEY

from .fields import untrusted

LEAST_AGE = timedelta(days=1)  # longer than any import or export may take
LONGEST_RENEWAL = timedelta(days=7)  # from when it is due to when the old key is gone
MOST_INDEX_KEYS = 8  # every token that is looked for is looked for under each


class HeldKey(NamedTuple):
    """A key that is there, and since when it was the newest."""

    number: int
    since: datetime


class GoneKey(NamedTuple):
    """A key that was destroyed, and until when a copy of the key store has it."""

    at: datetime
    copies_until: datetime | None


def list_key(list_id: str, number: int = FIRST_KEY) -> str:
    """Name one of a list's keys in the key store."""
    return _numbered(f"list-{list_id}", number)


def index_key(tenant: str, number: int = FIRST_KEY) -> str:
    """Name one of a tenant's index keys in the key store."""
    return _numbered(f"index-{tenant}", number)


def index_numbers(keys: tuple[HeldKey, ...]) -> tuple[int, ...]:
    """Number a tenant's index keys, the oldest first; the first is always there."""
    return tuple(key.number for key in keys) or (FIRST_KEY,)


def first_key(at: datetime) -> tuple[HeldKey, ...]:
    """Begin with the key that everything has from the start."""
    return (HeldKey(FIRST_KEY, at),)


def with_newer(
    keys: tuple[HeldKey, ...], number: int, *, at: datetime
) -> tuple[HeldKey, ...]:
    """Add the next key: from now on it is the one that seals.

    Raises:
        VerificationError: It is not the next number, so it may have been used before.
    """
    if number != keys[-1].number + 1:
        raise untrusted("a key has a number that is not the next")
    return (*keys, HeldKey(number, at))


def with_newest(
    keys: tuple[HeldKey, ...], number: int, *, at: datetime
) -> tuple[HeldKey, ...]:
    """Add the key that seals from now on, and those between, which may be there too.

    After the end of the ledger was lost, the key store knows of later numbers than the
    ledger. No number is used anew: the one that seals is the last of them, or the next.

    Raises:
        VerificationError: The number was used before.
    """
    last = keys[-1].number
    if number <= last:
        raise untrusted("a key has a number that was used before")
    return (*keys, *(HeldKey(each, at) for each in range(last + 1, number + 1)))


def renewal_due_at(keys: tuple[HeldKey, ...], *, every: timedelta) -> datetime:
    """Say since when a renewal should go on: since it began, or since it was time."""
    newest = keys[-1].since
    return newest if len(keys) > 1 else newest + every


def without(keys: tuple[HeldKey, ...], number: int) -> tuple[HeldKey, ...]:
    """Take away an older key.

    Raises:
        VerificationError: It is not there, or it is the newest.
    """
    if number not in {key.number for key in keys[:-1]}:
        raise untrusted("a key was destroyed that is not there, or is the newest")
    return tuple(key for key in keys if key.number != number)


def _numbered(name: str, number: int) -> str:
    return name if number == FIRST_KEY else f"{name}.{number}"
