"""The policy in force: the operator's text, and what tightens it for one tenant.

Only the operator's text can permit. A tenant's owners and the operator's custodians
each have a text of their own for a tenant, which can only forbid, so neither side
lifts what the other has tightened.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache

from listkeep.core.canonical import encode

from .policy import Budget, Role
from .reading import load, read_policy, require_forbids_only
from .rules import Rules, compile_rules


@dataclass(frozen=True, slots=True)
class Policy:
    """Texts, and what they answer."""

    floor: str
    stricter: tuple[tuple[str, Role, str], ...] = ()  # tenant, who set it, text

    def texts(self, tenant: str) -> dict[str, str]:
        """Name the texts that decide about a tenant, or about the operator."""
        own = {who.value: text for home, who, text in self.stricter if home == tenant}
        return {"floor": self.floor, **own}

    def rules(self, tenant: str) -> Rules:
        """Give what decides about a tenant, or about the operator."""
        return compile_rules(*self.texts(tenant).values())

    def with_text(self, text: str, *, tenant: str, side: Role) -> "Policy":
        """Put a text into force in the place of the one before it.

        Raises:
            MalformedError: It cannot be read, or permits something in a tenant.
        """
        statements = read_policy(text)
        if not tenant:
            return replace(self, floor=text)
        require_forbids_only(statements)
        others = [each for each in self.stricter if each[:2] != (tenant, side)]
        return replace(self, stricter=tuple(sorted([*others, (tenant, side, text)])))

    def digest(self, tenant: str = "") -> str:
        """Name everything a decision about a tenant depends on but its facts."""
        return _digest(tuple(self.texts(tenant).items()), repr(Budget()))


@lru_cache(maxsize=1024)
def _digest(texts: tuple[tuple[str, str], ...], budget: str) -> str:
    own = {name: load(name) for name in ("bounds.cedar", "schema.cedarschema")}
    values = {**dict(texts), **own, "budget": budget}
    return hashlib.sha256(encode(values)).hexdigest()


DEFAULT_POLICY = Policy(load("default.cedar"))
