"""What a mail server is told: try again, or give up; in a code and our own words.

The difference matters more than the text: whatever may pass is 4xx, so that a freeze, a
full disk or a restart loses no message; what was refused for good is 5xx.
"""

from typing import Final

from listkeep.core.errors import Code, ListkeepError, UnavailableError
from listkeep.core.mail import Reply

DELIVERED: Final = Reply(250, "2.0.0", "delivered")
DELIVERED_BEFORE: Final = Reply(250, "2.0.0", "delivered before, under this send")
BUSY: Final = Reply(451, "4.7.0", "listkeep: busy, the same message is on its way")
INTERNAL: Final = Reply(451, "4.3.0", "listkeep: internal")

_PASSES: Final = frozenset(
    {
        Code.BUDGET_SPENT,
        Code.BUSY,
        Code.CAP_EXCEEDED,
        Code.FROZEN,
        Code.OVER_PACE,
        Code.UNREPORTED,
    }
)


def refuse(code: str) -> Reply:
    """Turn one of our codes into a reply."""
    if code in _PASSES:
        return Reply(451, "4.7.0", f"listkeep: {code}")
    return Reply(550, "5.7.1", f"listkeep: {code}")


def reply_to(error: ListkeepError) -> Reply:
    """Turn an error into a reply; of its words, those that name no one."""
    if isinstance(error, UnavailableError):
        return Reply(451, "4.3.0", f"listkeep: {error.code}")
    if error.code is Code.INTERNAL:
        return INTERNAL
    reply = refuse(error.code)
    return Reply(reply.code, reply.status, f"{reply.text}: {error}"[:400])


def later(status: str, text: str) -> Reply:
    """Say that the next mail server could not be spoken with now."""
    return Reply(451, status, text)
