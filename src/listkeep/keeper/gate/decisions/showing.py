"""Which requests a person is shown: one, or a page of those in some states."""

from collections import Counter
from datetime import datetime
from itertools import takewhile
from typing import Final

import msgspec

from listkeep.core.registry.facts import Person
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.sign_in.sessions import resolve_session
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m

from .descriptions import may_see, standing_of, view_request
from .requests import carry_out_due, load_request, unknown_request
from .signers import awaits

_MOST_AWAITED: Final = 50
"""Of those that wait, the newest: each is decided once more to know for whom."""


def show_requests(
    gate: Gate, message: m.ShowRequest, *, service: str, now: datetime
) -> m.RequestViews:
    """Show requests to people they concern, after doing what has become due.

    Raises:
        RefusedError: Nobody is signed in, or the one request is not theirs to see.
    """
    with gate.view(now) as registry:
        resolve_session(gate, registry, message.session, service=service, now=now)
    carry_out_due(gate, now=now)
    with gate.view(now) as registry:
        person = resolve_session(
            gate, registry, message.session, service=service, now=now
        )
        if message.request is None:
            return _show_page(registry, person, message, now=now)
        found, _ = load_request(gate, registry, message.request, now=now)
        if not may_see(registry, person, found):
            raise unknown_request()
        return m.RequestViews(requests=(view_request(registry, found, now=now),))


def _show_page(
    registry: Registry, person: Person, message: m.ShowRequest, *, now: datetime
) -> m.RequestViews:
    """Look at all of them, but describe only those that are shown."""
    seen = [
        (standing_of(registry, request, now=now), request)
        for request in registry.requests.values()
        if message.action in ("", request.terms.action.value)
        and may_see(registry, person, request)
    ]
    chosen = [
        (standing, request)
        for standing, request in takewhile(
            lambda pair: pair[1].id != message.before, seen
        )
        if not message.states or standing.state in message.states
    ]
    first = max(len(chosen) - message.newest, 0) if message.newest else 0
    views = [
        view_request(registry, request, now=now, standing=standing)
        for standing, request in chosen[first:]
    ]
    if message.awaited:
        views = _for_whom(registry, person, views, now=now)
    return m.RequestViews(
        requests=tuple(views),
        counts=dict(Counter(standing.state for standing, _ in seen)),
        older=first,
    )


def _for_whom(
    registry: Registry, person: Person, views: list[m.RequestView], *, now: datetime
) -> list[m.RequestView]:
    """Say of those that wait whether they wait for this person."""
    waiting = [view.id for view in views if view.state == "waiting"]
    newest = frozenset(waiting[-_MOST_AWAITED:])
    return [
        msgspec.structs.replace(
            view,
            awaits_you=view.id in newest
            and awaits(
                registry,
                registry.requests[view.id],
                person,
                now=now,
                missing=view.missing,
            ),
        )
        for view in views
    ]
