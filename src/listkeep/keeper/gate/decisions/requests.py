"""Requests: the keeper writes the terms, people sign them, the table decides.

The order in which a statement is judged: canonical, window, nonce, facts current,
who may take part, distinct persons, signature, counter. The first failure refuses,
and a refusal of a known person's statement is recorded.
"""

import base64
import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from listkeep.core.canonical import digest
from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from listkeep.core.grants import (
    Action,
    Decision,
    Statement,
    Terms,
)
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import RequestFacts, Signed, check_policy_text
from listkeep.core.registry.key_copies import parse_key_copy, require_people
from listkeep.core.registry.passkeys import encode_assertion
from listkeep.core.registry.state import Registry
from listkeep.core.sealing import parse_token
from listkeep.keeper.gate.contacts import seal_subject
from listkeep.keeper.gate.models import Draft
from listkeep.keeper.gate.people.possession import verify_possession
from listkeep.keeper.gate.sign_in.sessions import (
    DIRECT,
    STATE_KEY,
    require_counter,
    require_credential,
    require_present,
    resolve_session,
)
from listkeep.keeper.gate.sign_in.signing_places import require_may_sign_here
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire import messages as m

from .descriptions import view_request
from .drafts import fill_terms, require_preparable
from .items import item_digest
from .key_changes import record_change
from .on_page import OnPage, claimed_person, require_on_page
from .policies import check_change
from .sending import check_send, sending_facts
from .signers import require_asker, require_part
from .subjects import EVENTS

_REFUSALS_RECORDED = 20
_AUTHORITY_VALIDITY = timedelta(days=7)
_CLOSING_VALIDITY = timedelta(days=30)  # it waits for seven by itself
_KINDS = {
    Decision.REQUEST: Event.REQUEST_MADE,
    Decision.APPROVE: Event.REQUEST_APPROVED,
    Decision.DENY: Event.REQUEST_DENIED,
}


def draft_request(
    gate: Gate,
    message: m.DraftRequest,
    *,
    now: datetime,
    service: str = DIRECT,
    on_screen: bool = False,
) -> m.RequestView:
    """Write the exact terms of what a person wants, ready to be signed.

    ``on_screen`` is for the keeper's own pages: a reveal that ends there. Another
    ``service`` is the console, which prepares what needs no key and no address.

    Raises:
        RefusedError: The person's role may not ask for this, or it is not there.
        MalformedError: A segment, token, recipient or subject cannot be used.
        VerificationError: A new passkey did not prove that it can sign.
    """
    moment = now.replace(microsecond=0)
    with gate.view(now) as registry:
        person = resolve_session(
            gate, registry, message.session, service=service, now=now
        )
        if service != DIRECT:
            require_preparable(message.action)
        terms = fill_terms(registry, person, message, on_screen=on_screen)
        require_asker(registry, terms, person, now=now)
        terms = replace(
            _without_secrets(gate, terms, message),
            not_before=moment,
            expires=moment + _validity(terms.action, message.valid_seconds),
            nonce=secrets.token_hex(16),
            facts=facts_digest(registry, terms),
        )
        mac = _nonce_mac(gate, terms, person.id)
        terms = replace(terms, nonce=f"{terms.nonce}.{mac}")
        request = RequestFacts(id=request_id(terms), terms=terms, policy=message.policy)
        if terms.action in EVENTS:
            check_change(registry, request, person)
        elif terms.action is Action.KEYS_BACKUP:
            copy = parse_key_copy(terms.subject_fields(), asked_at=moment)
            require_people(registry, copy, now=now)
        elif terms.action is Action.SEND:
            check_send(registry, terms, registry.lists[terms.list])
        verify_possession(gate, registry, terms, message.proofs)
        _keep_draft(request, person.id, now=now)
        return view_request(registry, request, now=now)


def _keep_draft(request: RequestFacts, person: str, *, now: datetime) -> None:
    Draft.objects.filter(expires_at__lte=now).delete()
    Draft.objects.create(
        id=request.id,
        terms=request.terms.format(),
        person=person,
        policy=request.policy,
        expires_at=request.terms.expires,
    )


