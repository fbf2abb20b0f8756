"""Routes, sending domains and sends of the registry's tests."""

from collections.abc import Mapping

from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import RequestFacts
from tests.core.registry.scribe import ACME, NEWS, Scribe
from tests.fakes import send_subjects
from tests.fakes.send_subjects import (
    DOMAIN,
    ROUTE,
    TEMPLATE,
    domain_subject,
    route_subject,
)

__all__ = ["DOMAIN", "ROUTE", "TEMPLATE", "domain_subject", "route_subject"]

KEYS = {"rsa": "MIIB", "ed25519": "AAAA"}


def send_subject(**changes: str) -> dict[str, str]:
    """What stands in the terms of a send."""
    filled = {"fields": "first", "mail_domain": "bounce.example.com", **changes}
    return send_subjects.send_subject(**filled)


def standing_subject(**changes: str) -> dict[str, str]:
    return send_subject(**send_subjects.as_standing(**changes))


def add_route(scribe: Scribe, **changes: str) -> RequestFacts:
    return scribe.agree(
        Event.ROUTE_ADDED,
        *("cleo", "cyrus"),
        action="route.add",
        about=route_subject(**changes),
    )


def revoke_route(scribe: Scribe, route: str = ROUTE) -> RequestFacts:
    return scribe.agree(
        Event.ROUTE_REVOKED,
        *("cleo", "cyrus"),
        action="route.revoke",
        about={"id": route},
    )


def add_domain(scribe: Scribe, **changes: str) -> RequestFacts:
    about = domain_subject(**changes)
    request = scribe.ask("ada", "domain.add", about, tenant=ACME)
    scribe.sign("amir", request, "approve")
    keys = {name: KEYS[name] for name in about["algorithms"].split()}
    scribe.write(Event.DOMAIN_ADDED, {"request": request.id, "tenant": ACME, **keys})
    return request


def revoke_domain(scribe: Scribe, domain: str = DOMAIN) -> RequestFacts:
    return scribe.agree(
        Event.DOMAIN_REVOKED,
        *("ada", "amir"),
        action="domain.revoke",
        about={"id": domain},
        tenant=ACME,
    )


def ask_send(
    scribe: Scribe,
    name: str = "ben",
    about: Mapping[str, str] | None = None,
    **facts: object,
) -> RequestFacts:
    return scribe.ask(
        name,
        "send",
        send_subject() if about is None else about,
        **{
            "tenant": ACME,
            "list": NEWS,
            "selection": "all",
            "cap": 100,
            "recipient": ROUTE,
            **facts,
        },
    )


def begin(scribe: Scribe, request: RequestFacts, tag: str = "", **changes: str) -> None:
    """Record that a send begins."""
    fields = {
        "request": request.id,
        "list": NEWS,
        "person": request.signed[0].person,
        "route": request.terms.recipient,
        "cap": str(request.terms.cap),
        "tag": tag or f"{len(scribe.registry.sends):08x}",
        **changes,
    }
    scribe.write(Event.SEND_INTENDED, fields)


def lease(scribe: Scribe, request: RequestFacts, rows: int) -> None:
    fields = {"request": request.id, "list": NEWS, "rows": str(rows)}
    scribe.write(Event.SEND_LEASED, fields)


def finish(scribe: Scribe, request: RequestFacts, opened: int) -> None:
    counts = {"opened": str(opened), "delivered": str(opened), "failed": "0"}
    fields = {"request": request.id, "list": NEWS, **counts}
    scribe.write(Event.SEND_COMPLETED, fields)


def send(
    scribe: Scribe, about: Mapping[str, str] | None = None, **facts: object
) -> RequestFacts:
    """Let a whole send happen: Ben asks, Ada approves, every row of the cap leaves."""
    request = ask_send(scribe, "ben", about, **facts)
    scribe.sign("ada", request, "approve")
    begin(scribe, request)
    lease(scribe, request, request.terms.cap)
    finish(scribe, request, request.terms.cap)
    return request


def with_sending() -> Scribe:
    """The cast, a way out and a sending domain of acme."""
    scribe = Scribe.with_cast()
    add_route(scribe)
    add_domain(scribe)
    return scribe
