"""Refuse a policy that nobody could ever change again, or stop anything under.

Tried out for people nobody named and for those there are: a text that lets one named
person decide would end with that person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from listkeep.core.errors import Code, RefusedError

from .decision import Circumstances, Signer, gather
from .in_force import Policy
from .policy import OPERATOR_ROLES, Role
from .terms import Action, Terms, parse_time

ANY_TENANT = "t_aaaaaaaaaaaa"
_WAITS = [timedelta(hours=hours) for hours in (0, 1, 24, 72)]
_BEGIN = parse_time("2026-01-01T00:00:00Z")


@dataclass(frozen=True, slots=True)
class _Need:
    """What must stay possible: one person of a role, beside others of that role."""

    action: Action
    role: Role
    together: int
    words: str


_CHANGE = (
    _Need(Action.POLICY_SET, Role.OWNER, 2, "two owners could not change it"),
    _Need(
        Action.POLICY_SET,
        Role.CUSTODIAN,
        2,
        "two custodians could not change it",
    ),
    _Need(Action.FREEZE, Role.OWNER, 1, "one owner could not freeze releases"),
    _Need(Action.FREEZE, Role.CUSTODIAN, 1, "one custodian could not freeze releases"),
)


def require_changeable(
    policy: Policy, *, tenant: str, people: Sequence[Signer]
) -> None:
    """Require that a policy leaves a way to another one, and to a freeze.

    Raises:
        RefusedError: It does not; says who would be locked out.
    """
    homes = (tenant,) if tenant else ("", ANY_TENANT)
    for home in homes:
        for need in _CHANGE:
            if not home and need.role not in OPERATOR_ROLES:
                continue
            anybody = [_somebody(need.role, home, n) for n in range(need.together)]
            there = [p for p in people if p.has(need.role, tenant=home)]
            for group in (anybody, there):
                if group and not _is_possible(policy, need.action, home, group):
                    raise RefusedError(
                        f"under this policy {need.words} any more",
                        code=Code.POLICY_LOCKS_OUT,
                        hint="leave them a way; see `listkeep policy check FILE`",
                    )


def _somebody(role: Role, tenant: str, number: int) -> Signer:
    home = "" if role in OPERATOR_ROLES else tenant
    return Signer(person=f"p_{number}", tenant=home, roles=frozenset({role}))


def _is_possible(
    policy: Policy, action: Action, tenant: str, people: Sequence[Signer]
) -> bool:
    rules, owners = policy.rules(tenant), len(people)
    return any(
        rules.ask(
            gather(
                _terms(action, tenant),
                requester=requester,
                approvers=people,
                circumstances=Circumstances(owners=owners, signed_at=_BEGIN),
                now=_BEGIN + wait,
            )
        ).allowed
        for requester in people
        for wait in _WAITS
    )


def _terms(action: Action, tenant: str) -> Terms:
    return Terms(
        keeper="",
        action=action,
        tenant=tenant,
        list="",
        selection="",
        cap=0,
        purpose="another policy",
        recipient="",
        subject="",
        not_before=_BEGIN,
        expires=_BEGIN + timedelta(days=7),
        nonce="",
        facts="",
    )
