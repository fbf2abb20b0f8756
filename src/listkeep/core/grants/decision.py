"""Decide a request from the people who signed it.

``decide`` is pure. It is given persons, not signatures: the keeper verifies every
assertion before it lets a signer count. The policy in force decides; what is missing
is found by asking it again (``ways``) and said in words, so that people know before
they sign. A denial by anybody who could have approved ends the request, and so does
the veto of any owner of the tenant while a delay runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from listkeep.core.errors import Code

from .in_force import DEFAULT_POLICY, Policy
from .policy import OPERATOR_ROLES, Role
from .rules import Facts, Rules
from .statements import Decision
from .terms import Terms
from .ways import Way, alone, askers, find_ways, helped, most_rows

_ROLES = tuple(Role)
_ANOTHER_ROLE = "a requester whose role may ask for this"
_OWN_SIGNATURE = "the requester's own signature"


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """A person whose valid signature on the terms has been verified."""

    person: str
    tenant: str  # empty: the operator
    roles: frozenset[Role]
    team: str = ""
    company: str = ""  # an agency; empty: the tenant's or the operator's own

    def has(self, role: Role, *, tenant: str) -> bool:
        """Tell whether the person holds the role where it counts."""
        return role in self.roles and self.tenant == _home(role, tenant)


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What the decision needs to know beyond the terms."""

    owners: int  # the tenant's owners who could sign
    recent_rows: int = 0  # rows of copies this recipient got within 30 days
    signed_at: datetime | None = None  # the last signature that counts
    about_owner: bool = False  # a revocation would remove an owner
    loosens: bool = False  # a ceiling would rise
    lesson_lapsed: bool = False  # the requester's
    incident_open: bool = False  # the tenant's, or the operator's
    early: bool = False  # nothing of long standing is there yet
    unusual: bool = False  # a send of what the tenant never sent, or far more of it
    standing: bool = False  # a send that goes on by itself
    hour: int = 12  # of the day in UTC, in which it was asked for


@dataclass(frozen=True, slots=True)
class Outcome:
    """Granted, or what is still missing in words people understand."""

    missing: tuple[str, ...] = ()
    opens_at: datetime | None = None
    code: Code | None = None

    @property
    def granted(self) -> bool:
        """Tell whether nothing is missing."""
        return not self.missing


def decide(  # noqa: PLR0913 - keyword-only, one fact each
    terms: Terms,
    *,
    requester: Signer | None,
    approvers: Sequence[Signer],
    circumstances: Circumstances,
    now: datetime,
    policy: Policy = DEFAULT_POLICY,
) -> Outcome:
    """Say whether these people are enough for these terms at this moment.

    The order: time window, requester, the policy in force. People who share a team
    with the requester do not count as approvers, and nobody counts twice.
    """
    if now >= terms.expires:
        return Outcome(("a new request: this one has expired",), code=Code.EXPIRED)
    if now < terms.not_before:
        return _waiting(terms.not_before, terms.tenant)
    rules = policy.rules(terms.tenant)
    facts = gather(
        terms,
        requester=requester,
        approvers=approvers,
        circumstances=circumstances,
        now=now,
    )
    if requester is None:
        return _unasked(rules, facts)
    if rules.ask(facts).allowed:
        return Outcome()
    return _still_missing(rules, facts, circumstances.signed_at)


def gather(
    terms: Terms,
    *,
    requester: Signer | None,
    approvers: Sequence[Signer],
    circumstances: Circumstances,
    now: datetime,
) -> Facts:
    """Put into plain values what a policy can look at."""
    who = requester or Signer(person="", tenant="", roles=frozenset())
    signed_at = circumstances.signed_at
    waited = max(now - signed_at, timedelta()) if signed_at else timedelta()
    return Facts(
        action=terms.action.value,
        tenant=terms.tenant,
        person=who.person,
        roles=_held(who, terms.tenant),
        home=who.tenant,
        company=who.company,
        team=who.team,
        approvals=_count(requester, approvers, tenant=terms.tenant),
        cap=terms.cap,
        recent_rows=circumstances.recent_rows,
        waited=waited // timedelta(seconds=1),
        sole_owner=circumstances.owners == 1,
        about_owner=circumstances.about_owner,
        loosens=circumstances.loosens,
        lesson_lapsed=circumstances.lesson_lapsed,
        incident_open=circumstances.incident_open,
        unusual=circumstances.unusual,
        early=circumstances.early,
        standing=circumstances.standing,
        hour=circumstances.hour,
    )


