"""What was granted to a person: exports to run here, reveals to open at the keeper."""

import base64
from dataclasses import dataclass

from django.conf import settings

from listkeep.core.grants import Action, Terms
from listkeep.core.sealing import parse_token
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists.access import enter_list
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire import messages as m
from listkeep.wire.base import encode

from .doors import Visitor


@dataclass(frozen=True, slots=True)
class Granted:
    """A request of one's own that may be used now, with the keeper's names for ids."""

    id: str
    terms: Terms
    list_name: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Reveal:
    """Rows somebody may look at on the keeper's page, and the way there."""

    granted: Granted
    rows: int
    link: str


def find_granted(visitor: Visitor, action: Action, *, keeper: Keeper) -> list[Granted]:
    """Find what a person asked for, that was granted and not used up."""
    message = m.ShowRequest(session=visitor.caller.session, states=("granted",))
    views = keeper.show_requests(message).requests
    mine = f"{visitor.principal.name} (request)"
    granted = [
        Granted(
            view.id,
            Terms.parse(view.terms),
            view.facts.get("list", ""),
            view.facts.get("recipient", ""),
        )
        for view in views
        if view.signed_by[:1] == (mine,)
    ]
    return [each for each in granted if each.terms.action is action]


def find_reveals(visitor: Visitor, *, keeper: Keeper) -> list[Reveal]:
    """Find granted reveals for a screen, and carry their sealed rows along.

    The rows stand in the fragment of the link, which browsers send to no server: the
    keeper's page takes them from there. A reveal for a device (it names an age key)
    is opened by the program that asked for it.
    """
    found = find_granted(visitor, Action.REVEAL, keeper=keeper)
    return [
        _reveal(visitor, each, keeper) for each in found if not each.terms.recipient
    ]


def _reveal(visitor: Visitor, granted: Granted, keeper: Keeper) -> Reveal:
    visit = enter_list(
        keeper, visitor.caller, list_name=granted.terms.list, right="reveal"
    )
    tokens = [parse_token(text) for text in granted.terms.selection.split()]
    rows = entries.find_sealed(visit.record.id, tokens)
    return Reveal(granted, len(rows.positions), reveal_link(granted.id, rows))


def reveal_link(request: str, rows: m.RowBatch) -> str:
    """Write the link to the keeper's page that opens these rows."""
    text = base64.urlsafe_b64encode(encode(rows)).decode().rstrip("=")
    return f"{settings.LISTKEEP_SEAL_ORIGIN}/reveal/{request}#rows={text}"
