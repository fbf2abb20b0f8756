"""Ask Cedar: one request's facts, one answer.

Allowed means that the engine said ``Allow`` and met no error. Both halves count: the
engine skips a forbid that fails to evaluate, and ``NoDecision`` is a third answer. The
schema is always given, and ids are structured values, never parts of a text.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cedarpy import Decision, Entities, PolicySet, is_authorized

from .policy import Role
from .reading import OPERATOR_ID, Statement, load, read_policy, schema

LARGEST = 2**62  # two of them can be added
LONGEST_WAIT = 90 * 86_400  # no request lives longer
_NAMES = tuple(role.value for role in Role)
EVERYBODY = 9  # approvals of each role: more than any policy sensibly counts


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Everything a statement can look at, in plain values."""

    action: str
    tenant: str  # empty: the operator
    person: str  # empty: nobody yet
    roles: tuple[Role, ...]  # those that count here
    home: str
    company: str
    team: str
    approvals: tuple[int, ...] = (0,) * len(Role)  # in the order of the roles
    cap: int
    recent_rows: int
    waited: int
    sole_owner: bool
    about_owner: bool
    loosens: bool
    lesson_lapsed: bool
    incident_open: bool
    unusual: bool
    standing: bool
    hour: int
    early: bool = False

    def context(self) -> dict[str, Any]:
        """Spell the circumstances as the schema has them."""
        return {
            "approvals": dict(zip(_NAMES, self.approvals, strict=True)),
            "cap": self.cap,
            "recent_rows": self.recent_rows,
            "waited": self.waited,
            "in_window": True,  # outside of it nobody is asked
            "sole_owner": self.sole_owner,
            "about_owner": self.about_owner,
            "loosens": self.loosens,
            "lesson_lapsed": self.lesson_lapsed,
            "incident_open": self.incident_open,
            "unusual": self.unusual,
            "early": self.early,
            "standing": self.standing,
            "hour": self.hour,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the engine said, and the statements that decided it."""

    allowed: bool
    statements: tuple[Statement, ...] = ()
    failed: bool = False  # a statement could not be evaluated, or the facts not read


@dataclass(frozen=True, slots=True, eq=False)  # one for the same texts, see below
class Rules:
    """Texts that are in force together, read once."""

    handle: PolicySet
    statements: tuple[Statement, ...]

    def ask(self, facts: Facts) -> Verdict:
        """Judge one request."""
        numbers = (facts.cap, facts.recent_rows, facts.waited, *facts.approvals)
        if not all(0 <= number <= LARGEST for number in numbers):
            return Verdict(allowed=False, failed=True)
        request = {
            "principal": {"type": "Person", "id": facts.person},
            "action": {"type": "Action", "id": facts.action},
            "resource": {
                "type": kind_of(facts.tenant),
                "id": facts.tenant or OPERATOR_ID,
            },
            "context": facts.context(),
        }
        try:
            asker = _person(
                facts.person, facts.roles, facts.home, facts.company, facts.team
            )
            answer = is_authorized(request, self.handle, asker, schema())
        except ValueError:  # an id that is no text, a role nobody declared
            return Verdict(allowed=False, failed=True)
        failed = bool(answer.diagnostics.errors)
        return Verdict(
            allowed=answer.decision is Decision.Allow and not failed,
            statements=tuple(
                self.statements[int(name.removeprefix("policy"))]
                for name in sorted(answer.diagnostics.reasons)
            ),
            failed=failed or answer.decision is Decision.NoDecision,
        )

    def counted(self, action: str, tenant: str) -> list[Role]:
        """List the roles whose approval some statement about this looks at."""
        named = {
            name
            for each in self.statements
            if (each.actions is None or action in each.actions)
            and each.resource in (None, kind_of(tenant))
            for name in each.counts
        }
        return [role for role in Role if role in named or "*" in named]


def kind_of(tenant: str) -> str:
    """Name the kind of resource a tenant's id, or none, stands for."""
    return "Tenant" if tenant else "Operator"


@lru_cache(maxsize=256)
def compile_rules(*texts: str) -> Rules:
    """Put texts into force together, and beside them what no text can give away.

    Raises:
        MalformedError: One of them cannot be read.
    """
    all_texts = (*texts, load("bounds.cedar"))
    statements = tuple(each for text in all_texts for each in read_policy(text))
    return Rules(PolicySet.from_str("\n".join(all_texts)), statements)


@lru_cache(maxsize=4096)
def _person(  # one handle for each person who asks
    person: str, roles: tuple[Role, ...], home: str, company: str, team: str
) -> Entities:
    entity = {
        "uid": {"type": "Person", "id": person},
        "attrs": {"tenant": home, "company": company, "team": team},
        "parents": [{"type": "Role", "id": role.value} for role in roles],
    }
    return Entities.from_json_str(json.dumps([entity]), schema())
