"""Check what is asked about sending: routes, sending domains, and sends themselves."""

from collections.abc import Mapping

from listkeep.core.canonical import encode, parse
from listkeep.core.errors import Code, ConflictError, MalformedError, RefusedError
from listkeep.core.grants import Action, Terms
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import ListFacts
from listkeep.core.registry.sending import (
    Route,
    SendingDomain,
    SendTerms,
    parse_domain,
    parse_route,
    parse_send,
)
from listkeep.core.registry.state import Registry

from .agreements import not_there, require_free, require_unused

SENDING: dict[Action, Event] = {
    Action.ROUTE_ADD: Event.ROUTE_ADDED,
    Action.ROUTE_REVOKE: Event.ROUTE_REVOKED,
    Action.DOMAIN_ADD: Event.DOMAIN_ADDED,
    Action.DOMAIN_REVOKE: Event.DOMAIN_REVOKED,
}


def check_sending(registry: Registry, terms: Terms, subject: Mapping[str, str]) -> None:
    """Make sure that a route or a sending domain could come, or go, now.

    Raises:
        MalformedError: The subject lacks something or has too much.
        ConflictError: An id, a name or a domain is taken.
        RefusedError: What is named is not there.
    """
    match terms.action:
        case Action.ROUTE_ADD:
            route = parse_route(subject)
            require_free(registry, route, registry.routes)
            if route.tenant and route.tenant not in registry.tenants:
                raise not_there("tenant")
        case Action.DOMAIN_ADD:
            _check_domain(
                registry, parse_domain(subject, tenant=terms.tenant, public={})
            )
        case Action.ROUTE_REVOKE:
            if _only_id(subject) not in registry.routes:
                raise not_there("route")
        case _:
            domain = registry.domains.get(_only_id(subject))
            if domain is None or domain.tenant != terms.tenant:
                raise not_there("sending domain")


def fill_route(registry: Registry, subject: str, name: str, *, tenant: str) -> str:
    """Write where mail comes back to into the subject of a send: the route says it.

    Raises:
        RefusedError: There is no such route for this tenant.
        MalformedError: The subject is no flat object, or names another domain.
    """
    fields = parse(subject.encode()) if subject else {}
    route = find_route(registry, name, tenant=tenant)
    if fields.setdefault("mail_domain", route.mail_domain) != route.mail_domain:
        raise MalformedError(
            "mail of this route comes back to another domain",
            code=Code.REQUEST_INVALID,
            hint="leave mail_domain out; the keeper writes it",
        )
    return encode(fields).decode()


def find_route(registry: Registry, name: str, *, tenant: str) -> Route:
    """Find a route a tenant's mail may leave by, by id or name; its own first.

    Raises:
        RefusedError: There is none, as far as this tenant may know.
    """
    found = [
        route
        for route in registry.routes.values()
        if route.serves(tenant) and name in (route.id, route.name)
    ]
    if not found:
        raise RefusedError(
            "there is no such route",
            code=Code.NOT_FOUND,
            hint="see `listkeep route ls`",
        )
    return max(found, key=lambda route: route.tenant)


def find_domains(
    registry: Registry, send: SendTerms, *, tenant: str
) -> list[SendingDomain]:
    """Find the sending domain that a send says it is from: each of its keys signs.

    A domain above the sender's does not stand for it.

    Raises:
        RefusedError: It is none of this tenant's.
    """
    found = registry.domains_of(tenant, send.sender_domain)
    if not found:
        raise RefusedError(
            "the sender is of no sending domain of this tenant",
            code=Code.NOT_FOUND,
            hint="see `listkeep domain ls`; owners add one with `listkeep domain add`",
        )
    return found


def check_send(registry: Registry, terms: Terms, found: ListFacts) -> None:
    """Make sure that a send could go out as it is asked for.

    Raises:
        MalformedError: The subject is spelt in another way, the window too long, or a
            field that may be filled in is none of the list's sealed fields.
        RefusedError: The sender is of no sending domain of the tenant.
    """
    send = parse_send(terms)
    find_domains(registry, send, tenant=terms.tenant)
    unknown = sorted(set(send.fields) - set(found.fields))
    if unknown:
        raise MalformedError(
            f"the list has no sealed field {', '.join(unknown)}",
            code=Code.REQUEST_INVALID,
            hint="see `listkeep list show`; a facet is no sealed field",
        )


def sending_facts(registry: Registry, terms: Terms) -> dict[str, str]:
    """Name what a decision on a send uses besides: if it changes, all is asked anew."""
    if terms.action is not Action.SEND:
        return {}
    route = registry.routes.get(terms.recipient)
    serves = route is not None and route.serves(terms.tenant)
    domain = parse_send(terms).sender_domain
    return {
        "route": route.digest() if route is not None and serves else "",
        "domain": domain if registry.domains_of(terms.tenant, domain) else "",
    }


def _check_domain(registry: Registry, domain: SendingDomain) -> None:
    require_unused(registry, domain.id)
    for known in registry.domains.values():
        if known.tenant != domain.tenant and _overlap(known.name, domain.name):
            raise ConflictError(
                "this domain, or one above or below it, is another tenant's",
                code=Code.ALREADY_EXISTS,
                hint="ask the operator's custodians, who can end it there",
            )
        if known.name == domain.name and known.selectors & domain.selectors:
            raise ConflictError(
                "this domain has a key under this selector",
                code=Code.ALREADY_EXISTS,
                hint="further keys of a domain have selectors of their own",
            )


def _overlap(one: str, other: str) -> bool:
    return f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")


def _only_id(subject: Mapping[str, str]) -> str:
    if set(subject) != {"id"}:
        raise MalformedError("this names one id", code=Code.REQUEST_INVALID)
    return subject["id"]
