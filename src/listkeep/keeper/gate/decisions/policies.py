"""The policy in force: show it, and judge a text that shall replace it."""

from datetime import datetime

from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import OPERATOR_ROLES, Action
from listkeep.core.grants.lockout import require_changeable
from listkeep.core.grants.reading import load
from listkeep.core.registry.facts import Person, RequestFacts, check_policy_text
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.sign_in.sessions import resolve_session
from listkeep.keeper.gate.turns import Gate
from listkeep.wire.messages import policies as p

from .subjects import check_subject


def check_change(registry: Registry, request: RequestFacts, asked: Person) -> None:
    """Make sure that a change of authority could be carried out now.

    Raises:
        MalformedError: The subject or a policy text cannot be used.
        ConflictError: A name or passkey is taken.
        RefusedError: What is to be changed is not there, or a policy locks people out.
        VerificationError: A new passkey did not prove that it can sign.
    """
    if request.terms.action is not Action.POLICY_SET:
        check_subject(registry, request.terms)
        return
    tenant = request.terms.tenant
    if tenant and tenant not in registry.tenants:
        raise _not_there()
    check_policy_text(request.terms.subject_fields(), request.policy)
    require_changeable(
        registry.policy.with_text(request.policy, tenant=tenant, side=asked.role),
        tenant=tenant,
        people=[person.signer() for person in registry.people.values()],
    )


def show_policy(
    gate: Gate, message: p.ShowPolicy, *, service: str, now: datetime
) -> p.PolicyTexts:
    """Show the operator's text to everybody, a tenant's to its people and custodians.

    Raises:
        RefusedError: There is no such tenant, as far as this person may know.
    """
    with gate.view(now) as registry:
        person = resolve_session(
            gate, registry, message.session, service=service, now=now
        )
        tenant = _tenant(registry, person, message.tenant)
        texts = registry.policy.texts(tenant)
        digest = registry.policy.digest(tenant)
    return p.PolicyTexts(texts={**texts, "bounds": load("bounds.cedar")}, digest=digest)


def _tenant(registry: Registry, person: Person, name: str) -> str:
    if not name:
        return person.tenant
    for tenant in registry.tenants.values():
        mine = tenant.id == person.tenant or person.role in OPERATOR_ROLES - {"support"}
        if mine and name in (tenant.id, tenant.name):
            return tenant.id
    raise _not_there()


def _not_there() -> RefusedError:
    return RefusedError("there is no such tenant", code=Code.NOT_FOUND)
