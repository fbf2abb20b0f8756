"""Another root: every key is wrapped anew, while the keeper works.

Whoever can do this reads the key store and has the root's provider answer: it is an
act of the keeper's host, so no signature is asked for, but the ledger tells of it.

The order makes it safe to be killed anywhere. The next root is there and works before
the first key is wrapped under it; from then on new keys are made under it; the old one
ends when nothing is under it any more and the ledger has said so. Run again, it goes on
where it stopped; killed between entry and end it leaves a second entry.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from listkeep.core.ledger.events import Event
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.keys import Roots


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did."""

    keys: int  # under the new root
    kinds: tuple[str, str]  # the provider before and after
    left_to_do: tuple[str, ...]  # by hand


def rotate_root(
    gate: Gate, roots: Roots, *, now: datetime, say: Callable[[int, int], None]
) -> Rotation:
    """Wrap every key under the root that follows, and end the one before.

    ``say`` hears how many of how many are done.

    Raises:
        UnavailableError: A provider does not answer, or a key does not unwrap. What
            was done counts; run again, it goes on.
        MalformedError: keeper.toml does not say which root follows.
    """
    roots.prepare_next()
    after, before = roots.kinds()
    key_ids = gate.store.key_ids()
    for done, key_id in enumerate(key_ids, start=1):
        gate.store.rewrap(key_id, roots.newest)
        say(done, len(key_ids))
    keys = gate.store.count_keys()
    with gate.turn(now) as turn:
        fields = {"from": before, "to": after, "keys": str(keys)}
        turn.append(Event.ROOT_ROTATED, fields)
    with gate.store.hold():  # who makes a key now may have opened the root that ends
        left_to_do = roots.retire_old()
    return Rotation(keys, (before, after), left_to_do)
