"""How statuses are stored: as numbers, of which the larger one wins."""

from listkeep.core.segments import Status

# A status is stored as its place here. Later ones are worse, and an entry only
# ever gets worse, so the larger number wins wherever two meet.
STATUSES = (
    Status.SUBSCRIBED,
    Status.UNSUBSCRIBED,
    Status.BOUNCED,
    Status.COMPLAINED,
    Status.ERASED,
)
STATUS_CODES: dict[str, int] = {status: code for code, status in enumerate(STATUSES)}
SUBSCRIBED = STATUS_CODES[Status.SUBSCRIBED]
ERASED = STATUS_CODES[Status.ERASED]
