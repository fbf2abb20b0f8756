"""How many may leave a list by mail in a day before somebody looks.

Aliases are in the mail server's queue and log. Whoever reads those can write a bounce
or a complaint for each; without a limit, one night of forged mail would suppress a
list. What people say by a link of their own, and what the next mail server said while
it was spoken to, is not limited.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from listkeep.dock.lists import queries as entries

from .models import Returned
from .outcomes import STATUSES

WINDOW = timedelta(days=1)
LEAST = 100
SHARE = 20  # one entry in twenty


@dataclass(slots=True)
class Brake:
    """What one list may still lose by mail today."""

    left: int

    @classmethod
    def of(cls, list_id: str, *, now: datetime) -> "Brake":
        """Count what was lost since this time yesterday."""
        size = sum(entries.count_statuses(list_id).values())
        lately = Returned.objects.filter(
            list_id=list_id,
            at__gt=int((now - WINDOW).timestamp()),
            how=Returned.How.MAIL,
            state=Returned.State.SETTLED,
            outcome__in=list(STATUSES),
        ).count()
        return cls(max(LEAST, size // SHARE) - lately)

    def lets(self, row: Returned) -> bool:
        """Say whether this one may go on; one that may is counted."""
        if row.how != Returned.How.MAIL:
            return True
        self.left -= 1
        return self.left >= 0
