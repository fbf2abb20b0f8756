"""Say which statements of the policy speak about a request, and what they want."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from .decision import Circumstances, Outcome, Signer, decide, gather
from .in_force import DEFAULT_POLICY, Policy
from .reading import Statement
from .rules import Facts, Rules
from .terms import Terms
from .ways import Way, askers, find_ways


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What the policy says to a request now, and what it would say with the rest."""

    outcome: Outcome
    permits: tuple[Statement, ...]  # that hold now
    forbids: tuple[Statement, ...]  # that hold now
    then: tuple[Statement, ...]  # that would permit it with what is missing


def explain(  # noqa: PLR0913 - keyword-only, the same facts as a decision's
    terms: Terms,
    *,
    requester: Signer | None,
    approvers: Sequence[Signer],
    circumstances: Circumstances,
    now: datetime,
    policy: Policy = DEFAULT_POLICY,
) -> Explanation:
    """Decide a request and name the statements behind the answer."""
    outcome = decide(
        terms,
        requester=requester,
        approvers=approvers,
        circumstances=circumstances,
        now=now,
        policy=policy,
    )
    facts = gather(
        terms,
        requester=requester,
        approvers=approvers,
        circumstances=circumstances,
        now=now,
    )
    rules = policy.rules(terms.tenant)
    holds = rules.ask(facts).statements
    permits = tuple(each for each in holds if each.effect == "permit")
    return Explanation(
        outcome=outcome,
        permits=permits,
        forbids=tuple(each for each in holds if each.effect == "forbid"),
        then=() if outcome.granted else _then(rules, facts),
    )


def _then(rules: Rules, facts: Facts) -> tuple[Statement, ...]:
    """Name what would permit it: each of the ways there are, the soonest first."""
    asking = [facts] if facts.roles else list(askers(facts))
    ways = [(way, asker) for asker in asking for way in find_ways(rules, asker)]
    ways.sort(key=lambda pair: pair[0].size)
    verdicts = [rules.ask(_with(asker, way)) for way, asker in ways]
    found = [each for verdict in verdicts for each in verdict.statements]
    return tuple(dict.fromkeys(found))


def _with(facts: Facts, way: Way) -> Facts:
    return replace(facts, approvals=way.approvals, waited=way.delay)
