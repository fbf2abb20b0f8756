"""The default table: who may ask for what, who must agree, and how long it waits."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from listkeep.core.canonical import encode

from .terms import Action


class Role(StrEnum):
    """What a person is to a tenant, or to the operator."""

    OWNER = "owner"
    MARKETER = "marketer"
    CUSTODIAN = "custodian"
    SUPPORT = "support"
    AGENT = "agent"


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
    Role.AGENT: frozenset(Right) - {Right.ADMINISTER},  # until the agency's end
    Role.CUSTODIAN: frozenset(),
    Role.SUPPORT: frozenset(),  # touches a tenant only under an owner's consent
}


# What support may do in a tenant while an owner's consent lasts, and no more.
GUEST_RIGHTS = frozenset({Right.VIEW, Right.LOOK_UP})


@dataclass(frozen=True, slots=True)
class Budget:
    """Default ceilings for one person and one rolling day, in distinct addresses."""

    look_ups: int = 50
    reveals: int = 20
    rows_added: int = 10_000
    rows_changed: int = 1_000
    tenants: int = 10  # that one person of support may look at
    hourly_share: int = 2  # an hour gets a day's look-ups and reveals divided by this

    def of_an_hour(self, ceiling: int) -> int:
        """Say how much of a day's ceiling one rolling hour has, rounded up."""
        return -(-ceiling // self.hourly_share)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """One row of the table: up to ``max_cap`` rows, these people must sign."""

    requester: Role
    approvals: tuple[Role, ...] = ()
    max_cap: int | None = None
    max_recent_rows: int | None = None  # to one recipient within 30 days
    delay: timedelta = timedelta()  # an owner can veto while it runs
    solo_delay: timedelta | None = None  # opens alone, unless a co-owner denies it
    sole_owner_delay: timedelta | None = None  # the same, where there is no co-owner
    operator_only: bool = False  # never inside a tenant
    tenant_only: bool = False  # never about the operator's own
    spares_owners: bool = False  # not when an owner would lose the role
    tightens_only: bool = False  # not when a ceiling would rise


_SOLE_OWNER = timedelta(hours=72)
_TWO_OWNERS = Tier(
    requester=Role.OWNER,
    approvals=(Role.OWNER,),
    solo_delay=timedelta(hours=24),
    sole_owner_delay=_SOLE_OWNER,
)
_TWO_CUSTODIANS = Tier(requester=Role.CUSTODIAN, approvals=(Role.CUSTODIAN,))
# A tenant's first owners come with the tenant. Custodians who could add an owner
# later could revoke the old ones first, and have the tenant for themselves.
_OPERATORS_OWN = Tier(
    requester=Role.CUSTODIAN, approvals=(Role.CUSTODIAN,), operator_only=True
)
_ONE_TO_FREEZE = (Tier(requester=Role.OWNER), Tier(requester=Role.CUSTODIAN))
# One is enough to tighten, but not to remove those who would have to agree later:
# a stolen owner's passkey could revoke the other owner and wait, and a custodian
# who revoked the other would leave the operator unable to act.
_TO_REVOKE = (
    Tier(requester=Role.OWNER, spares_owners=True),
    _TWO_OWNERS,
    Tier(requester=Role.CUSTODIAN, spares_owners=True, tenant_only=True),
    _TWO_CUSTODIANS,
)
_OWNER_SIGNS = (
    Tier(requester=Role.OWNER),
    Tier(requester=Role.MARKETER, approvals=(Role.OWNER,)),
    Tier(requester=Role.AGENT, approvals=(Role.OWNER,)),
)
_SMALL_EXPORT = 1_000
_ASKERS = (Role.MARKETER, Role.OWNER, Role.AGENT)

DEFAULT_POLICY: dict[Action, tuple[Tier, ...]] = {
    Action.REVEAL: tuple(Tier(requester=role, max_cap=10) for role in _ASKERS),
    Action.EXPORT: tuple(
        tier
        for role in _ASKERS
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
    Action.PERSON_REVOKE: _TO_REVOKE,
    Action.SERVICE_ADD: (_TWO_OWNERS, _OPERATORS_OWN),
    Action.SERVICE_REVOKE: _TO_REVOKE,
    Action.RECIPIENT_ADD: (_TWO_OWNERS,),
    Action.RECIPIENT_REVOKE: _TO_REVOKE,
    Action.FREEZE: _ONE_TO_FREEZE,
    Action.UNFREEZE: (
        Tier(
            requester=Role.OWNER,
            approvals=(Role.OWNER,),
            sole_owner_delay=_SOLE_OWNER,
        ),
        _TWO_CUSTODIANS,
    ),
    # Taking a contact away silences notices, so it takes as much as adding one.
    Action.CONTACT_ADD: (_TWO_OWNERS, _OPERATORS_OWN),
    Action.CONTACT_REVOKE: (_TWO_OWNERS, _OPERATORS_OWN),
    Action.CONSENT_GIVE: (Tier(requester=Role.OWNER),),
    Action.CONSENT_WITHDRAW: (Tier(requester=Role.OWNER),),
    Action.AGENCY_ADD: (_TWO_OWNERS, _OPERATORS_OWN),
    Action.BUDGET_SET: (
        Tier(requester=Role.OWNER, tightens_only=True),
        _TWO_OWNERS,
        Tier(requester=Role.CUSTODIAN, operator_only=True, tightens_only=True),
        _OPERATORS_OWN,
    ),
    # Before notice: one of those who let the agency in is enough to show it out.
    Action.AGENCY_REVOKE: (
        Tier(requester=Role.OWNER),
        Tier(requester=Role.CUSTODIAN, operator_only=True),
    ),
}


def policy_digest() -> str:
    """Name the table in force, so that a request is bound to it."""
    text = {str(action): repr(tiers) for action, tiers in DEFAULT_POLICY.items()}
    return hashlib.sha256(encode({**text, "budget": repr(Budget())})).hexdigest()
