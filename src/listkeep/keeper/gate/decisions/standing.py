"""What may be used at this moment: a grant that still stands, and no freeze.

Asked before the first row opens, again and again while rows open, and once more
before the outcome. In between somebody may have frozen, denied, revoked or left.
"""

from datetime import datetime

from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import Action
from listkeep.core.registry.agreements import (
    CAMPAIGNS,
    RELEASES,
    TRANSACTIONAL,
)
from listkeep.core.registry.facts import RequestFacts
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.turns import Turn

from .requests import require_current_facts, unknown_request

_FROZEN = {
    RELEASES: "exports and reveals",
    CAMPAIGNS: "campaigns",
    TRANSACTIONAL: "standing sends",
}


def require_granted(
    turn: Turn, request_id: str, *, actions: frozenset[Action]
) -> RequestFacts:
    """Require a request that is granted in this turn; see ``require_standing``.

    Raises:
        RefusedError: Unknown, denied, expired, used, or something is missing.
        VerificationError: A statement's signature does not verify.
    """
    return require_standing(turn.registry, request_id, actions=actions, now=turn.now)


def require_standing(
    registry: Registry, request_id: str, *, actions: frozenset[Action], now: datetime
) -> RequestFacts:
    """Require a request that is granted now, verifying every signature again.

    Raises:
        RefusedError: Unknown, denied, expired, used, or something is missing.
        VerificationError: A statement's signature does not verify.
    """
    request = registry.requests.get(request_id)
    if request is None or request.terms.action not in actions:
        raise unknown_request()
    if request.done:
        raise RefusedError(
            "this request was used already",
            code=Code.REPLAYED,
            hint="ask anew with `listkeep request`",
        )
    require_not_denied(request)
    require_current_facts(registry, request.terms)
    for signed in registry.signatures(request):
        registry.verify_signed(request, registry.people[signed.person], signed)
    outcome = registry.decide(request, now=now)
    if not outcome.granted:
        raise RefusedError(
            "the request is not granted",
            code=outcome.code or Code.NOT_GRANTED,
            hint="still missing: " + "; ".join(outcome.missing),
        )
    return request


def require_not_denied(request: RequestFacts) -> None:
    """Refuse what somebody denied, also after it had begun.

    Raises:
        RefusedError: It was.
    """
    if request.denied:
        raise RefusedError("this request was denied", code=Code.NOT_GRANTED)


def require_not_frozen(
    registry: Registry, tenant: str, *, frozen: str = RELEASES
) -> None:
    """Refuse releases of one class while a freeze of it stands.

    Raises:
        RefusedError: The tenant, or everything, is frozen.
    """
    if any(
        scope in (tenant, "") and kind == frozen
        for scope, kind, _side in registry.freezes
    ):
        raise RefusedError(
            f"{_FROZEN[frozen]} are frozen",
            code=Code.FROZEN,
            hint="two of the side that froze can sign `listkeep unfreeze`",
        )
