"""What the keeper tells people about the policy in force."""

from listkeep.wire.base import Credential, Id, Message


class ExplainRequest(Message, frozen=True, kw_only=True):
    """Ask what the policy in force says to one request."""

    session: Credential
    request: Id


class Explanation(Message, frozen=True, kw_only=True):
    """What it says: in words, and as names of its statements."""

    lines: tuple[str, ...]
    permits: tuple[str, ...]
    forbids: tuple[str, ...]
    missing: tuple[str, ...]
    then: tuple[str, ...]  # what would permit it with what is missing


class ShowPolicy(Message, frozen=True, kw_only=True):
    """Ask for the policy in force, for a tenant or the operator."""

    session: Credential
    tenant: str = ""


class PolicyTexts(Message, frozen=True, kw_only=True):
    """The texts in force: ``floor``, ``bounds``, and a tenant's by who set them."""

    texts: dict[str, str]
    digest: str
