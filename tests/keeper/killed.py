"""A keeper in a process of its own that opens rows until somebody kills it.

Nothing of Django is imported before the process has set it up.
"""

import random
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from listkeep.core.sealing import SealedRow
from listkeep.wire.messages import sends as d
from tests.keeper.race import Place

BATCH = 5


def keep_opening(
    place: Place, request: str, sealed: Sequence[SealedRow], seed: int, told: Connection
) -> None:
    """Open all rows in an order of its own; say after each batch which it has told.

    As a dock does it tells with each batch what came of the one before: try again.
    """
    import django  # noqa: PLC0415

    django.setup()
    from tests.keeper.mailing import codes, open_rows  # noqa: PLC0415
    from tests.keeper.world import World, batch_of  # noqa: PLC0415

    world = World(place.home, place.now, place.cluster)
    world.enter()
    assert world.gate
    told.send([])
    order = random.Random(seed).sample(range(len(sealed)), len(sealed))
    waiting = d.RowNames()
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        batch = batch_of([sealed[place] for place in places])
        found = codes(open_rows(world, request, batch, waiting=waiting))
        waiting = d.RowNames(tokens=batch.tokens, triggers=[""] * len(places))
        told.send([p for p, code in zip(places, found, strict=True) if not code])
    time.sleep(60)
