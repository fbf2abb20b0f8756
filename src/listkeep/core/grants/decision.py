"""Decide a request from the people who signed it.

``decide`` is pure. It is given persons, not signatures: the keeper verifies every
assertion before it lets a signer count. What is missing is said in words, so that
people know before they sign. A denial by anybody who could have approved ends the
request, and so does the veto of any owner of the tenant while a delay runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from listkeep.core.errors import Code

from .policy import DEFAULT_POLICY, OPERATOR_ROLES, Role, Tier
from .statements import Decision
from .terms import Terms


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """A person whose valid signature on the terms has been verified."""

    person: str
    tenant: str  # empty: the operator
    roles: frozenset[Role]
    team: str = ""

    def has(self, role: Role, *, tenant: str) -> bool:
        """Tell whether the person holds the role where it counts."""
        home = "" if role in OPERATOR_ROLES else tenant
        return role in self.roles and self.tenant == home


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What the decision needs to know beyond the terms."""

    owners: int  # the tenant's owners who could sign
    recent_rows: int = 0  # rows of copies this recipient got within 30 days
    signed_at: datetime | None = None  # the last signature that counts
    about_owner: bool = False  # a revocation would remove an owner
    loosens: bool = False  # a ceiling would rise


@dataclass(frozen=True, slots=True)
class Outcome:
    """Granted, or what is still missing in words people understand."""

    missing: tuple[str, ...] = ()
    opens_at: datetime | None = None
    code: Code | None = None

    @property
    def granted(self) -> bool:
        """Tell whether nothing is missing."""
        return not self.missing


def decide(
    terms: Terms,
    *,
    requester: Signer | None,
    approvers: Sequence[Signer],
    circumstances: Circumstances,
    now: datetime,
) -> Outcome:
    """Say whether these people are enough for these terms at this moment.

    The order: time window, requester, the first tier that fits, distinct persons,
    delay. People who share a team with the requester do not count as approvers.
    """
    if now >= terms.expires:
        return Outcome(("a new request: this one has expired",), code=Code.EXPIRED)
    if now < terms.not_before:
        return _waiting(terms.not_before)
    tier = find_tier(terms, requester=requester, circumstances=circumstances)
    if tier is None:
        return _no_tier(terms, requester)
    missing = _missing(tier, requester, approvers, tenant=terms.tenant)
    if not missing:
        return _after_delay(tier.delay, circumstances, now)
    is_sole = circumstances.owners == 1
    delay = tier.sole_owner_delay if is_sole else tier.solo_delay
    if delay is None or requester is None:
        return Outcome(missing, code=Code.NOT_GRANTED)
    return _alone(delay, missing, circumstances, now)


def find_tier(
    terms: Terms, *, requester: Signer | None, circumstances: Circumstances
) -> Tier | None:
    """Find the row of the table these terms fall under, or ``None``."""
    for tier in _open_tiers(terms, requester):
        if tier.spares_owners and circumstances.about_owner:
            continue
        if tier.tightens_only and circumstances.loosens:
            continue
        if tier.max_cap is not None and terms.cap > tier.max_cap:
            continue
        recent = circumstances.recent_rows + terms.cap
        if tier.max_recent_rows is not None and recent > tier.max_recent_rows:
            continue
        return tier
    return None


def may_sign(terms: Terms, signer: Signer, decision: Decision) -> bool:
    """Tell whether this person's word on these terms could count.

    Who may ask may request; whose role stands among the approvals may approve; and
    to deny is open to those and to every owner of the tenant.
    """
    if decision is Decision.REQUEST:
        return bool(_open_tiers(terms, signer))
    may_approve = any(
        signer.has(role, tenant=terms.tenant)
        for tier in _open_tiers(terms, None)
        for role in tier.approvals
    )
    is_owner = signer.has(Role.OWNER, tenant=terms.tenant)
    return may_approve or (decision is Decision.DENY and is_owner)


def _open_tiers(terms: Terms, requester: Signer | None) -> list[Tier]:
    """List the rows this person may ask under, or anybody who could be there."""
    return [
        tier
        for tier in DEFAULT_POLICY[terms.action]
        if not (tier.operator_only and terms.tenant)
        and not (tier.tenant_only and not terms.tenant)
        and (terms.tenant or tier.requester in OPERATOR_ROLES)
        and (requester is None or requester.has(tier.requester, tenant=terms.tenant))
    ]


def _distinct(signers: Sequence[Signer]) -> list[Signer]:
    return list({signer.person: signer for signer in signers}.values())


def _same(signer: Signer, requester: Signer) -> bool:
    if signer.person == requester.person:
        return True
    mates = signer.tenant == requester.tenant and signer.team == requester.team
    return mates and bool(signer.team)


def _missing(
    tier: Tier, requester: Signer | None, approvers: Sequence[Signer], *, tenant: str
) -> tuple[str, ...]:
    """Match approvals to distinct persons; no role stands in a tier twice."""
    missing = [] if requester else ["the requester's own signature"]
    free = [
        signer
        for signer in _distinct(approvers)
        if requester is None or not _same(signer, requester)
    ]
    for role in tier.approvals:
        match = next((s for s in free if s.has(role, tenant=tenant)), None)
        if match is None:
            where = "the operator" if role in OPERATOR_ROLES else "the tenant"
            missing.append(f"the approval of another {role} of {where}")
        else:
            free.remove(match)
    return tuple(missing)


def _after_delay(
    delay: timedelta, circumstances: Circumstances, now: datetime
) -> Outcome:
    if not delay:
        return Outcome()
    if circumstances.signed_at is None:
        return Outcome(("a signature",), code=Code.NOT_GRANTED)
    opens_at = circumstances.signed_at + delay
    return Outcome() if now >= opens_at else _waiting(opens_at)


def _alone(
    delay: timedelta,
    missing: tuple[str, ...],
    circumstances: Circumstances,
    now: datetime,
) -> Outcome:
    """Let one owner act alone after a time in which the others can deny it."""
    waited = _after_delay(delay, circumstances, now)
    if waited.granted:
        return waited
    either = " or ".join((*missing, *waited.missing))
    return Outcome((either,), opens_at=waited.opens_at, code=Code.NOT_GRANTED)


def _waiting(opens_at: datetime) -> Outcome:
    return Outcome(
        (f"time: it opens at {opens_at:%Y-%m-%d %H:%M} UTC, an owner can deny it",),
        opens_at=opens_at,
        code=Code.NOT_GRANTED,
    )


def _no_tier(terms: Terms, requester: Signer | None) -> Outcome:
    caps = [tier.max_cap or 0 for tier in _open_tiers(terms, requester)]
    if caps:  # so only the number of rows stands in the way
        return Outcome(
            (f"fewer rows: at most {max(caps)} in one {terms.action}",),
            code=Code.CAP_EXCEEDED,
        )
    return Outcome(
        ("a requester whose role may ask for this",), code=Code.NOT_PERMITTED
    )
