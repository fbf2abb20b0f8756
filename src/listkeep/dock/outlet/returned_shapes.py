"""JSON about what came back. None of it has room for an address."""

from typing import Annotated, Literal

from pydantic import Field

from listkeep.dock.lists.shapes import Id, Shape

Number = Annotated[int, Field(ge=0, lt=2**53)]


class ReturnedQuery(Shape):
    """Where to read on, and how much at once."""

    cursor: Number = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    waiting: bool = False


class ReturnedView(Shape):
    """One thing that came back; ``number`` is in order, and never given twice."""

    number: int
    request: str
    token: str
    outcome: str
    code: str
    how: str
    at: str
    state: str


class ReturnedPage(Shape):
    """What came back after a number, and the number to read on from."""

    returned: list[ReturnedView]
    cursor: int
    more: bool
    held: int


class NewWebhook(Shape):
    """The contact that is told: a webhook of the tenant's, by its id."""

    contact: Id


class WebhookView(Shape):
    """A webhook that is told what comes back, and how that goes."""

    contact: str
    state: str
    told: int
    attempts: int
    outcome: str
    next_at: str | None


class Decision(Shape):
    """What becomes of what is held: too much of it came at once."""

    decision: Literal["accept", "drop"]


class Decided(Shape):
    """How many things were held."""

    decided: int
