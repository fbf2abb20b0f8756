"""JSON that the watch gives. None of it says where a contact is."""

from typing import Annotated

from pydantic import Field

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


# No note and no reason holds an at sign: an address would stand where none may be.
NoteText = Annotated[
    str, Field(min_length=1, max_length=500, pattern=r"^[^@\x00-\x1f\x7f]+$")
]
ReasonText = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^@\x00-\x1f\x7f]+$")
]


class LineView(Shape):
    """One line of an incident's story."""

    at: str
    who: str
    what: str
    text: str


class IncidentView(Shape):
    """Something that was found wrong, and how it stands."""

    id: str
    kind: str
    sentence: str
    tenant: str
    list: str
    state: str
    found: int
    times: int
    opened_at: str
    closed_at: str
    closed_by: str
    reason: str
    timeline: tuple[LineView, ...] = ()


class IncidentsView(Shape):
    """Incidents, oldest first."""

    incidents: tuple[IncidentView, ...]


class Note(Shape):
    """What somebody found out."""

    text: NoteText


class Closing(Shape):
    """Why an incident is closed, and whether what was found is so from now on."""

    reason: ReasonText
    accept: bool = False
