"""Find out what would be enough: the same policy, asked again with a little more.

A policy can only answer yes or no. So it is asked with one more approval after the
other, the smallest sets first, with time passed, with fewer rows and for people of
other roles, until it says yes. What is found is told to people and decides nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations_with_replacement

from .policy import OPERATOR_ROLES, Role
from .rules import EVERYBODY, LONGEST_WAIT, Facts, Rules

MOST_APPROVALS = 3  # that are looked for; a policy may ask for more


@dataclass(frozen=True, slots=True)
class Way:
    """Approvals by role, and seconds to wait, that together are enough."""

    approvals: tuple[int, ...]
    delay: int

    @property
    def size(self) -> tuple[int, int]:
        """Order ways: the sooner first, then the fewer people."""
        return self.delay, sum(self.approvals)

    def lacking(self, approvals: Sequence[int]) -> list[Role]:
        """List the roles of those who have not approved yet."""
        pairs = zip(Role, self.approvals, approvals, strict=True)
        return [role for role, want, have in pairs for _ in range(want - have)]


def find_ways(rules: Rules, facts: Facts) -> tuple[Way, ...]:
    """Find the smallest ways to a grant, the soonest first; none if there is none."""
    return _find_ways(rules, alone(facts))


@lru_cache(maxsize=4096)
def _find_ways(rules: Rules, bare: Facts) -> tuple[Way, ...]:
    if not rules.ask(helped(bare)).allowed:
        return ()
    ways: list[Way] = []
    for approvals in _sets(rules.counted(bare.action, bare.tenant)):
        smaller = [way for way in ways if not way.lacking(approvals)]
        longest = min([way.delay - 1 for way in smaller], default=LONGEST_WAIT)
        if longest < 0 or not _allows(rules, bare, approvals, longest):
            continue
        ways.append(Way(approvals, _shortest(rules, bare, approvals, longest)))
    return tuple(sorted(ways, key=lambda way: way.size))


def alone(facts: Facts) -> Facts:
    """Take away all that approvals and time have added."""
    return replace(facts, approvals=(0,) * len(Role), waited=0)


def helped(facts: Facts) -> Facts:
    """Add all that approvals and time could add."""
    return replace(facts, approvals=(EVERYBODY,) * len(Role), waited=LONGEST_WAIT)


def most_rows(rules: Rules, facts: Facts) -> int:
    """Find how many rows could be granted where these are too many; 0 if none."""
    low, high = 0, facts.cap
    while high - low > 1:
        middle = (low + high) // 2
        enough = rules.ask(helped(replace(facts, cap=middle))).allowed
        low, high = (middle, high) if enough else (low, middle)
    return low


def askers(facts: Facts) -> Iterator[Facts]:
    """Put somebody of each role in the requester's place."""
    for role in Role:
        at_operator = role in OPERATOR_ROLES
        if at_operator or facts.tenant:
            home = "" if at_operator else facts.tenant
            yield replace(
                facts, person="", roles=(role,), home=home, company="", team=""
            )


def _sets(roles: Sequence[Role]) -> Iterator[tuple[int, ...]]:
    for size in range(MOST_APPROVALS + 1):
        for chosen in combinations_with_replacement(roles, size):
            yield tuple(chosen.count(role) for role in Role)


def _allows(
    rules: Rules, facts: Facts, approvals: tuple[int, ...], waited: int
) -> bool:
    return rules.ask(replace(facts, approvals=approvals, waited=waited)).allowed


def _shortest(
    rules: Rules, facts: Facts, approvals: tuple[int, ...], longest: int
) -> int:
    """Find the shortest wait that is enough, where the longest is."""
    if _allows(rules, facts, approvals, 0):
        return 0
    low, high = 0, longest
    while high - low > 1:
        middle = (low + high) // 2
        enough = _allows(rules, facts, approvals, middle)
        low, high = (low, middle) if enough else (middle, high)
    return high
