"""When somebody or something was last here, for those who look after who has access.

It is no evidence and decides nothing: a row that is missing or made up makes a line on
a page wrong, and no more. Whoever reads tokens leaves nothing in the ledger, so that
alone could not tell a key that works every day from one that nobody has.
"""

from datetime import datetime, timedelta
from typing import Final, cast

from listkeep.keeper.gate.models import LastUse
from listkeep.keeper.gate.turns import Gate

STEP: Final = timedelta(hours=1)
_KEPT: Final = "last uses"


def note_use(gate: Gate, who: str, *, now: datetime) -> None:
    """Note that a person or service was here; at most once an hour, in each process."""
    noted = cast("dict[str, datetime]", gate.kept.setdefault(_KEPT, {}))
    last = noted.get(who)
    if last is not None and timedelta() <= now - last < STEP:
        return
    moment = now.replace(microsecond=0)
    LastUse.objects.bulk_create(
        [LastUse(who=who, at=moment)],
        update_conflicts=True,
        unique_fields=["who"],
        update_fields=["at"],
    )
    noted[who] = now


def last_uses() -> dict[str, datetime]:
    """Read when each was last here, as far as it was noted."""
    return dict(LastUse.objects.values_list("who", "at"))
