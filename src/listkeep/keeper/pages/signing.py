"""One request on one page, and the signature over exactly what it shows."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from listkeep.core.grants import Action, Decision, Statement, Terms
from listkeep.core.registry.comparing_sends import Comparison, compare_with_last
from listkeep.core.registry.facts import Person, RequestFacts
from listkeep.core.registry.passkeys import Credential
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.decisions.on_page import OnPage, needs_count
from listkeep.keeper.gate.decisions.requests import submit_statement
from listkeep.keeper.gate.decisions.showing import show_requests
from listkeep.keeper.gate.decisions.signers import awaits, may_say
from listkeep.keeper.gate.sign_in.sessions import DIRECT
from listkeep.wire import messages as m

from .answers import go_on, read_body
from .sign_in import Signature
from .unusual import unusual
from .visits import Visit, signed_in
from .wording import SAID, describe_role, facts_of, follows, steps_of, title_of

_ENDED: Final = ("done", "denied", "expired")


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One thing the person may sign here, and what the page has to arrive at."""

    decision: str
    words: str
    key: str  # of the keyboard
    counts: bool
    json: str  # by passkey: the digest that will be signed


@signed_in
def show(request: HttpRequest, visit: Visit, name: str) -> HttpResponse:
    """Show a request, or a draft of one."""
    message = m.ShowRequest(session=visit.token, request=name)
    answer = show_requests(visit.gate, message, service=DIRECT, now=visit.now)
    (view,) = answer.requests
    terms = Terms.parse(view.terms)
    with visit.gate.view(visit.now) as registry:
        facts = registry.requests.get(name) or RequestFacts(id=name, terms=terms)
        asked = facts.signed[0].person if facts.signed else visit.person.id
        requester = registry.people.get(asked)
        return visit.page(
            request,
            "request.html",
            view=view,
            title=title_of(registry, terms),
            requester=requester,
            role=describe_role(requester),
            facts=facts_of(registry, terms),
            follows=follows(registry, terms),
            objection=_objection(registry, facts, visit.person, now=visit.now),
            steps=steps_of(registry, facts),
            comparison=_comparison(registry, facts, now=visit.now),
            unusual=unusual(registry, facts, asked, now=visit.now),
            waits_for_me=awaits(registry, facts, visit.person, now=visit.now),
            choices=_choices(registry, facts, visit.person, view.state, now=visit.now),
            keys=credentials_of(visit.person),
            keeper=registry.keeper,
            rp_id=registry.party.rp_id,
            digest=terms.digest(),
            terms=view.terms.decode(),
            on_screen=terms.action == "reveal" and not terms.recipient,
            is_mine=asked == visit.person.id,
            carried_out_at=_carried_out_at(view.id, terms),
            console=settings.CONFIG.app_origin,
        )


@signed_in
def sign(request: HttpRequest, visit: Visit, name: str) -> HttpResponse:
    """Take a signed statement on a request."""
    given = read_body(request, Signature)
    submit_statement(
        visit.gate,
        m.SubmitStatement(request=name, assertion=given.assertion()),
        now=visit.now,
        page=OnPage(person=visit.person.id, typed_rows=given.rows),
    )
    return go_on(f"/requests/{name}")


def _carried_out_at(name: str, terms: Terms) -> str:
    """Say where on the dock's pages somebody goes on with what was granted."""
    places = {Action.EXPORT: "exports", Action.IMPORT: "import"}
    place = places.get(terms.action)
    if terms.action is Action.SEND:
        place = f"sends/{name}"
    elif terms.action is Action.LIST_RESTORE:
        moment = quote(terms.subject_fields()["moment"])
        place = f"lists/{terms.list}/undo?to={moment}"
    return f"{settings.CONFIG.drop_origin}/{place}" if place else ""


def _comparison(
    registry: Registry, request: RequestFacts, *, now: datetime
) -> Comparison | None:
    """Hold a send against the last one like it."""
    if request.terms.action is not Action.SEND:
        return None
    return compare_with_last(registry, request, now=now)


def credentials_of(person: Person) -> tuple[Credential, ...]:
    """List the passkeys that sign for somebody."""
    return person.credentials


def _choices(
    registry: Registry,
    request: RequestFacts,
    person: Person,
    state: str,
    *,
    now: datetime,
) -> list[Choice]:
    """List what this person may say now; the keeper judges it once more when signed."""
    if state in _ENDED or request.intended:
        return []
    mine = {signed.decision for signed in request.signed if signed.person == person.id}
    is_asked = bool(request.signed)
    open_to_me = {
        Decision.REQUEST: not is_asked,
        Decision.APPROVE: is_asked and not mine and state == "waiting",
        Decision.DENY: is_asked and Decision.DENY not in mine,
    }
    words = {
        Decision.REQUEST: ("Sign and ask", "s"),
        Decision.APPROVE: ("Approve", "a"),
        Decision.DENY: ("Withdraw" if mine else "Deny", "d"),
    }
    return [
        Choice(
            decision=decision.value,
            words=words[decision][0],
            key=words[decision][1],
            counts=needs_count(request.terms, decision),
            json=json.dumps(
                {
                    key.id: _challenge(registry, request, person, key, decision)
                    for key in credentials_of(person)
                }
            ),
        )
        for decision in SAID
        if open_to_me[decision]
        and may_say(registry, request.terms, person, decision, signed=bool(mine))
        and not registry.find_objection(person, request.terms, decision, now=now)
    ]


def _objection(
    registry: Registry, request: RequestFacts, person: Person, *, now: datetime
) -> str:
    """Say why a word this person could give by role does not count now."""
    decision = Decision.APPROVE if request.signed else Decision.REQUEST
    if not may_say(registry, request.terms, person, decision, signed=False):
        return ""
    return registry.find_objection(person, request.terms, decision, now=now)


def _challenge(
    registry: Registry,
    request: RequestFacts,
    person: Person,
    key: Credential,
    decision: Decision,
) -> str:
    statement = Statement(
        keeper=registry.keeper,
        person=person.id,
        credential=key.id,
        decision=decision.value,
        request=request.terms.digest(),
    )
    return statement.challenge().hex()