def may_sign(
    terms: Terms, signer: Signer, decision: Decision, policy: Policy = DEFAULT_POLICY
) -> bool:
    """Tell whether this person's word on these terms could count.

    Who could ever be granted this may request it; whose approval some statement about
    it counts may approve; and to deny is open to those and to every owner of the
    tenant.
    """
    rules = policy.rules(terms.tenant)
    facts = gather(
        terms,
        requester=signer,
        approvers=(),
        circumstances=Circumstances(owners=2),
        now=terms.not_before,
    )
    if decision is Decision.REQUEST:
        return _could_ask(rules, facts)
    may_approve = any(
        signer.has(role, tenant=terms.tenant)
        for role in rules.counted(terms.action, terms.tenant)
    )
    is_owner = signer.has(Role.OWNER, tenant=terms.tenant)
    return may_approve or (decision is Decision.DENY and is_owner)


def _home(role: Role, tenant: str) -> str:
    return "" if role in OPERATOR_ROLES else tenant


def _held(signer: Signer, tenant: str) -> tuple[Role, ...]:
    """List the roles a person holds that count for a tenant."""
    return tuple(role for role in _ROLES if signer.has(role, tenant=tenant))


def _same(signer: Signer, requester: Signer) -> bool:
    if signer.person == requester.person:
        return True
    mates = signer.tenant == requester.tenant and signer.team == requester.team
    return mates and bool(signer.team)


def _count(
    requester: Signer | None, approvers: Sequence[Signer], *, tenant: str
) -> tuple[int, ...]:
    """Count distinct persons by role, each in the first of theirs that counts here."""
    people = {
        signer.person: _held(signer, tenant)[:1]
        for signer in approvers
        if requester is None or not _same(signer, requester)
    }
    counted = [role for held in people.values() for role in held]
    return tuple(counted.count(role) for role in _ROLES)


def _could_ask(rules: Rules, facts: Facts) -> bool:
    """Tell whether a person could be granted this in any circumstances."""
    return any(
        rules.ask(helped(replace(facts, cap=cap, sole_owner=sole))).allowed
        for cap in dict.fromkeys((facts.cap, min(facts.cap, 1)))
        for sole in (False, True)
    )


def _unasked(rules: Rules, facts: Facts) -> Outcome:
    """Say who could ask: the role that needs the fewest others."""
    found = [(asker, find_ways(rules, asker)) for asker in askers(facts)]
    able = [(ways[0], asker) for asker, ways in found if ways]
    if not able:
        return _out_of_reach(rules, alone(facts), tuple(alone(a) for a, _ in found))
    way, _ = min(able, key=lambda each: each[0].size)
    missing = map(_approval, way.lacking(facts.approvals))
    return Outcome((_OWN_SIGNATURE, *missing), code=Code.NOT_GRANTED)


def _still_missing(rules: Rules, facts: Facts, signed_at: datetime | None) -> Outcome:
    """Say what the requester still needs, or why nothing would help."""
    ways = find_ways(rules, facts)
    if not ways:
        return _out_of_reach(rules, alone(facts), (alone(facts),))
    lacking = ways[0].lacking(facts.approvals)
    patient = [way for way in ways if not way.lacking(facts.approvals)]
    if not patient:
        return Outcome(tuple(map(_approval, lacking)), code=Code.NOT_GRANTED)
    waiting = _wait(patient[0], signed_at, facts.tenant)
    if not lacking:
        return waiting
    either = " or ".join((*map(_approval, lacking), *waiting.missing))
    return replace(waiting, missing=(either,))


@lru_cache(maxsize=4096)
def _out_of_reach(rules: Rules, facts: Facts, asking: tuple[Facts, ...]) -> Outcome:
    """Say what no approval and no time would change."""
    rows = max((most_rows(rules, asker) for asker in asking), default=0)
    if rows:
        return Outcome(
            (f"fewer rows: at most {rows} in one {facts.action}",),
            code=Code.CAP_EXCEEDED,
        )
    could = any(_could_ask(rules, asker) for asker in askers(facts))
    mine = [rules.ask(helped(asker)) for asker in asking]
    says = dict.fromkeys(each.says for verdict in mine for each in verdict.statements)
    if says and not could:
        return Outcome(
            tuple(f"another policy: {text}" for text in says), code=Code.NOT_PERMITTED
        )
    return Outcome((_ANOTHER_ROLE,), code=Code.NOT_PERMITTED)


def _approval(role: Role) -> str:
    where = "the operator" if role in OPERATOR_ROLES else "the tenant"
    return f"the approval of another {role} of {where}"


def _wait(way: Way, signed_at: datetime | None, tenant: str) -> Outcome:
    if signed_at is None:
        return Outcome(("a signature",), code=Code.NOT_GRANTED)
    return _waiting(signed_at + timedelta(seconds=way.delay), tenant)


def _waiting(opens_at: datetime, tenant: str) -> Outcome:
    who = "an owner" if tenant else "a custodian"
    return Outcome(
        (f"time: it opens at {opens_at:%Y-%m-%d %H:%M} UTC, {who} can deny it",),
        opens_at=opens_at,
        code=Code.NOT_GRANTED,
    )
