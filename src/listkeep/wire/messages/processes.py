"""How the process that answers is protected by its system."""

from listkeep.wire.base import Count, Message


class ProcessFacts(Message, frozen=True, kw_only=True):
    """What the system says of the keeper's process, and its root's provider."""

    core_dumps: bool
    """Whether a crash would write its memory to a disk."""

    memory_locked: bool
    """Whether its memory stays out of the swap."""

    root: str
    """The provider of the root key."""

    root_answers: bool
    """Whether it wraps and unwraps now."""

    renewals_overdue: Count = 0
    """How many lists have rows under a key that should be gone."""
