"""What the keeper lets the dock tell people outside the instance.

A notice names the contacts it is for and not where they are. That is asked for each
time one is told, by contact and by what it is about, so that whoever takes the dock's
database has no destination, and whoever takes the dock gets few of them, recorded.
"""

from typing import Annotated

import msgspec

from listkeep.wire.base import Count, Credential, Id, Message

from .callers import Caller

Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]


class ContactName(Message, frozen=True, kw_only=True):
    """A contact without its destination."""

    id: Id
    name: str
    kind: str  # mail or webhook


class Notice(Message, frozen=True, kw_only=True):
    """One ledger entry in the words of those it concerns: ids, names, counts."""

    index: Count
    event: str
    at: str
    severity: str  # info, warning or alarm
    tenant: str  # empty: the operator
    tenant_name: str
    person: str
    person_name: str
    request: str
    action: str
    about: str
    list_name: str
    rows: Count
    code: str
    times: Count  # how often the same happened that day
    first_touch: bool
    state: str  # of the request now; empty if there is none
    missing: tuple[str, ...]
    contacts: tuple[ContactName, ...]


class ReadNotices(Message, frozen=True, kw_only=True):
    """Ask for notices from an index on: all for the dock, or those of a caller."""

    start: Count = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 200
    caller: Caller | None = None
    unusual: bool = False  # instead, the newest warnings and alarms that are kept


class Notices(Message, frozen=True, kw_only=True):
    """A run of notices, where to go on reading, and how long the ledger is."""

    notices: tuple[Notice, ...]
    next: Count
    size: Count
    epoch: Count = 0  # how often the end of the ledger was lost and given up
    epoch_start: Count = 0  # where the last such loss was: entries from here on are new


class ReadDigestContacts(Message, frozen=True, kw_only=True):
    """Ask whom to tell about a day that is over."""

    day: Day


class DigestContacts(Message, frozen=True, kw_only=True):
    """All contacts there are."""

    contacts: tuple[ContactName, ...]


class Digest(Message, frozen=True, kw_only=True):
    """A day in numbers, and how long the ledger is now.

    Somebody outside who keeps these notices later knows of a ledger that was put
    back: the checkpoint is signed by the keeper and names size and root.
    """

    day: Day
    keeper: str
    tenant_name: str  # empty: everybody's, for the operator
    requests: Count
    releases: Count
    rows: Count
    refusals: Count
    changes: Count
    size: Count
    root: str  # hexadecimal
    checkpoint: str


class OpenContact(Message, frozen=True, kw_only=True):
    """Ask where one contact is, to tell it of one notice, of one day, or a list's.

    With ``list`` a webhook is told what came back to that list, which the dock knows.
    """

    contact: Id
    notice: Count | None = None
    day: Day | None = None
    list: Id | None = None


class OpenedContact(Message, frozen=True, kw_only=True):
    """Where a contact is, and in the keeper's own words what it is to be told."""

    kind: str
    name: str
    destination: str
    secret: str  # signs a webhook's body (Standard Webhooks); empty for mail
    notice: Notice | None = None
    digest: Digest | None = None


class ShowContactSecret(Message, frozen=True, kw_only=True):
    """Ask for the secret by which a webhook's receiver knows us."""

    session: Credential
    contact: str  # id or name


class ContactSecret(Message, frozen=True, kw_only=True):
    """A secret as Standard Webhooks writes it."""

    secret: str
