"""What people call what the ledger has ids for."""

from dataclasses import dataclass

from listkeep.console.web.doors import Visitor
from listkeep.console.web.ways import ask
from listkeep.wire import messages as m


@dataclass(frozen=True, slots=True)
class Names:
    """Names of people, software and lists, as far as this person may know them."""

    people: dict[str, str]
    lists: dict[str, str]

    def person(self, name: str) -> str:
        """Name a person or a service, or leave the id."""
        return self.people.get(name, name)

    def list(self, name: str) -> str:
        """Name a list, or leave the id."""
        return self.lists.get(name, name)


def read_people(visitor: Visitor) -> dict[str, str]:
    """Read the names of people; those who may not know them read ids."""
    if not visitor.administers:
        return {visitor.principal.id: visitor.principal.name}
    message = m.ShowRegistry(session=visitor.session, kind="person")
    rows = ask(lambda: visitor.ways.keeper.show_registry(message).rows).value or ()
    return {row["id"]: row["name"] for row in rows}


def read_names(visitor: Visitor) -> Names:
    """Read all of them; what software did is told by its name, too."""
    lists, software = {}, {}
    if visitor.administers:
        message = m.ShowRegistry(session=visitor.session, kind="service")
        rows = ask(lambda: visitor.ways.keeper.show_registry(message).rows).value or ()
        software = {row["id"]: row["name"] for row in rows}
    if not visitor.is_operator:
        found = ask(visitor.ways.dock.show_lists).value or ()
        lists = {one.id: one.name for one in found}
    return Names({**software, **read_people(visitor)}, lists)
