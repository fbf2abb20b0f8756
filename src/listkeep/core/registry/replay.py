"""Replay: apply ledger entries to the registry, one kind after the other.

Rules of the room:

- An authority change is applied from the signed *terms* of its request, never from
  the entry that announces it: signatures are verified again and the decision is
  made again, as of the entry's time.
- A release is decided again as well: an intent without a grant, a second outcome or
  an outcome without an intent is no honest keeper's.
- Applying never refuses half-way: an entry that cannot be applied makes the whole
  ledger untrusted, and the keeper does not start.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from listkeep.core.canonical import digest, parse
from listkeep.core.errors import (
    Code,
    ConflictError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from listkeep.core.grants import Action, Decision, Terms, parse_time
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.heads import ListHead
from listkeep.core.ledger.tree import leaf_hash

from .changes import change_agreement
from .charges import Measure
from .facts import (
    EnrolmentFacts,
    ListFacts,
    Person,
    RequestFacts,
    Service,
    Signed,
    StartedSession,
    Ticket,
    check_policy_text,
    parse_first_owners,
    parse_person,
    parse_recipient,
    parse_service,
    parse_tenant,
)
from .genesis import CUSTODIANS, DOCK, GENESIS_FACTS, verify_genesis
from .keyring import require_enough, require_kinds
from .passkeys import RelyingParty, decode_assertion
from .state import Registry
from .telling import open_contact, tell

_OURS = (MalformedError, RefusedError, ConflictError)


def apply_body(registry: Registry, body: bytes) -> None:
    """Apply one entry's bytes and advance the frontier.

    Raises:
        VerificationError: It cannot have been written by an honest keeper.
    """
    try:
        fields = parse(body, max_bytes=65_536)
    except MalformedError as error:
        raise _untrusted("an entry is no entry") from error
    apply(registry, fields)
    registry.frontier, _ = registry.frontier.append(leaf_hash(body))


def apply(registry: Registry, fields: Mapping[str, str]) -> None:
    """Apply one entry.

    Raises:
        VerificationError: It cannot have been written by an honest keeper.
    """
    try:
        _apply(registry, fields)
    except (KeyError, ValueError, *_OURS) as error:
        raise _untrusted("an entry cannot be applied") from error


def _apply(registry: Registry, fields: Mapping[str, str]) -> None:
    at = parse_time(fields["at"])
    event = Event(fields["event"])
    if (event is Event.GENESIS_SEALED) == bool(registry.keeper):
        raise _untrusted("it does not begin with its genesis")
    handler = _HANDLERS.get(event)
    if handler is not None:
        handler(registry, fields, at)
    if "list_sequence" in fields:
        registry.heads[fields["list"]] = ListHead(
            int(fields["list_sequence"]), digest(fields)
        )
    registry.latest_at = max(at, registry.latest_at or at)
    tell(registry, fields, at)


def _seal_genesis(registry: Registry, fields: Mapping[str, str], _at: datetime) -> None:
    facts = {name: fields[name] for name in GENESIS_FACTS}
    if digest(facts) != registry.pinned["genesis"]:
        raise _untrusted("its genesis is not the one this key store pinned")
    registry.keeper, registry.profile = facts["keeper"], facts["profile"]
    registry.party = RelyingParty(
        rp_id=facts["rp_id"], origins=tuple(facts["origins"].split(" "))
    )
    for name in CUSTODIANS:
        person = parse_person(parse(facts[name].encode()), tenant="")
        assertion = decode_assertion(fields[f"assertion_{name}"])
        verify_genesis(facts, person, assertion, party=registry.party)
        _add_person(registry, person)
    _add_service(registry, parse_service(parse(facts[DOCK].encode()), tenant=""))


def _sign_request(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    """Take a statement on a request; the first one brings the terms."""
    if "terms" in fields:
        terms = Terms.parse(fields["terms"].encode())
        policy = fields.get("policy", "")
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
    request.denied = request.denied or signed.decision == Decision.DENY


def _refuse_statement(
    registry: Registry, fields: Mapping[str, str], _at: datetime
) -> None:
    registry.requests[fields["request"]].refusals += 1


def _change_authority(
    registry: Registry, fields: Mapping[str, str], at: datetime
) -> None:
    """Do what a granted request says, deciding it once more as of then."""
    request = registry.requests[fields["request"]]
    if request.done or not _is_granted(registry, request, at):
        raise _untrusted("authority changed without a grant")
    request.done = request.intended = True
    terms = request.terms
    subject = terms.subject_fields()
    match terms.action:
        case Action.TENANT_ADD:
            tenant = parse_tenant(subject)
            registry.tenants[tenant.id] = tenant
            registry.used_ids.add(tenant.id)
            for owner in parse_first_owners(subject):
                _add_person(registry, owner)
        case Action.PERSON_ADD:
            _add_person(registry, parse_person(subject, tenant=terms.tenant))
        case Action.SERVICE_ADD:
            _add_service(registry, parse_service(subject, tenant=terms.tenant))
        case Action.RECIPIENT_ADD:
            recipient = parse_recipient(subject, tenant=terms.tenant)
            registry.recipients[recipient.id] = recipient
            registry.used_ids.add(recipient.id)
        case Action.POLICY_SET:
            registry.policy = registry.policy_after(request)
        case _:
            change_agreement(registry, request, subject)


def _is_granted(registry: Registry, request: RequestFacts, at: datetime) -> bool:
    return not request.denied and registry.decide(request, now=at).granted


def _add_person(registry: Registry, person: Person) -> None:
    registry.require_unknown_keys(person.credentials)
    require_kinds(person.credentials, role=person.role, profile=registry.profile)
    require_enough(person.credentials, role=person.role, profile=registry.profile)
    registry.people[person.id] = person
    registry.used_ids.add(person.id)


def _add_service(registry: Registry, service: Service) -> None:
    registry.services[service.id] = service
    registry.used_ids.add(service.id)


def _create_list(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    registry.lists[fields["list"]] = ListFacts(
        id=fields["list"],
        tenant=fields["tenant"],
        name=fields["name"],
        facets=_words(fields["facets"]),
        fields=_words(fields["fields"]),
        created_at=at,
    )


def _extend_list(registry: Registry, fields: Mapping[str, str], _at: datetime) -> None:
    old = registry.lists[fields["list"]]
    registry.lists[old.id] = ListFacts(
        id=old.id,
        tenant=old.tenant,
        name=old.name,
        facets=old.facets,
        fields=(*old.fields, *_words(fields["fields"])),
        created_at=old.created_at,
    )


def _start_import(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    registry.tickets[fields["ticket"]] = Ticket(
        id=fields["ticket"],
        list_id=fields["list"],
        principal=fields["principal"],
        request=fields["request"],
        max_rows=int(fields["max_rows"]),
        started_at=at,
    )
    if fields["request"]:
        registry.requests[fields["request"]].intended = True


def _reserve_rows(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    ticket, rows = registry.tickets[fields["ticket"]], int(fields["rows"])
    ticket.reserved += rows
    registry.rows_added[ticket.list_id] = (
        registry.rows_added.get(ticket.list_id, 0) + rows
    )
    if ticket.request:  # a signed import has its own cap
        registry.requests[ticket.request].rows_used += rows
    else:
        registry.charges.add(ticket.principal, Measure.ROWS_ADDED, at=at, amount=rows)


def _close_import(registry: Registry, fields: Mapping[str, str], _at: datetime) -> None:
    ticket = registry.tickets.pop(fields["ticket"])
    if ticket.request and fields["event"] == Event.IMPORT_FINISHED:
        registry.requests[ticket.request].done = True


def _suppress(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    registry.suppressed[fields["list"]] = (int(fields["total"]), fields["check"])
    if fields["charged"] == "yes":
        registry.charges.add(
            fields["principal"],
            Measure.ROWS_CHANGED,
            at=at,
            amount=int(fields["rows"]),
        )
    if fields["ticket"]:
        registry.tickets[fields["ticket"]].suppressed += int(fields["rows"])
    if fields["request"]:
        request = registry.requests[fields["request"]]
        request.intended = True
        request.rows_used += int(fields["rows"])
        request.done = request.rows_used >= request.terms.cap


def _look_up(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    for who in registry.payers(fields["person"]):
        registry.charges.add(who, Measure.LOOK_UPS, at=at, items=(fields["item"],))


def _admit(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    registry.charges.add(
        fields["person"], Measure.TENANTS, at=at, items=(fields["tenant"],)
    )


def _intend(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    """Take the intent of a release, deciding it once more as of then."""
    request = registry.requests[fields["request"]]
    again = request.intended and request.terms.action is Action.REVEAL
    if again or request.done or not _is_granted(registry, request, at):
        raise _untrusted("rows were released without a grant")
    if request.terms.action is Action.REVEAL:
        for who in registry.payers(fields["person"]):
            registry.charges.add(
                who, Measure.REVEALS, at=at, items=_words(fields["items"])
            )
    elif not request.intended:
        for who in registry.custodians_of(request):
            registry.charges.add(
                who, Measure.ROWS_EXPORTED, at=at, amount=request.terms.cap
            )
    request.intended = True


def _complete(registry: Registry, fields: Mapping[str, str], _at: datetime) -> None:
    request = registry.requests[fields["request"]]
    if request.done or not request.intended:
        raise _untrusted("rows were released without an intent")
    request.done = True


def _start_session(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    registry.sessions[fields["session"]] = StartedSession(
        fields["person"], fields["service"], at
    )
    registry.nonces.add(fields["nonce"])
    registry.counters[fields["credential"]] = int(fields["counter"])


def _refuse_sign_in(
    registry: Registry, fields: Mapping[str, str], _at: datetime
) -> None:
    if "nonce" in fields:  # a code was burned
        registry.nonces.add(fields["nonce"])


def _end_session(registry: Registry, fields: Mapping[str, str], _at: datetime) -> None:
    registry.sessions.pop(fields["session"], None)
    registry.ended_sessions.add(fields["session"])


def _open_enrolment(
    registry: Registry, fields: Mapping[str, str], at: datetime
) -> None:
    registry.enrolments[fields["enrolment"]] = EnrolmentFacts(
        id=fields["enrolment"],
        person=fields["for_person"],
        inviter=fields["person"],
        opened_at=at,
    )


def _complete_enrolment(
    registry: Registry, fields: Mapping[str, str], _at: datetime
) -> None:
    opened = registry.enrolments[fields["enrolment"]]
    registry.enrolments[opened.id] = replace(opened, keys=fields["keys_sha256"])


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
)
_HANDLERS = {
    Event.STATEMENT_REFUSED: _refuse_statement,
    Event.GENESIS_SEALED: _seal_genesis,
    Event.REQUEST_MADE: _sign_request,
    Event.REQUEST_APPROVED: _sign_request,
    Event.REQUEST_DENIED: _sign_request,
    Event.LIST_CREATED: _create_list,
    Event.LIST_EXTENDED: _extend_list,
    Event.IMPORT_STARTED: _start_import,
    Event.ROWS_RESERVED: _reserve_rows,
    Event.IMPORT_FINISHED: _close_import,
    Event.IMPORT_ABANDONED: _close_import,
    Event.ENTRIES_SUPPRESSED: _suppress,
    Event.ADDRESS_LOOKED_UP: _look_up,
    Event.SUPPORT_ADMITTED: _admit,
    Event.REVEAL_INTENDED: _intend,
    Event.EXPORT_INTENDED: _intend,
    Event.REVEAL_COMPLETED: _complete,
    Event.EXPORT_COMPLETED: _complete,
    Event.SESSION_STARTED: _start_session,
    Event.SESSION_ENDED: _end_session,
    Event.SIGN_IN_REFUSED: _refuse_sign_in,
    Event.ENROLMENT_OPENED: _open_enrolment,
    Event.ENROLMENT_COMPLETED: _complete_enrolment,
    Event.CONTACT_OPENED: open_contact,
    **dict.fromkeys(_AUTHORITY, _change_authority),
}


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _untrusted(what: str) -> VerificationError:
    return VerificationError(
        f"the ledger cannot be trusted: {what}", code=Code.LEDGER_INVALID
    )
