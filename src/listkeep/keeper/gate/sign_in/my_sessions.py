"""The sessions of one person: which are live, and ending them.

Which were started and ended, the ledger says; the table only adds when one was last
used. Taking its row away hides a session by ending it.
"""

from dataclasses import dataclass
from datetime import datetime

from listkeep.core.errors import Code, RefusedError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import Person
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.models import Session
from listkeep.keeper.gate.turns import Gate

from .sessions import DIRECT, IDLE, LIFETIME


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveSession:
    """One session somebody could use now, without what it takes to use it."""

    id: str
    carrier: str  # the service it was made for, by name
    started_at: datetime
    seen_at: datetime
    expires_at: datetime


def show_sessions(
    registry: Registry, person: Person, *, now: datetime
) -> list[LiveSession]:
    """List a person's live sessions, the one used last first."""
    started = {
        name: session
        for name, session in registry.sessions.items()
        if session.person == person.id and now < session.started_at + LIFETIME
    }
    rows = Session.objects.filter(id__in=started, seen_at__gt=now - IDLE)
    return [
        LiveSession(
            id=row.id,
            carrier=_carrier(registry, row.service),
            started_at=started[row.id].started_at,
            seen_at=row.seen_at,
            expires_at=started[row.id].started_at + LIFETIME,
        )
        for row in rows.order_by("-seen_at")
    ]


def end_sessions(gate: Gate, person: Person, name: str, *, now: datetime) -> int:
    """End one session of a person, or all there may be; tell how many.

    All are those the ledger knows, also where a row was hidden to be put back.

    Raises:
        RefusedError: It is not a session of this person.
    """
    with gate.turn(now) as turn:
        mine = [
            each
            for each, session in turn.registry.sessions.items()
            if session.person == person.id
            and now < session.started_at + LIFETIME
            and name in ("", each)
        ]
        if name and not mine:
            raise RefusedError("there is no such session", code=Code.NOT_FOUND)
        for each in mine:
            turn.append(Event.SESSION_ENDED, {"session": each, "person": person.id})
    return len(mine)


def _carrier(registry: Registry, service: str) -> str:
    known = registry.services.get(service)
    return "the keeper" if service == DIRECT else known.name if known else "(left)"