def _without_secrets(gate: Gate, terms: Terms, message: m.DraftRequest) -> Terms:
    """Seal a destination, and name a token as the ledger does."""
    if terms.action is Action.CONTACT_ADD:
        subject = seal_subject(gate.store, terms.subject, message.destination)
        return replace(terms, subject=subject)
    if terms.action is Action.ENTRY_ERASE:
        item = item_digest(gate.store, parse_token(terms.selection))
        return replace(terms, selection=item)
    return terms


def _validity(action: Action, seconds: int) -> timedelta:
    """Let authority changes live long enough for what one person has to wait for."""
    asked = timedelta(seconds=seconds)
    if action is Action.TENANT_CLOSE:
        return max(asked, _CLOSING_VALIDITY)
    is_authority = action in EVENTS or action is Action.KEYS_BACKUP
    return max(asked, _AUTHORITY_VALIDITY) if is_authority else asked


def submit_statement(
    gate: Gate, message: m.SubmitStatement, *, now: datetime, page: OnPage | None = None
) -> m.RequestView:
    """Take one signed statement; carry out an authority change that is now granted.

    Raises:
        VerificationError: The signature is not this person's on these terms.
        RefusedError: Expired, replayed, own approval, or not this person's to sign.
        ConflictError: The request is decided already.
    """
    try:
        with gate.turn(now) as turn:
            request, is_draft = load_request(
                gate, turn.registry, message.request, now=now
            )
            signed = _judge(turn, request, message.assertion, page)
            fields = {
                "request": request.id,
                "person": signed.person,
                "decision": signed.decision,
                "assertion": encode_assertion(signed.assertion),
            }
            if is_draft:
                fields["terms"] = request.terms.format().decode()
                if request.policy:
                    fields["policy"] = request.policy
                Draft.objects.filter(id=request.id).delete()
            turn.append(
                _KINDS[Decision(signed.decision)], fields, list_id=request.terms.list
            )
            after = replace(request, signed=[*request.signed, signed])
            after.denied = signed.decision == Decision.DENY
            if _carry_out(turn, after):
                after.done = True
            return view_request(turn.registry, after, now=now)
    except (RefusedError, VerificationError, ConflictError, MalformedError) as error:
        _record_refusal(gate, message, error, now=now, page=page)
        raise


def facts_digest(registry: Registry, terms: Terms) -> str:
    """Name the facts a decision on these terms uses."""
    recipient = registry.recipients.get(terms.recipient)
    found = registry.lists.get(terms.list)
    tenant = registry.tenants.get(terms.tenant)
    return digest(
        {
            "policy": registry.policy.digest(terms.tenant),
            "tenant": tenant.name if tenant else "",
            "list": f"{found.tenant} {found.name}" if found else "",
            "recipient": recipient.public_key if recipient else "",
            **sending_facts(registry, terms),
        }
    )


def require_current_facts(registry: Registry, terms: Terms) -> None:
    """Refuse terms whose facts changed since they were written.

    Raises:
        RefusedError: A recipient was revoked, a list moved, or policy changed.
    """
    if facts_digest(registry, terms) != terms.facts:
        raise RefusedError(
            "the facts behind this request changed",
            code=Code.FACTS_CHANGED,
            hint="ask anew with `listkeep request`",
        )


def request_id(terms: Terms) -> str:
    """Name a request after its terms: 60 bits of their digest."""
    body = hashlib.sha256(terms.format()).digest()
    return f"r_{base64.b32encode(body).decode().lower()[:12]}"


def load_request(
    gate: Gate, registry: Registry, name: str, *, now: datetime
) -> tuple[RequestFacts, bool]:
    """Find a request in the ledger's state, or a draft that is surely ours.

    Drafts of people who have left are nobody's any more.
    """
    if name in registry.requests:
        return registry.requests[name], False
    draft = Draft.objects.filter(id=name).first()
    if draft is None or registry.find_present(draft.person, now=now) is None:
        raise unknown_request()
    terms = Terms.parse(bytes(draft.terms))
    nonce, _, mac = terms.nonce.partition(".")
    expected = _nonce_mac(gate, replace(terms, nonce=nonce), draft.person)
    if request_id(terms) != name or not hmac.compare_digest(mac, expected):
        raise unknown_request()
    if registry.is_void(terms.not_before):  # it may have been used in the lost part
        raise unknown_request()
    if terms.action is Action.POLICY_SET:
        check_policy_text(terms.subject_fields(), draft.policy)
    return RequestFacts(id=name, terms=terms, policy=draft.policy), True


