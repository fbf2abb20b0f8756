"""Recognize Mailchimp's audience exports by the columns only Mailchimp writes.

An export is a ZIP of one file per status (``subscribed_…``, ``unsubscribed_…``,
``cleaned_…``), and the status stands in the file's name only; the last two have
columns of their own. ``nonsubscribed_…`` files look like ``subscribed_…`` ones:
whoever imports one must map a status column or leave it out.
"""

from collections.abc import Collection
from typing import Final

ADDRESS_KEY: Final = "emailaddress"

_SYSTEM_KEYS: Final = frozenset(
    {"memberrating", "optintime", "optinip", "confirmtime", "confirmip", "lastchanged"}
    | {"gmtoff", "dstoff", "leid", "euid", "unsubtime", "cleantime"}
)
_STATUS_KEYS: Final = {
    "cleantime": "bounced",
    "cleancampaigntitle": "bounced",
    "unsubtime": "unsubscribed",
    "unsubcampaigntitle": "unsubscribed",
    "unsubreason": "unsubscribed",
}


def recognize_export(keys: Collection[str]) -> str | None:
    """Give the status of a Mailchimp export's rows, or None for another's file.

    ``keys`` are the header's names reduced to letters and digits. Two of
    Mailchimp's own columns are asked for: one may be a coincidence.
    """
    if ADDRESS_KEY not in keys or len(_SYSTEM_KEYS.intersection(keys)) < 2:
        return None
    for key, status in _STATUS_KEYS.items():
        if key in keys:
            return status
    return "subscribed"
