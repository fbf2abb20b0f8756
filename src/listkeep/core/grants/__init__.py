"""Requests, statements, and the pure decision over them."""

from .decision import Circumstances, Outcome, Signer, decide, may_sign
from .in_force import DEFAULT_POLICY, Policy
from .policy import GUEST_RIGHTS, OPERATOR_ROLES, RIGHTS, Budget, Right, Role
from .statements import Decision, Enrol, Genesis, Recovery, SignIn, Statement
from .terms import (
    Action,
    Terms,
    format_time,
    parse_time,
)

__all__ = [
    "DEFAULT_POLICY",
    "GUEST_RIGHTS",
    "OPERATOR_ROLES",
    "RIGHTS",
    "Action",
    "Budget",
    "Circumstances",
    "Decision",
    "Enrol",
    "Genesis",
    "Outcome",
    "Policy",
    "Recovery",
    "Right",
    "Role",
    "SignIn",
    "Signer",
    "Statement",
    "Terms",
    "decide",
    "format_time",
    "may_sign",
    "parse_time",
]
