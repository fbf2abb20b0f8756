"""Why a request is granted or not: the statements of the policy, in words."""

from datetime import datetime

from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import Decision
from listkeep.core.grants.reading import Statement
from listkeep.core.registry.facts import RequestFacts
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.sign_in.sessions import resolve_session
from listkeep.keeper.gate.turns import Gate
from listkeep.wire.messages import policies as p

from .descriptions import may_see, name_of
from .requests import load_request


def explain_request(
    gate: Gate, message: p.ExplainRequest, *, service: str, now: datetime
) -> p.Explanation:
    """Explain a request by the policy in force, to those who may see it.

    Raises:
        RefusedError: There is no such request, as far as this person may know.
    """
    with gate.view(now) as registry:
        person = resolve_session(
            gate, registry, message.session, service=service, now=now
        )
        request, _ = load_request(gate, registry, message.request, now=now)
        if not may_see(registry, person, request):
            raise RefusedError(
                "there is no such request",
                code=Code.NOT_FOUND,
                hint="see `listkeep request ls`",
            )
        return _explain(registry, request, now=now)


def _explain(
    registry: Registry, request: RequestFacts, *, now: datetime
) -> p.Explanation:
    """Say in words who asked, which statements hold, and what is still missing."""
    found = registry.explain(request, now=now)
    outcome = found.outcome
    says = "granted" if outcome.granted else f"not granted ({outcome.code})"
    lines = [
        f"{request.terms.action} is {says}",
        *_people(registry, request),
        *(f"permitted by {_words(each)}" for each in found.permits),
        *(f"forbidden by {_words(each)}" for each in found.forbids),
        *(f"still missing: {text}" for text in outcome.missing),
        *(f"with that, permitted by {_words(each)}" for each in found.then),
    ]
    if request.denied:
        lines.append("somebody denied it, so it stays that way")
    return p.Explanation(
        lines=tuple(lines),
        permits=tuple(each.id for each in found.permits),
        forbids=tuple(each.id for each in found.forbids),
        missing=outcome.missing,
        then=tuple(each.id for each in found.then),
    )


def _people(registry: Registry, request: RequestFacts) -> list[str]:
    verbs = {
        Decision.REQUEST: "asked by",
        Decision.APPROVE: "approved by",
        Decision.DENY: "denied by",
    }
    lines = []
    for signed in request.signed:
        person = registry.people.get(signed.person)
        role = person.role.value if person else "nobody any more, so it does not count"
        name = name_of(registry, signed.person)
        lines.append(f"{verbs[Decision(signed.decision)]} {name}, {role}")
    return lines or ["nobody has signed it"]


def _words(statement: Statement) -> str:
    return f"{statement.id}: {statement.says}"
