"""Who people are, what they may do by that alone, and how much of it in a day.

What needs more than that, a signed request, is decided by the texts in ``policies/``.
"""

from dataclasses import dataclass
from enum import StrEnum


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
    SEND = "send"
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
    rows_sent: int = 5_000_000  # by what one person asked for
    tenants: int = 10  # that one person of support may look at
    hourly_share: int = 2  # an hour gets a day's look-ups and reveals divided by this

    def of_an_hour(self, ceiling: int) -> int:
        """Say how much of a day's ceiling one rolling hour has, rounded up."""
        return -(-ceiling // self.hourly_share)
