"""Who may put which word under a request; what is refused here is never signed."""

from dataclasses import replace
from datetime import datetime

from listkeep.core.errors import Code, ConflictError, RefusedError
from listkeep.core.grants import Action, Decision, Signer, Statement, Terms, may_sign
from listkeep.core.registry.facts import Person, RequestFacts, Signed
from listkeep.core.registry.passkeys import RecordedAssertion
from listkeep.core.registry.state import Registry

from .subjects import check_side


def require_asker(
    registry: Registry, terms: Terms, person: Person, *, now: datetime
) -> None:
    """Refuse people who may not ask for this.

    Raises:
        RefusedError: By their role, or for now.
    """
    if not _could(registry, terms, registry.signer(person.id, terms), Decision.REQUEST):
        raise RefusedError(
            "your role may not ask for this", hint="ask an owner of the tenant"
        )
    _require_counting(registry, terms, person, Decision.REQUEST, now)


def require_part(
    registry: Registry,
    request: RequestFacts,
    person: Person,
    decision: str,
    *,
    now: datetime,
) -> None:
    """Refuse people who may not sign these terms, or not in this role.

    Raises:
        RefusedError: Not this person's to sign, or not before another did.
        ConflictError: It was signed already.
    """
    mine = {s.decision for s in request.signed if s.person == person.id}
    if decision == Decision.APPROVE and Decision.REQUEST in mine:
        raise RefusedError(
            "nobody approves an own request",
            code=Code.SELF_APPROVAL,
            hint="another person has to look at it",
        )
    terms = request.terms
    if not may_say(registry, terms, person, Decision(decision), signed=bool(mine)):
        raise RefusedError("your role may not sign this request")
    check_side(registry, terms, person)
    _require_counting(registry, terms, person, decision, now)
    if decision in mine:
        raise ConflictError("you signed this already", code=Code.NOT_WAITING)
    is_asked = any(s.decision == Decision.REQUEST for s in request.signed)
    if decision == Decision.REQUEST and is_asked:
        raise ConflictError("the request is signed already", code=Code.NOT_WAITING)
    if decision != Decision.REQUEST and not is_asked:
        raise RefusedError(
            "the requester has to sign first",
            code=Code.NOT_GRANTED,
            hint="`listkeep sign REQUEST` by the person who asked",
        )


def may_say(
    registry: Registry,
    terms: Terms,
    person: Person,
    decision: Decision,
    *,
    signed: bool,
) -> bool:
    """Tell whether a role fits; whoever signed may withdraw.

    A recovery is denied with the passkey it would take away, and by everybody who
    could have approved it by role.
    """
    if decision is not Decision.DENY:
        return _could(registry, terms, registry.signer(person.id, terms), decision)
    is_mine = terms.action is Action.PASSKEY_REPLACE and registry.about(terms) == person
    return signed or is_mine or _could(registry, terms, person.signer(), decision)


def awaits(
    registry: Registry,
    request: RequestFacts,
    person: Person,
    *,
    now: datetime,
    missing: tuple[str, ...] | None = None,
) -> bool:
    """Tell whether a request would come further by this person's approval.

    ``missing`` is what is missing now, if that was found out a moment ago.
    """
    if any(signed.person == person.id for signed in request.signed):
        return False
    if not may_say(registry, request.terms, person, Decision.APPROVE, signed=False):
        return False
    approved = replace(
        request, signed=[*request.signed, _imagine(request, person, now)]
    )
    if missing is None:
        missing = registry.decide(request, now=now).missing
    return registry.decide(approved, now=now).missing != missing


def _imagine(request: RequestFacts, person: Person, now: datetime) -> Signed:
    """Write the approval a person could give; nobody has signed it."""
    statement = Statement(
        keeper=request.terms.keeper,
        person=person.id,
        credential=person.credentials[0].id,
        decision=Decision.APPROVE.value,
        request=request.terms.digest(),
    )
    unsigned = RecordedAssertion(statement.format(), b"", b"", b"")
    return Signed(person.id, statement.decision, now, unsigned)


def _could(
    registry: Registry, terms: Terms, signer: Signer, decision: Decision
) -> bool:
    return may_sign(terms, signer, decision, registry.policy)


def _require_counting(
    registry: Registry, terms: Terms, person: Person, decision: str, now: datetime
) -> None:
    objection = registry.find_objection(person, terms, decision, now=now)
    if objection:
        raise RefusedError(objection, hint="let somebody else sign, or wait")
