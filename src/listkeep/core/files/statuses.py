"""What a file says about whether somebody may be written to.

Nothing is subscribed by guesswork: a cell that means nothing here turns its row away,
and so does a person who never agreed, unless another column says that they are
suppressed. Where columns disagree, the worst counts.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from .names import column_key

NEVER: Final = ""
"""In the place of a status: this person never agreed to be written to."""

Reader = Callable[[str], str | None]

_RANKS: Final = {
    "subscribed": 0,
    NEVER: 1,
    "unsubscribed": 2,
    "bounced": 3,
    "complained": 4,
}
_WORDS: Final = {
    "subscribed": "subscribed",
    "active": "subscribed",
    "confirmed": "subscribed",
    "optedin": "subscribed",
    "unsubscribed": "unsubscribed",
    "optedout": "unsubscribed",
    "bounced": "bounced",
    "cleaned": "bounced",
    "complained": "complained",
    "complaint": "complained",
    "spam": "complained",
}
_KLAVIYO_CONSENT: Final = {
    "subscribed": "subscribed",
    "unsubscribed": "unsubscribed",
    "neversubscribed": NEVER,
    "": NEVER,
}
_LISTMONK: Final = {
    "enabled": "subscribed",
    "disabled": "unsubscribed",
    "blocklisted": "unsubscribed",
    "blacklisted": "unsubscribed",
}
_NOTHING: Final = frozenset({"", "0", "no", "false", "none", "null", "contactable"})
_EVERYTHING: Final = frozenset({"1", "yes", "true"})


def read_status(text: str) -> str | None:
    """Give the status a cell means, or None."""
    return _WORDS.get(text) or _WORDS.get(column_key(text))


@lru_cache(maxsize=4096)
def read_klaviyo_consent(text: str) -> str | None:
    """Read a cell of ``Email Marketing Consent``."""
    return _KLAVIYO_CONSENT.get(column_key(text))


@lru_cache(maxsize=4096)
def read_klaviyo_channels(text: str) -> str | None:
    """Read a cell of ``$consent``, which names the channels somebody agreed to."""
    return "subscribed" if "email" in column_key(text) else NEVER


@lru_cache(maxsize=4096)
def read_suppressions(text: str) -> str | None:
    """Read a cell that says why somebody is suppressed; any reason will do."""
    letters = column_key(text.strip(" []"))
    if letters in _NOTHING:
        return "subscribed"
    if "spam" in letters or "complain" in letters:
        return "complained"
    if "bounce" in letters or "invalid" in letters:
        return "bounced"
    return "unsubscribed"


@lru_cache(maxsize=4096)
def read_do_not_contact(text: str) -> str | None:
    """Read a cell of a column that says whom Mautic does not write to."""
    letters = column_key(text)
    if letters in _EVERYTHING or "unsubscribed" in letters or "manual" in letters:
        return "unsubscribed"
    found = read_suppressions(text)
    return None if found == "unsubscribed" else found


def read_listmonk(text: str) -> str | None:
    """Read a cell of ``status`` as listmonk writes it."""
    return _LISTMONK.get(column_key(text))


def combine(statuses: Sequence[str | None]) -> str | None:
    """Give the worst of what several columns say; None if one of them is unknown."""
    known = [status for status in statuses if status is not None]
    if len(known) < len(statuses):
        return None
    return max(known, key=_RANKS.__getitem__)
