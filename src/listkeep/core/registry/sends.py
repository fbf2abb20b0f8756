"""Sending as the ledger tells it: routes, sending domains, and each send.

A send is decided again at its intent and at every lease, so one that was denied,
expired or lost its approver takes no further row; and a lease beyond the cap, a second
intent or a tag that another send has are no honest keeper's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from listkeep.core.grants import Action, Decision, Role
from listkeep.core.ledger.events import Event

from .authority import is_granted, use_request
from .charges import Measure
from .facts import RequestFacts
from .fields import untrusted
from .habits import Habits
from .sending import (
    SendFacts,
    SigningAlgorithm,
    parse_domain,
    parse_route,
    parse_send,
)
from .state import Registry

TAG_DIGITS = 8


def _add_route(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    terms = use_request(registry, fields, at, Action.ROUTE_ADD).terms
    route = parse_route(terms.subject_fields())
    if terms.tenant or route.id in registry.used_ids:
        raise untrusted("a route was enrolled twice, or inside a tenant")
    registry.routes[route.id] = route
    registry.used_ids.add(route.id)


def _revoke_route(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    terms = use_request(registry, fields, at, Action.ROUTE_REVOKE).terms
    route = registry.routes.pop(terms.subject_fields()["id"])
    registry.ended_routes[route.id] = route
    for request in _open_sends(registry):
        request.denied = request.denied or request.terms.recipient == route.id


def _add_domain(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    terms = use_request(registry, fields, at, Action.DOMAIN_ADD).terms
    public = {name.value: fields[name] for name in SigningAlgorithm if fields.get(name)}
    domain = parse_domain(terms.subject_fields(), tenant=terms.tenant, public=public)
    if not public or domain.id in registry.used_ids:
        raise untrusted("a domain was added twice, or without keys")
    registry.domains[domain.id] = replace(domain, since=at)
    registry.used_ids.add(domain.id)


def _revoke_domain(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    terms = use_request(registry, fields, at, Action.DOMAIN_REVOKE).terms
    domain = registry.domains[terms.subject_fields()["id"]]
    if domain.tenant != terms.tenant:
        raise untrusted("another tenant's domain was revoked")
    registry.end_domain(domain.id, at=at)
    if not registry.domains_of(domain.tenant, domain.name):
        for request in _open_sends(registry):
            is_his = request.terms.tenant == domain.tenant
            if is_his and parse_send(request.terms).sender_domain == domain.name:
                request.denied = True


def _intend(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    """Take the intent of a send: all of its cap is spent from here on."""
    request = _send_request(registry, fields)
    terms, tag = request.terms, fields["tag"]
    if request.intended or request.done or not is_granted(registry, request, at):
        raise untrusted("a send began twice, or without a grant")
    route = registry.routes[terms.recipient]
    if fields["route"] != route.id or not route.serves(terms.tenant):
        raise untrusted("a send left by another route")
    if fields["cap"] != str(terms.cap):
        raise untrusted("a send began with another cap")
    tags = {each.tag for each in registry.sends.values()}
    if len(bytes.fromhex(tag)) * 2 != TAG_DIGITS or tag in tags:
        raise untrusted("a send has a tag that is none, or another's")
    for who in registry.payers(request.signed[0].person):
        registry.charges.add(who, Measure.ROWS_SENT, at=at, amount=terms.cap)
    request.intended = True
    registry.sends[request.id] = SendFacts(request.id, terms.tenant, tag, at)
    registry.habits.setdefault(terms.tenant, Habits()).learn(request, at=at)


def _lease(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    request, rows = _send_request(registry, fields), int(fields["rows"])
    send = registry.sends[request.id]
    if send.ended or request.done or not is_granted(registry, request, at):
        raise untrusted("rows were leased to a send that ended")
    if not 0 < rows <= request.terms.cap - send.reserved:
        raise untrusted("more rows were leased than were signed for")
    send.lease(rows, at=at)
    request.rows_used = send.reserved


def _complete(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    """Take the end of a send; of one that was denied, too."""
    request, opened = _send_request(registry, fields), int(fields["opened"])
    send = registry.sends[request.id]
    if send.ended or not 0 <= opened <= send.reserved:
        raise untrusted("a send ended twice, or opened more rows than it leased")
    send.completed, send.ended_at = opened, at
    registry.ended_sends.append(request.id)
    if not request.denied:
        request.done = True
        habits = registry.habits.setdefault(request.terms.tenant, Habits())
        approved = _is_approved_by_owner(registry, request)
        habits.finish(request, opened=opened, at=at, approved=approved)


def _is_approved_by_owner(registry: Registry, request: RequestFacts) -> bool:
    approvers = (
        registry.people.get(signed.person)
        for signed in request.signed
        if signed.decision == Decision.APPROVE
    )
    return any(who is not None and who.role is Role.OWNER for who in approvers)


def _open_sends(registry: Registry) -> Iterator[RequestFacts]:
    """Find sends that are not done; without what they rely on they end for good."""
    for request in registry.requests.values():
        if request.terms.action is Action.SEND and not request.done:
            yield request


def _send_request(registry: Registry, fields: Mapping[str, str]) -> RequestFacts:
    request = registry.requests[fields["request"]]
    if request.terms.action is not Action.SEND or request.terms.list != fields["list"]:
        raise untrusted("a send is about another request, or another list")
    return request


HANDLERS = {
    Event.ROUTE_ADDED: _add_route,
    Event.ROUTE_REVOKED: _revoke_route,
    Event.DOMAIN_ADDED: _add_domain,
    Event.DOMAIN_REVOKED: _revoke_domain,
    Event.SEND_INTENDED: _intend,
    Event.SEND_LEASED: _lease,
    Event.SEND_COMPLETED: _complete,
}
