"""Record many look-ups in the ledger of an instance that runs, as years of use do.

``python -m bench.ledger_filling COUNT PERSON ITEM LIST``, with ``LISTKEEP_HOME`` and
the keeper's settings. Each is an entry of its own, two thousand go in one commit.
"""

import sys
from datetime import UTC, datetime

import django

_AT_ONCE = 2_000


def main() -> int:
    """Append so many entries."""
    django.setup()
    # Its tables can be named once Django knows of them.
    from listkeep.core.ledger.events import Event  # noqa: PLC0415
    from listkeep.keeper.gate.endpoint import open_gate  # noqa: PLC0415

    left, (person, item, list_id) = int(sys.argv[1]), sys.argv[2:]
    gate = open_gate()
    while left > 0:
        with gate.turn(datetime.now(UTC)) as turn:
            for _ in range(min(left, _AT_ONCE)):
                turn.append(
                    Event.ADDRESS_LOOKED_UP,
                    {"person": person, "item": item},
                    list_id=list_id,
                )
        left -= _AT_ONCE
    return 0


if __name__ == "__main__":
    sys.exit(main())
