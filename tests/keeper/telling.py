"""Contacts of the cast, and what they are told."""

from datetime import timedelta
from typing import Self

from listkeep.keeper.gate.showing import notices
from listkeep.wire.messages import notices as n

from .world import World

DESK = "security.desk@acme.example"
HOOK = "https://hooks.acme.example/listkeep"


def add_contact(
    world: World,
    name: str,
    destination: str,
    *,
    kind: str = "mail",
    by: tuple[str, str] = ("ada", "amir"),
) -> str:
    subject = {"id": f"d_{name:x>12}"[:14], "name": name, "kind": kind}
    view = world.ask(by[0], "contact.add", subject, destination=destination)
    if by[1]:
        view = world.sign(by[1], view, "approve")
    else:  # there is nobody else, so it waits
        world.wait(hours=72)
        view = world.show(by[0], view)
    assert view.state == "done"
    return subject["id"]


class Telling(World):
    """A world in which people outside are told."""

    @classmethod
    def of(cls, world: World) -> Self:
        return cls(world.home, world.now, world.cluster, world.people, world._sessions)

    def add_contact(
        self,
        name: str,
        destination: str,
        *,
        kind: str = "mail",
        by: tuple[str, str] = ("ada", "amir"),
    ) -> str:
        return add_contact(self, name, destination, kind=kind, by=by)

    def told(self, start: int = 0, *, name: str = "") -> list[n.Notice]:
        message = n.ReadNotices(
            start=start, limit=500, caller=self.caller(name) if name else None
        )
        return list(
            notices.read_notices(
                self.gate, message, carrier=self.service("dock"), now=self.now
            ).notices
        )

    def size(self) -> int:
        return self.registry.frontier.size

    def open(self, contact: str, notice: int) -> n.OpenedContact:
        return self._open(n.OpenContact(contact=contact, notice=notice))

    def open_day(self, contact: str, day: str) -> n.OpenedContact:
        return self._open(n.OpenContact(contact=contact, day=day))

    def _open(self, message: n.OpenContact) -> n.OpenedContact:
        return notices.open_contact(
            self.gate, message, carrier=self.service("dock"), now=self.now
        )

    def yesterday(self) -> str:
        return (self.now - timedelta(days=1)).date().isoformat()
