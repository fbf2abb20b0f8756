"""Routes, sending domains and sends of the registry's tests."""

from collections.abc import Mapping

from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import RequestFacts
from tests.core.registry.scribe import ACME, NEWS, Scribe

ROUTE, DOMAIN = "x_routerouterw", "m_domaindomain"
TEMPLATE = "ab" * 32
KEYS = {"rsa": "MIIB", "ed25519": "AAAA"}


def route_subject(**changes: str) -> dict[str, str]:
    return {
        "id": ROUTE,
        "name": "relay",
        "kind": "smart-host",
        "host": "relay.example.com",
        "port": "587",
        "tls": "web",
        "tenant": "",
        "sources": "",
        "mail_domain": "bounce.example.com",
        "token_domain": "tok.example.com",
        **changes,
    }


def domain_subject(**changes: str) -> dict[str, str]:
    return {
        "id": DOMAIN,
        "name": "news.example",
        "selector": "lk1",
        "algorithms": "ed25519 rsa",
        **changes,
    }


def send_subject(**changes: str) -> dict[str, str]:
    return {
        "kind": "campaign",
        "templates": TEMPLATE,
        "from": "News <news@news.example>",
        "reply_to": "",
        "title": "Spring",
        "links": "shop.example.com",
        "tracking": "",
        "fields": "first",
        "pace": "0",
        "mail_domain": "bounce.example.com",
        **changes,
    }


def standing_subject(**changes: str) -> dict[str, str]:
    return send_subject(
        kind="standing", pace="600", triggers="basket welcome", **changes
    )


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