def drafts_of(
    gate: Gate, registry: Registry, person: str, *, now: datetime
) -> list[RequestFacts]:
    """Find what was prepared in somebody's name and waits for the signature."""
    names = Draft.objects.filter(person=person, expires_at__gt=now)
    found = []
    for name in names.order_by("-expires_at", "id").values_list("id", flat=True)[:20]:
        with suppress(RefusedError):  # made up in the database, or void
            found.append(load_request(gate, registry, name, now=now)[0])
    return found


def _nonce_mac(gate: Gate, terms: Terms, person: str) -> str:
    key = gate.store.get(STATE_KEY)
    data = f"request\0{person}\0".encode() + terms.format()
    return hmac.digest(key, data, "sha256").hex()[:32]


def _judge(
    turn: Turn, request: RequestFacts, assertion: m.Assertion, page: OnPage | None
) -> Signed:
    registry, terms = turn.registry, request.terms
    statement = Statement.parse(assertion.statement)
    if terms.keeper != registry.keeper:
        raise unknown_request()
    if turn.now >= terms.expires:
        raise RefusedError(
            "this request has expired", code=Code.EXPIRED, hint="ask anew"
        )
    # A release that runs can still be denied, by whoever sees that it should not.
    begun = request.intended and statement.decision != Decision.DENY
    if request.done or request.denied or begun:
        raise ConflictError("this request is decided already", code=Code.NOT_WAITING)
    require_current_facts(registry, terms)
    person, _ = require_credential(registry, statement.person, statement.credential)
    require_present(registry, person, now=turn.now)
    require_part(registry, request, person, statement.decision, now=turn.now)
    if page is not None:
        require_on_page(request.terms, statement, page)
    signed = Signed(person.id, statement.decision, turn.now, assertion)
    counter = registry.verify_signed(request, person, signed)
    require_counter(registry, statement.credential, counter)
    require_may_sign_here(assertion)
    return signed


def _carry_out(turn: Turn, request: RequestFacts) -> bool:
    """Record an authority change as done once its request is granted."""
    event = EVENTS.get(request.terms.action)
    if event is None or request.done or request.denied:
        return False
    if not turn.registry.decide(request, now=turn.now).granted:
        return False
    require_current_facts(turn.registry, request.terms)
    asked = turn.registry.people[request.signed[0].person]
    check_change(turn.registry, request, asked)
    record_change(turn, request, event)
    return True


def carry_out_due(gate: Gate, *, now: datetime) -> None:
    """Do what one owner asked for once the others' time to deny it has passed."""
    with gate.view(now) as registry:
        due = [
            request.id
            for request in registry.requests.values()
            if request.terms.action in EVENTS
            and request.is_open(now=now)
            and registry.decide(request, now=now).granted
        ]
    for name in due:
        # What cannot be done any more must not stand in everybody else's way.
        with suppress(ConflictError, RefusedError), gate.turn(now) as turn:
            _carry_out(turn, turn.registry.requests[name])


def _record_refusal(
    gate: Gate,
    message: m.SubmitStatement,
    error: ListkeepError,
    *,
    now: datetime,
    page: OnPage | None,
) -> None:
    """Record that a known person's statement was refused; strangers leave no trace.

    Without this rule anybody who reaches the socket could fill the ledger. Who
    knows the ids of a request and a person is bounded by a number per request,
    because what such a statement claims is not proven.
    """
    with gate.turn(now) as turn:
        person = page.person if page else claimed_person(message.assertion.statement)
        request = turn.registry.requests.get(message.request)
        if request is None or request.refusals >= _REFUSALS_RECORDED:
            return
        if person in turn.registry.people:
            turn.append(
                Event.STATEMENT_REFUSED,
                {
                    "request": message.request,
                    "claimed_person": person,
                    "code": error.code.value,
                },
            )


def unknown_request() -> RefusedError:
    """Refuse what is not there, or is not for this person to know."""
    return RefusedError(
        "there is no such request",
        code=Code.NOT_FOUND,
        hint="see `listkeep request ls`",
    )
