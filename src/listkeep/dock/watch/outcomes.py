"""How a try to tell somebody ended."""

from django.db.models import TextChoices


class Outcome(TextChoices):
    """In words that name no host and no address."""

    DELIVERED = "delivered"
    UNREACHABLE = "unreachable"  # no name, no route, no connection, no valid TLS
    TIMED_OUT = "timed-out"
    REFUSED = "refused"  # by the mail host or the webhook
    REDIRECTED = "redirected"  # and not followed
    PRIVATE_TARGET = "private-target"  # inside the network, or not https
    NOT_CONFIGURED = "not-configured"  # no mail host in dock.toml
    UNKNOWN = "unknown"  # the process died while it was sending
    BROKEN = "broken"  # our own fault; the log says where
    KEEPER_AWAY = "keeper-away"
    BUDGET_SPENT = "budget-spent"  # the keeper opened this contact often enough today
    NOT_TOLD = "not-told"  # the keeper says that this is not for this contact


# Nobody was asked anything: these do not count as a try.
POSTPONED = frozenset(
    {Outcome.NOT_CONFIGURED, Outcome.KEEPER_AWAY, Outcome.BUDGET_SPENT}
)


class SendError(Exception):
    """A message did not leave. It holds an outcome and nothing of a destination."""

    def __init__(self, outcome: Outcome) -> None:
        """Say how it ended."""
        super().__init__(outcome.value)
        self.outcome = outcome
