"""What the mail merge needs of the path that its messages take."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from listkeep.core.mail import Reply
from listkeep.wire.messages import sends as d


class Item(NamedTuple):
    """One message: for whom, and what stands in the application's slots."""

    token: bytes
    values: Mapping[str, str]


class Path(Protocol):
    """The way from a token to the next mail server."""

    def find_send(self, request: str) -> d.Send | None:
        """Find a send as the keeper knows it now.

        Raises:
            UnavailableError: The keeper does not answer.
        """

    def read_slots(self, send: d.Send) -> Collection[str]:
        """Name the slots of its template that an application fills in.

        Raises:
            UnavailableError: The template was not handed over.
        """

    def deliver(self, send: d.Send, items: Sequence[Item]) -> list[Reply]:
        """Deliver messages, as many at once as the path can; one reply for each."""
