"""Which outcomes suppress somebody, and what the entry is called then."""

from listkeep.core.mail import Outcome
from listkeep.core.segments import Status

STATUSES = {
    Outcome.UNSUBSCRIBE: Status.UNSUBSCRIBED,
    Outcome.HARD_BOUNCE: Status.BOUNCED,
    Outcome.COMPLAINT: Status.COMPLAINED,
}
