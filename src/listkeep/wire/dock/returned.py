"""What came back, by cursor; and what becomes of what is held."""

from collections.abc import Iterator

from listkeep.wire.answers import DockDecided, DockReturned, DockReturnedPage

from .calls import Calls, part


class ReturnedCalls(Calls):
    """What came back to a list."""

    def read_returned(
        self, list_name: str, *, after: int = 0
    ) -> Iterator[DockReturned]:
        """Read what came back after a number, oldest first."""
        path = f"lists/{part(list_name)}/returned"
        while True:
            page = self.get(path, DockReturnedPage, cursor=str(after), limit="1000")
            yield from page.returned
            if not page.more:
                return
            after = page.cursor

    def decide_returned(self, list_name: str, decision: str) -> int:
        """Accept or drop what is held; tell how many things that were."""
        path = f"lists/{part(list_name)}/returned/held"
        return self.send("POST", path, {"decision": decision}, DockDecided).decided
