"""Requests, statements, and the pure decision over them."""

from .policy import (
    DEFAULT_POLICY,
    OPERATOR_ROLES,
    RIGHTS,
    Budget,
    Circumstances,
    Outcome,
    Right,
    Role,
    Signer,
    Tier,
    decide,
    may_take_part,
    policy_digest,
)
from .statements import Decision, Enrol, Genesis, SignIn, Statement
from .terms import (
    RELEASES,
    Action,
    Terms,
    format_time,
    parse_time,
)

__all__ = [
    "DEFAULT_POLICY",
    "OPERATOR_ROLES",
    "RELEASES",
    "RIGHTS",
    "Action",
    "Budget",
    "Circumstances",
    "Decision",
    "Enrol",
    "Genesis",
    "Outcome",
    "Right",
    "Role",
    "SignIn",
    "Signer",
    "Statement",
    "Terms",
    "Tier",
    "decide",
    "format_time",
    "may_take_part",
    "parse_time",
    "policy_digest",
]
