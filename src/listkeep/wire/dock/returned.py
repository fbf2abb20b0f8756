"""What came back, by cursor; and what becomes of what is held."""

from collections.abc import Iterator

from listkeep.wire.answers import (
    DockDecided,
    DockReturned,
    DockReturnedPage,
    DockWebhook,
)

from .calls import Calls, part


class ReturnedCalls(Calls):
    """What came back to a list."""

    def read_returned(
        self, list_name: str, *, after: int = 0
    ) -> Iterator[DockReturned]:
        """Read what came back after a number, oldest first."""
        path = f"lists/{part(list_name)}/returned"
        while True:
            page = self.get(
                path, DockReturnedPage, cursor=str(after), limit="1000", waiting="true"
            )
            yield from page.returned
            if not page.more:
                return
            after = page.cursor

    def show_webhook(self, list_name: str) -> DockWebhook:
        """Ask which webhook is told what comes back, and how that goes."""
        return self.get(f"lists/{part(list_name)}/returned/webhook", DockWebhook)

    def set_webhook(self, list_name: str, contact: str) -> DockWebhook:
        """Have a webhook told what comes back, from now on."""
        path = f"lists/{part(list_name)}/returned/webhook"
        return self.send("PUT", path, {"contact": contact}, DockWebhook)

    def remove_webhook(self, list_name: str) -> DockWebhook:
        """Have no webhook told any more; gives the one that was."""
        path = f"lists/{part(list_name)}/returned/webhook"
        return self.send("DELETE", path, {}, DockWebhook)

    def decide_returned(self, list_name: str, decision: str) -> int:
        """Accept or drop what is held; tell how many things that were."""
        path = f"lists/{part(list_name)}/returned/held"
        return self.send("POST", path, {"decision": decision}, DockDecided).decided
