"""What happens to people's passkeys: confirmed, added, replaced; and who may help.

Each change is checked before anybody signs for it and made when it was granted, from
the same terms by the same functions.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from listkeep.core.errors import (
    Code,
    ConflictError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from listkeep.core.grants import Action, Decision, Terms

from .facts import Person, RequestFacts
from .keyring import MOST_KEYS, format_keys, parse_keys, require_enough, require_kinds
from .passkeys import Credential
from .standing import LEAST_CHOSEN, LIMITED_FOR, MOST_CHOSEN, may_be_chosen
from .state import Registry
from .words import six_words

_FIELDS = {
    Action.PERSON_CONFIRM: {"id", "words"},
    Action.PASSKEY_ADD: {"id", "keys"},
    Action.PASSKEY_REPLACE: {"id", "keys", "words"},
    Action.RECOVERY_CHOOSE: {"id", "recovery"},
}
PASSKEY_CHANGES = frozenset(_FIELDS)


def change_passkeys(registry: Registry, request: RequestFacts, *, at: datetime) -> None:
    """Make a granted change.

    Raises:
        ListkeepError: It cannot be made; nothing was.
    """
    terms = request.terms
    person = changed_person(registry, terms, at=at)
    if terms.action is Action.PASSKEY_REPLACE:
        vouchers = unconfirmed_signers(registry, request)
        person = replace(person, waits_for=person.waits_for | vouchers)
        _end_sessions(registry, person)  # begun with passkeys that were lost
    registry.people[person.id] = person
    if terms.action is Action.PERSON_CONFIRM:
        for other in list(registry.people.values()):
            waits_for = other.waits_for - {person.id}
            registry.people[other.id] = replace(other, waits_for=waits_for)


def changed_person(registry: Registry, terms: Terms, *, at: datetime) -> Person:
    """Work out whom a change would leave behind, if it were made now.

    Raises:
        MalformedError: The subject lacks something, or has too much.
        RefusedError: The person is not there, or may not have such passkeys.
        ConflictError: A passkey is taken, or there is nothing left to do.
        VerificationError: The words are of other passkeys.
    """
    subject = terms.subject_fields()
    if set(subject) != _FIELDS[terms.action]:
        raise MalformedError(
            "the subject has missing or unknown fields", code=Code.REQUEST_INVALID
        )
    person = registry.people.get(subject["id"])
    if person is None or person.tenant != terms.tenant:
        raise RefusedError("there is no such person", code=Code.NOT_FOUND)
    match terms.action:
        case Action.PERSON_CONFIRM:
            return _confirmed(person, subject)
        case Action.PASSKEY_ADD:
            return _with_more_keys(registry, person, subject)
        case Action.PASSKEY_REPLACE:
            return _with_other_keys(registry, person, subject, at)
        case _:
            return _with_helpers(registry, person, subject)


def unconfirmed_signers(registry: Registry, request: RequestFacts) -> frozenset[str]:
    """Tell whose passkeys are unconfirmed, of those whose word this rests on.

    Otherwise owners nobody has called yet could bring in people who release.
    """
    return frozenset().union(
        *(
            registry.people[signed.person].waits_for
            for signed in registry.signatures(request)
            if signed.decision != Decision.DENY
        )
    )


def _end_sessions(registry: Registry, person: Person) -> None:
    mine = [n for n, each in registry.sessions.items() if each.person == person.id]
    for name in mine:
        registry.sessions.pop(name)
        registry.ended_sessions.add(name)


def _confirmed(person: Person, subject: Mapping[str, str]) -> Person:
    if not person.waits_for:
        raise ConflictError(
            "this person's passkeys are confirmed", code=Code.ALREADY_EXISTS
        )
    _require_words(subject["words"], format_keys(person.credentials))
    return replace(person, waits_for=frozenset())


def _with_more_keys(
    registry: Registry, person: Person, subject: Mapping[str, str]
) -> Person:
    keys = (*person.credentials, *_new_keys(registry, person, subject))
    if len(keys) > MOST_KEYS:
        raise ConflictError(
            f"a person has at most {MOST_KEYS} passkeys", code=Code.ALREADY_EXISTS
        )
    return replace(person, credentials=keys)


def _with_other_keys(
    registry: Registry, person: Person, subject: Mapping[str, str], at: datetime
) -> Person:
    """Exchange all keys; sessions and signatures of the old ones count no more."""
    _require_words(subject["words"], subject["keys"])
    keys = _new_keys(registry, person, subject)
    require_enough(keys, role=person.role, profile=registry.profile)
    return replace(
        person,
        credentials=keys,
        recovered_at=at,
        limited_until=at + LIMITED_FOR,
    )


def _with_helpers(
    registry: Registry, person: Person, subject: Mapping[str, str]
) -> Person:
    names = tuple(subject["recovery"].split(" "))
    if not LEAST_CHOSEN <= len(set(names)) == len(names) <= MOST_CHOSEN:
        raise MalformedError(
            f"two to {MOST_CHOSEN} different people are chosen",
            code=Code.REQUEST_INVALID,
        )
    for name in names:
        other = registry.people.get(name)
        if other is None or not may_be_chosen(person, other):
            raise RefusedError(
                "a helper is somebody else of the same side, and not the help desk",
                code=Code.NOT_PERMITTED,
            )
    return replace(person, recovery=names)


def _new_keys(
    registry: Registry, person: Person, subject: Mapping[str, str]
) -> tuple[Credential, ...]:
    keys = parse_keys(subject["keys"])
    registry.require_unknown_keys(keys)
    require_kinds(keys, role=person.role, profile=registry.profile)
    return keys


def _require_words(words: str, keys: str) -> None:
    if words != six_words(keys):
        raise VerificationError(
            "these words are not those of the passkeys",
            code=Code.PROOF_INVALID,
            hint="hear them again; if they stay different, somebody else's passkeys "
            "are enrolled",
        )
