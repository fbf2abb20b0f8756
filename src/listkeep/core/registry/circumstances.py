"""What a decision needs to know beyond the terms, from the ledger's state alone."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from listkeep.core.grants import Action, Circumstances, Terms

from .agreements import parse_budget
from .charges import DAY, Measure
from .facts import RequestFacts, Signed
from .habits import Habits, asked_at, news_of
from .incidents import is_incident_open
from .sending import SendKind, parse_send

if TYPE_CHECKING:
    from .state import Registry

RECENT = timedelta(days=30)


def circumstances_of(
    registry: "Registry",
    request: RequestFacts,
    signers: Iterable[Signed],
    *,
    now: datetime,
) -> Circumstances:
    """Gather them; ``signers`` are those whose signatures count."""
    terms = request.terms
    is_send = terms.action is Action.SEND
    return Circumstances(
        owners=len(registry.owners(terms.tenant)),
        recent_rows=_recent_rows(registry, request, now),
        signed_at=max((signed.at for signed in signers), default=None),
        about_owner=_is_about_owner(registry, terms),
        loosens=_loosens(registry, terms),
        incident_open=is_incident_open(registry, terms.tenant),
        unusual=bool(
            news_of(registry.habits.get(terms.tenant, Habits()), request, now=now)
        ),
        standing=is_send and parse_send(terms).kind is SendKind.STANDING,
        hour=asked_at(request, now).astimezone(UTC).hour,
        early=_is_early(registry, terms),
    )


def _is_about_owner(registry: "Registry", terms: Terms) -> bool:
    if terms.action is not Action.PERSON_REVOKE:
        return False
    person = registry.about(terms)
    return person is not None and person.role == "owner"


def _loosens(registry: "Registry", terms: Terms) -> bool:
    if terms.action is not Action.BUDGET_SET:
        return False
    scope, ceiling = parse_budget(terms.subject_fields(), tenant=terms.tenant)
    return ceiling > registry.budgets.get(scope, scope.default)


def _recent_rows(registry: "Registry", request: RequestFacts, now: datetime) -> int:
    if request.terms.action is not Action.EXPORT:
        return 0
    if request.intended:  # its own cap is charged already
        return 0
    return max(
        registry.charges.used(who, Measure.ROWS_EXPORTED, now=now, window=RECENT)
        for who in registry.custodians_of(request)
    )


def _is_early(registry: "Registry", terms: Terms) -> bool:
    """Tell whether keys are copied before there is anything of long standing to take.

    Terms that name no people are from before holders had to be people, and before
    anybody had to wait: what was done under them stays done.
    """
    if terms.action is not Action.KEYS_BACKUP:
        return False
    founded_at = registry.founded_at
    is_first_day = founded_at is not None and terms.not_before < founded_at + DAY
    return is_first_day or "people" not in terms.subject_fields()
