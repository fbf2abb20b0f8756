"""What came of a message, in the few words software decides by."""

import re
from dataclasses import dataclass
from enum import StrEnum

STATUS = re.compile(r"(?<![\w.])([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![\w.])")
_GONE = {"1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1"}


class Outcome(StrEnum):
    """What came back; public and append-only."""

    DELIVERED = "delivered"
    HARD_BOUNCE = "hard-bounce"
    SOFT_BOUNCE = "soft-bounce"
    BLOCKED = "blocked"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto-reply"
    REPLY = "reply"
    UNSUBSCRIBE = "unsubscribe"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Returned:
    """One thing that came back: about whom, what, and the code that says why."""

    alias: str
    outcome: Outcome
    code: str = ""


def find_status(text: str) -> str:
    """Find the first enhanced status code (RFC 3463) in a text, or nothing."""
    match = STATUS.search(text)
    return match[0] if match else ""


def judge_status(status: str) -> Outcome:
    """Say what an enhanced status code means for the address.

    *hard* is about the mailbox: it is not there. *blocked* is about us: policy,
    content, reputation; the mailbox may be well. *soft* passes, or may.
    """
    match = STATUS.fullmatch(status)
    if match is None:
        return Outcome.UNKNOWN
    kind, detail = match[1], f"{int(match[2])}.{int(match[3])}"
    if kind == "2":
        return Outcome.DELIVERED
    if detail in _GONE and kind == "5":
        return Outcome.HARD_BOUNCE
    if detail.startswith("7."):
        return Outcome.BLOCKED
    return Outcome.SOFT_BOUNCE
