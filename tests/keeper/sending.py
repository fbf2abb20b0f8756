"""Routes, sending domains and sends, in short verbs."""

from listkeep.core.grants import Terms
from listkeep.core.ledger.events import Event
from listkeep.wire import messages as m
from tests.fakes.send_subjects import (
    DOMAIN,
    LISTED,
    ROUTE,
    TEMPLATE,
    as_standing,
    domain_subject,
    route_subject,
    send_subject,
)

from .world import Rows, World

__all__ = [
    "DOMAIN",
    "LISTED",
    "ROUTE",
    "TEMPLATE",
    "domain_subject",
    "route_subject",
    "send_subject",
]


def standing_subject(**changes: str) -> dict[str, str]:
    return send_subject(**as_standing(**changes))


def add_route(world: World, **changes: str) -> m.RequestView:
    asked = world.ask("cleo", "route.add", route_subject(**changes))
    return world.sign("cyrus", asked, "approve")


def revoke_route(world: World, route: str = ROUTE) -> m.RequestView:
    asked = world.ask("cleo", "route.revoke", {"id": route})
    return world.sign("cyrus", asked, "approve")


def add_domain(
    world: World, by: tuple[str, str] = ("ada", "amir"), **changes: str
) -> m.RequestView:
    asked = world.ask(by[0], "domain.add", domain_subject(**changes))
    return world.sign(by[1], asked, "approve")


def revoke_domain(world: World, domain: str = DOMAIN) -> m.RequestView:
    asked = world.ask("ada", "domain.revoke", {"id": domain})
    return world.sign("amir", asked, "approve")


def with_sending(world: World, count: int = 3) -> Rows:
    """Enrol a way out, a sending domain, and a list with so many people."""
    add_route(world)
    add_domain(world)
    return world.list_with_rows(count)


def ask_send(
    world: World,
    rows: Rows,
    name: str = "ben",
    *,
    subject: dict[str, str] | None = None,
    **facts: object,
) -> m.RequestView:
    """Draft and sign a send as somebody."""
    about = send_subject() if subject is None else subject
    return world.ask(name, "send", about, **send_facts(rows, **facts))


def send_facts(rows: Rows, **facts: object) -> dict[str, object]:
    return {
        "list": rows.list_id,
        "selection": "all",
        "cap": 3,
        "recipient": "relay",
        **facts,
    }


def sent(
    world: World,
    rows: Rows,
    view: m.RequestView,
    tag: str = "0a0b0c0d",
    *,
    by_owner: bool = True,
) -> None:
    """Let a send be approved and happen, as the ledger tells it."""
    if by_owner:
        world.sign("ada", view, "approve")
    cap = str(Terms.parse(view.terms).cap)
    counts = {"opened": cap, "delivered": cap, "failed": "0"}
    begun = {"person": world.meet("ben").person, "route": ROUTE, "cap": cap}
    for event, fields in (
        (Event.SEND_INTENDED, {**begun, "tag": tag}),
        (Event.SEND_LEASED, {"rows": cap}),
        (Event.SEND_COMPLETED, counts),
    ):
        with world.gate.turn(world.now) as turn:
            turn.append(event, {"request": view.id, **fields}, list_id=rows.list_id)


def phish(**changes: str) -> dict[str, str]:
    return send_subject(**{"links": "evil.example shop.example.com", **changes})
