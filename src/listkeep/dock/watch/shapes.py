"""JSON that the watch gives. None of it says where a contact is."""

from listkeep.dock.lists.shapes import Shape


class DeliveryView(Shape):
    """One contact, and how telling it went."""

    id: str
    contact: str
    kind: str
    state: str
    attempts: int
    outcome: str
    next_at: str | None


class NoticeView(Shape):
    """A ledger entry that people are told of, and the deliveries of it."""

    index: int
    at: str
    severity: str
    event: str
    tenant: str
    sentence: str
    request: str
    state: str
    missing: list[str]
    deliveries: list[DeliveryView]


class Notices(Shape):
    """A page of notices, oldest first, and where the next one begins."""

    notices: list[NoticeView]
    next: int
