"""When mail that failed for a while counts as failed for good.

The rule: on five different days, of which the last is at least fourteen after the
first, and nothing was delivered in between that we were told of. A full mailbox over a
weekend, or a server that is down for a week, is not enough; ten failures of one
evening count once. After thirty days without any the count begins anew.
"""

from listkeep.core.mail import Outcome

from .models import SoftBounces

DAYS = 5
SPAN_DAYS = 14
FORGOTTEN_AFTER_DAYS = 30


def count_soft_bounce(list_id: str, token: bytes, *, day: int) -> bool:
    """Count a day on which mail failed for a while; say whether it was one too many."""
    row, is_new = SoftBounces.objects.get_or_create(
        list_id=list_id,
        token=token,
        defaults={"days": 1, "first_day": day, "last_day": day},
    )
    if not is_new and day > row.last_day:
        if day - row.last_day > FORGOTTEN_AFTER_DAYS:
            row.days, row.first_day = 0, day
        row.days, row.last_day = row.days + 1, day
        row.save()
    return row.days >= DAYS and row.last_day - row.first_day >= SPAN_DAYS


def forget_soft_bounces(list_id: str, token: bytes) -> None:
    """Begin anew: something was delivered, or the entry is done with."""
    SoftBounces.objects.filter(list_id=list_id, token=token).delete()


ENDS_COUNTING = frozenset({Outcome.DELIVERED, Outcome.HARD_BOUNCE})
