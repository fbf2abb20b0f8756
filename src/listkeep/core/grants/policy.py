"""The default table: who may ask for what, who must agree, and how long it waits.

``decide`` is pure. It is given persons, not signatures: the keeper verifies every
assertion before it lets a signer count. What is missing is said in words, so that
people know before they sign. A denial by anybody who could have agreed ends the
request, and so does an owner's veto while a delay runs.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from listkeep.core.canonical import encode
from listkeep.core.errors import Code

from .terms import Action, Terms


class Role(StrEnum):
    """What a person is to a tenant, or to the operator."""

    OWNER = "owner"
    MARKETER = "marketer"
    CUSTODIAN = "custodian"
    SUPPORT = "support"


OPERATOR_ROLES = frozenset({Role.CUSTODIAN, Role.SUPPORT})


class Right(StrEnum):
    """Kinds of touch; each is given apart from the others."""

    VIEW = "view"
    TOUCH = "touch"
    LOOK_UP = "look-up"
    REVEAL = "reveal"
    EXPORT = "export"
    ADMINISTER = "administer"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.MARKETER: frozenset(Right) - {Right.ADMINISTER},
    Role.CUSTODIAN: frozenset(),
    Role.SUPPORT: frozenset(),  # touches a tenant only under an owner's consent
}


@dataclass(frozen=True, slots=True)
class Budget:
    """Default ceilings for one person and one rolling day, in distinct addresses."""

    look_ups: int = 50
    reveals: int = 20
    rows_added: int = 10_000
    rows_changed: int = 1_000


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
class Tier:
    """One row of the table: up to ``max_cap`` rows, these people must sign."""

    requester: Role
    approvals: tuple[Role, ...] = ()
    max_cap: int | None = None
    max_recent_rows: int | None = None  # to one recipient within 30 days
    delay: timedelta = timedelta()  # an owner can veto while it runs
    solo_delay: timedelta | None = None  # opens without approvals after this
    operator_only: bool = False  # never inside a tenant


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What the decision needs to know beyond the terms."""

    owners: int  # the tenant's owners who could sign
    recent_rows: int = 0  # rows of copies this recipient got within 30 days
    signed_at: datetime | None = None  # the last signature that counts


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


_TWO_OWNERS = Tier(
    requester=Role.OWNER, approvals=(Role.OWNER,), solo_delay=timedelta(hours=24)
)
_TWO_CUSTODIANS = Tier(requester=Role.CUSTODIAN, approvals=(Role.CUSTODIAN,))
# A tenant's first owners come with the tenant. Custodians who could add an owner
# later could revoke the old ones first, and have the tenant for themselves.
_OPERATORS_OWN = Tier(
    requester=Role.CUSTODIAN, approvals=(Role.CUSTODIAN,), operator_only=True
)
_ONE_TO_TIGHTEN = (Tier(requester=Role.OWNER), Tier(requester=Role.CUSTODIAN))
_OWNER_SIGNS = (
    Tier(requester=Role.OWNER),
    Tier(requester=Role.MARKETER, approvals=(Role.OWNER,)),
)
_SMALL_EXPORT = 1_000
SOLE_OWNER_DELAY = timedelta(hours=72)

DEFAULT_POLICY: dict[Action, tuple[Tier, ...]] = {
    Action.REVEAL: tuple(
        Tier(requester=role, max_cap=10) for role in (Role.MARKETER, Role.OWNER)
    ),
    Action.EXPORT: tuple(
        tier
        for role in (Role.MARKETER, Role.OWNER)
        for tier in (
            Tier(
                requester=role,
                approvals=(Role.OWNER,),
                max_cap=_SMALL_EXPORT,
                max_recent_rows=_SMALL_EXPORT,
            ),
            Tier(
                requester=role,
                approvals=(Role.OWNER, Role.CUSTODIAN),
                delay=timedelta(hours=1),
            ),
        )
    ),
    Action.IMPORT: _OWNER_SIGNS,
    Action.SUPPRESS: _OWNER_SIGNS,
    Action.TENANT_ADD: (_TWO_CUSTODIANS,),
    Action.TENANT_REVOKE: (_TWO_CUSTODIANS,),
    Action.PERSON_ADD: (_TWO_OWNERS, _OPERATORS_OWN),
    Action.PERSON_REVOKE: _ONE_TO_TIGHTEN,
    Action.SERVICE_ADD: (_TWO_OWNERS, _OPERATORS_OWN),
    Action.SERVICE_REVOKE: _ONE_TO_TIGHTEN,
    Action.RECIPIENT_ADD: (_TWO_OWNERS,),
    Action.RECIPIENT_REVOKE: _ONE_TO_TIGHTEN,
    Action.FREEZE: _ONE_TO_TIGHTEN,
    Action.UNFREEZE: (_TWO_OWNERS, _TWO_CUSTODIANS),
}


def policy_digest() -> str:
    """Name the table in force, so that a request is bound to it."""
    text = {str(action): repr(tiers) for action, tiers in DEFAULT_POLICY.items()}
    text |= {"budget": repr(Budget()), "sole_owner_delay": repr(SOLE_OWNER_DELAY)}
    return hashlib.sha256(encode(text)).hexdigest()


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
    if tier.solo_delay is None or requester is None:
        return Outcome(missing, code=Code.NOT_GRANTED)
    return _alone(tier.solo_delay, missing, circumstances, now)


def find_tier(
    terms: Terms, *, requester: Signer | None, circumstances: Circumstances
) -> Tier | None:
    """Find the row of the table these terms fall under, or ``None``."""
    for tier in _open_tiers(terms, requester):
        if tier.max_cap is not None and terms.cap > tier.max_cap:
            continue
        recent = circumstances.recent_rows + terms.cap
        if tier.max_recent_rows is not None and recent > tier.max_recent_rows:
            continue
        return tier
    return None


def may_take_part(terms: Terms, signer: Signer) -> bool:
    """Tell whether this person could sign or veto these terms in any row."""
    return any(
        signer.has(role, tenant=terms.tenant)
        for tier in DEFAULT_POLICY[terms.action]
        for role in (tier.requester, *tier.approvals)
    ) or signer.has(Role.OWNER, tenant=terms.tenant)


def _open_tiers(terms: Terms, requester: Signer | None) -> list[Tier]:
    """List the rows this person may ask under, or anybody who could be there."""
    return [
        tier
        for tier in DEFAULT_POLICY[terms.action]
        if not (tier.operator_only and terms.tenant)
        and (terms.tenant or tier.requester in OPERATOR_ROLES)
        and (requester is None or requester.has(tier.requester, tenant=terms.tenant))
    ]


def _distinct(signers: Sequence[Signer]) -> list[Signer]:
    return list({signer.person: signer for signer in signers}.values())


def _same(signer: Signer, requester: Signer) -> bool:
    if signer.person == requester.person:
        return True
    return bool(signer.team) and signer.team == requester.team


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
    solo_delay: timedelta,
    missing: tuple[str, ...],
    circumstances: Circumstances,
    now: datetime,
) -> Outcome:
    """Let one owner act alone after a time in which the others can deny it."""
    delay = SOLE_OWNER_DELAY if circumstances.owners == 1 else solo_delay
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
