"""Authority as the ledger tells it: requests, who signed them, and what they changed.

An authority change is applied from the signed *terms* of its request, never from the
entry that announces it: signatures are verified again and the decision is made again,
as of the entry's time.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from listkeep.core.grants import Action, Decision, Terms
from listkeep.core.ledger.events import Event

from .changes import change_agreement, renew_index_key
from .endings import ENDINGS, end
from .facts import (
    Person,
    RequestFacts,
    Service,
    Signed,
    check_policy_text,
    parse_first_owners,
    parse_person,
    parse_recipient,
    parse_service,
    parse_tenant,
)
from .fields import untrusted
from .keyring import require_enough, require_kinds
from .passkey_changes import PASSKEY_CHANGES, change_passkeys, unconfirmed_signers
from .passkeys import decode_assertion
from .sending import parse_send
from .state import Registry

_AUTHORITY = (
    *(Event.TENANT_ADDED, Event.TENANT_REVOKED, Event.PERSON_ADDED),
    *(Event.PERSON_REVOKED, Event.SERVICE_ADDED, Event.SERVICE_REVOKED),
    *(Event.RECIPIENT_ADDED, Event.RECIPIENT_REVOKED),
    *(Event.RELEASES_FROZEN, Event.RELEASES_UNFROZEN),
    *(Event.CONTACT_ADDED, Event.CONTACT_REVOKED),
    *(Event.AGENCY_ADDED, Event.AGENCY_REVOKED),
    Event.BUDGET_SET,
    *(Event.CONSENT_GIVEN, Event.CONSENT_WITHDRAWN),
    Event.POLICY_SET,
    *(Event.PERSON_CONFIRMED, Event.PASSKEY_ADDED, Event.PASSKEY_REPLACED),
    Event.RECOVERY_CHOSEN,
    *(Event.LIST_SHREDDED, Event.TENANT_CLOSED),
)


def _sign_request(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    """Take a statement on a request; the first one brings the terms."""
    if "terms" in fields:
        terms = Terms.parse(fields["terms"].encode())
        policy = fields.get("policy", "")
        if registry.is_void(terms.not_before):
            raise untrusted("a request is older than what was lost")
        if terms.action is Action.SEND:
            parse_send(terms)  # whatever is decided about it reads it again
        if terms.action is Action.POLICY_SET:
            check_policy_text(terms.subject_fields(), policy)
        request = RequestFacts(id=fields["request"], terms=terms, policy=policy)
        registry.requests[request.id] = request
    request = registry.requests[fields["request"]]
    person = registry.people[fields["person"]]
    signed = Signed(
        person.id, fields["decision"], at, decode_assertion(fields["assertion"])
    )
    counter = registry.verify_signed(request, person, signed)
    registry.counters[signed.credential] = counter
    request.signed.append(signed)
    if signed.decision == Decision.DENY:
        request.denied = True
        if habits := registry.habits.get(request.terms.tenant):
            habits.unlearn(request.id)


def _refuse_statement(
    registry: Registry, fields: Mapping[str, str], _at: datetime
) -> None:
    registry.requests[fields["request"]].refusals += 1


def _change_authority(
    registry: Registry, fields: Mapping[str, str], at: datetime
) -> None:
    """Do what a granted request says, deciding it once more as of then."""
    request = use_request(registry, fields, at)
    terms = request.terms
    subject = terms.subject_fields()
    match terms.action:
        case Action.TENANT_ADD:
            tenant = parse_tenant(subject)
            registry.tenants[tenant.id] = tenant
            registry.used_ids.add(tenant.id)
            for owner in parse_first_owners(subject):
                add_person(registry, replace(owner, waits_for=frozenset({owner.id})))
        case Action.PERSON_ADD:
            person = parse_person(subject, tenant=terms.tenant)
            waits_for = unconfirmed_signers(registry, request)
            add_person(registry, replace(person, waits_for=waits_for))
        case Action.SERVICE_ADD:
            add_service(registry, parse_service(subject, tenant=terms.tenant))
        case Action.RECIPIENT_ADD:
            recipient = parse_recipient(subject, tenant=terms.tenant)
            registry.recipients[recipient.id] = recipient
            registry.used_ids.add(recipient.id)
        case Action.POLICY_SET:
            registry.policy = registry.policy_after(request)
        case action if action in ENDINGS:
            end(registry, request, at=at)
        case action if action in PASSKEY_CHANGES:
            change_passkeys(registry, request, at=at)
        case _:
            change_agreement(registry, request, subject)
    registry.end_domains_of_nobody(at=at)


def _renew_index_key(
    registry: Registry, fields: Mapping[str, str], at: datetime
) -> None:
    terms = use_request(registry, fields, at, Action.INDEX_KEY_RENEW).terms
    renew_index_key(registry, terms.tenant, int(fields["key"]), at=at)


def use_request(
    registry: Registry,
    fields: Mapping[str, str],
    at: datetime,
    action: Action | None = None,
) -> RequestFacts:
    """Use up the request that permits a change, deciding it once more as of then.

    Raises:
        VerificationError: It was used, is not granted, or is about another action.
    """
    request = registry.requests[fields["request"]]
    if action not in (None, request.terms.action):
        raise untrusted("authority changed for another request")
    if request.done or not is_granted(registry, request, at):
        raise untrusted("authority changed without a grant")
    request.done = request.intended = True
    return request


def is_granted(registry: Registry, request: RequestFacts, at: datetime) -> bool:
    """Tell whether a request was granted at a moment, from what was signed by then."""
    return not request.denied and registry.decide(request, now=at).granted


def add_person(registry: Registry, person: Person) -> None:
    """Bring in somebody whose passkeys the profile and the role take.

    Raises:
        ConflictError: A passkey signs for somebody already.
        RefusedError: The passkeys are of the wrong kind, or too few.
    """
    registry.require_unknown_keys(person.credentials)
    require_kinds(person.credentials, role=person.role, profile=registry.profile)
    require_enough(person.credentials, role=person.role, profile=registry.profile)
    registry.people[person.id] = person
    registry.used_ids.add(person.id)


def add_service(registry: Registry, service: Service) -> None:
    """Bring in software."""
    registry.services[service.id] = service
    registry.used_ids.add(service.id)


HANDLERS = {
    Event.STATEMENT_REFUSED: _refuse_statement,
    Event.REQUEST_MADE: _sign_request,
    Event.REQUEST_APPROVED: _sign_request,
    Event.REQUEST_DENIED: _sign_request,
    **dict.fromkeys(_AUTHORITY, _change_authority),
    Event.INDEX_KEY_RENEWED: _renew_index_key,
}
