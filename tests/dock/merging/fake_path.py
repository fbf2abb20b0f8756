"""A way to the next mail server for tests; it keeps the register as the real one does.

A message is claimed, goes out (a line in a file, synced as another machine's would be),
and is settled. Somebody who dies in between leaves a claim behind.
"""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from listkeep.core.mail import Reply
from listkeep.dock.outlet.merging.path import Item
from listkeep.dock.outlet.merging.queries import CLAIM_SECONDS
from listkeep.dock.outlet.models import MailDelivery
from listkeep.wire.messages import sends as d

DELIVERED = Reply(250, "2.0.0", "delivered")
BUSY = Reply(451, "4.7.0", "listkeep: busy, the same message is on its way")


def welcome(_token: bytes) -> Reply:
    return DELIVERED


@dataclass
class FakePath:
    """Delivers into a file."""

    sent: Path
    now: Callable[[], int]
    send: d.Send | None = None
    answer: Callable[[bytes], Reply] = welcome
    slots: Collection[str] = ()
    before_sending: Callable[[], None] = lambda: None
    after_sending: Callable[[], None] = lambda: None
    seen: list[Item] = field(default_factory=list)

    def find_send(self, request: str) -> d.Send | None:
        return self.send if self.send and self.send.request == request else None

    def read_slots(self, _send: d.Send) -> Collection[str]:
        return self.slots

    def deliver(self, send: d.Send, items: Sequence[Item]) -> list[Reply]:
        self.seen += items
        return [self._deliver(send, item) for item in items]

    def received(self) -> list[str]:
        return self.sent.read_text().split() if self.sent.exists() else []

    def _deliver(self, send: d.Send, item: Item) -> Reply:
        row, is_new = MailDelivery.objects.get_or_create(
            list_id=send.list,
            request=send.request,
            token=item.token,
            trigger="",
            defaults={"state": "claimed", "attempts": 1, "at": self.now()},
        )
        if not is_new:
            if row.state == "delivered":
                return DELIVERED
            if row.state == "claimed" and row.at > self.now() - CLAIM_SECONDS:
                return BUSY
            self._change(row, state="claimed", attempts=row.attempts + 1)
        self.before_sending()
        reply = self.answer(item.token)
        if reply.code == 250:
            with self.sent.open("a") as file:
                file.write(f"{item.token.hex()}\n")
                file.flush()
                os.fsync(file.fileno())
        self.after_sending()
        state = {2: "delivered", 4: "deferred", 5: "failed"}[reply.code // 100]
        self._change(row, state=state, reply=reply.code)
        return reply

    def _change(self, row: MailDelivery, **facts: object) -> None:
        MailDelivery.objects.filter(
            list_id=row.list_id, request=row.request, token=row.token, trigger=""
        ).update(at=self.now(), **facts)
