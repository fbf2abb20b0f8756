"""Whose word counts for what, beyond the roles the policy speaks of.

- A first owner's word releases nothing before two custodians heard the key's words.
- A recovered person's word releases and approves nothing for 72 hours.
- Passkeys are added by the person they sign for; they are replaced by others.
- Nobody helps in a recovery who was recovered within 30 days.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from listkeep.core.grants import Action, Decision, Role, Signer, Terms

from .facts import Person

RELEASES = frozenset({Action.REVEAL, Action.EXPORT, Action.SEND})
LIMITED_FOR = timedelta(hours=72)
RECOVERED_RECENTLY = timedelta(days=30)
LEAST_CHOSEN = 2
MOST_CHOSEN = 5
# Requests about one person, who is named in the subject.
ABOUT_A_PERSON = frozenset(
    {
        *(Action.PERSON_CONFIRM, Action.PASSKEY_ADD, Action.PASSKEY_REPLACE),
        *(Action.RECOVERY_CHOOSE, Action.PERSON_REVOKE),
    }
)
_OF_ONESELF = frozenset({Action.PASSKEY_ADD, Action.RECOVERY_CHOOSE})


def find_objection(
    person: Person, terms: Terms, decision: str, *, about: Person | None, now: datetime
) -> str:
    """Say why this person's word does not count for these terms now, or nothing.

    To deny is open to whoever may deny by role: it releases nothing.
    """
    if decision == Decision.DENY:
        return ""
    if terms.action in RELEASES and person.waits_for:
        return "two custodians have to confirm the words of the passkey first"
    if _is_limited(person, terms, decision, now):
        return (
            "the passkey was replaced within 72 hours: "
            "till then its person releases and approves nothing"
        )
    if terms.action in _OF_ONESELF and decision == Decision.REQUEST:
        return "" if about == person else "everybody asks for this in the own name"
    if terms.action is Action.PASSKEY_REPLACE and _was_recovered(person, now):
        return "who was recovered within 30 days does not help in a recovery"
    return ""


def may_recover(people: Mapping[str, Person], lost: Person, person: Person) -> bool:
    """Tell whether a person may ask for, or approve, the recovery of another.

    Those whom the lost person chose, if two of them are still there; else the owners
    of the tenant, or the custodians. Never the help desk, and never another side.
    """
    chosen = [name for name in lost.recovery if name in people]
    if not may_be_chosen(lost, person):
        return False
    if len(chosen) >= LEAST_CHOSEN:
        return person.id in chosen
    return person.role in (Role.OWNER, Role.CUSTODIAN)


def may_be_chosen(lost: Person, person: Person) -> bool:
    """Tell whether a person could help another in a recovery.

    An agency's people help nobody: their side is another company.
    """
    is_other = person.id != lost.id and person.tenant == lost.tenant
    return is_other and person.role is not Role.SUPPORT and not person.company


def helper(people: Mapping[str, Person], lost: Person | None, person: Person) -> Signer:
    """Describe a person for the decision on a recovery, in which all helpers are equal.

    Whom the lost person chose stands in for an owner, or a custodian, in this one
    matter; everybody else has no role in it.
    """
    role = Role.OWNER if person.tenant else Role.CUSTODIAN
    is_helper = lost is not None and may_recover(people, lost, person)
    return Signer(
        person=person.id,
        tenant=person.tenant,
        roles=frozenset({role}) if is_helper else frozenset(),
        team=person.team,
    )


def _is_limited(person: Person, terms: Terms, decision: str, now: datetime) -> bool:
    if person.limited_until is None or now >= person.limited_until:
        return False
    return (
        decision == Decision.APPROVE
        or terms.action in RELEASES
        or terms.action is Action.RECOVERY_CHOOSE
    )


def _was_recovered(person: Person, now: datetime) -> bool:
    at = person.recovered_at
    return at is not None and now < at + RECOVERED_RECENTLY
