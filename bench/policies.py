"""What the custodians of a measured instance agree on."""

import hashlib

from listkeep.core.canonical import encode
from listkeep.core.grants.in_force import DEFAULT_POLICY
from listkeep.drill.stage import Stage

# By default an hour passes, in which an owner can deny, before many rows leave.
_AT_ONCE = """
@id("bench-export")
@says("two owners release any number of rows at once")
permit (principal in Role::"owner", action == Action::"export", resource is Tenant)
when { context.approvals.owner >= 1 };
"""


def allow_large_exports(stage: Stage, *, by: tuple[str, str]) -> None:
    """Have two custodians put a policy into force that makes no export wait."""
    policy = DEFAULT_POLICY.floor + _AT_ONCE
    subject = {"sha256": hashlib.sha256(policy.encode()).hexdigest()}
    stage.agree(*by, "policy.set", subject=encode(subject).decode(), policy=policy)
