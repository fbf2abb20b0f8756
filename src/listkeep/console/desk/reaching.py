"""Who can do what with a list: people, software, and who looks under a consent.

Rights are given for all lists of a tenant, so that this is one answer for each of them.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

from django.utils.translation import gettext

from listkeep.console.web.doors import Visitor
from listkeep.console.web.ways import Panel, ask
from listkeep.core.grants import GUEST_RIGHTS
from listkeep.looks.codes import rights_of
from listkeep.wire import messages as m

from .people import Row, reach_of, read_uses
from .tables import write_csv

_KINDS: Final = ("person", "service", "consent")
_NAMES: Final = ("name", "what", "can", "last_used", "until")


@dataclass(frozen=True, slots=True)
class Reach:
    """Somebody or something, and what it can do."""

    kind: str
    id: str
    name: str
    what: str  # the role, or the kind of software
    can: str
    last_used: str = ""
    until: str = ""


def read_reach(visitor: Visitor) -> Panel[tuple[Reach, ...]] | None:
    """Read who reaches the lists of a tenant; nothing, for who may not know people."""
    if not visitor.administers or visitor.is_operator:
        return None
    return ask(partial(_read, visitor))


def write_reach(found: tuple[Reach, ...]) -> str:
    """Write it as a file."""
    return write_csv(_NAMES, ([getattr(one, n) for n in _NAMES] for one in found))


def _read(visitor: Visitor) -> tuple[Reach, ...]:
    keeper, uses = visitor.ways.keeper, ask(partial(read_uses, visitor)).value or {}
    return tuple(
        _of_consent(row) if kind == "consent" else _of(kind, row, uses)
        for kind in _KINDS
        for row in keeper.show_registry(
            m.ShowRegistry(session=visitor.session, kind=kind)
        ).rows
    )


def _of(kind: str, row: Row, uses: dict[str, Row]) -> Reach:
    return Reach(
        kind=kind,
        id=row["id"],
        name=row["name"],
        what=row["role"] if kind == "person" else row["kind"],
        can=reach_of(kind, row),
        last_used=uses.get(row["id"], {}).get("last_used", ""),
    )


def _of_consent(row: Row) -> Reach:
    """Name support by ids, which are all an owner knows of it, or as all of it."""
    return Reach(
        kind="consent",
        id=row["id"],
        name=row["people"],
        what=gettext("support, under a consent"),
        can=rights_of(sorted(GUEST_RIGHTS)),
        until=row["until"],
    )
