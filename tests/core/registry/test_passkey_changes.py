from dataclasses import replace
from datetime import timedelta

import pytest

from listkeep.core.errors import (
    ConflictError,
    ListkeepError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from listkeep.core.grants import Action, Statement
from listkeep.core.registry.facts import Signed
from listkeep.core.registry.keyring import format_keys
from listkeep.core.registry.passkey_changes import (
    PASSKEY_CHANGES,
    change_passkeys,
    changed_person,
    unconfirmed_signers,
)
from listkeep.core.registry.passkeys import Kind, RecordedAssertion
from listkeep.core.registry.state import Registry
from listkeep.core.registry.words import six_words
from tests.core.grants.cast import NOON
from tests.core.registry.cast import (
    make_key,
    make_registry,
    request_of,
    terms_of,
)

FIRST, SECOND = make_key("fresh1AA"), make_key("fresh2AA")
FRESH = format_keys([FIRST])
WORDS = six_words(FRESH)


@pytest.fixture
def registry() -> Registry:
    return make_registry()


def signed(registry: Registry, name: str, decision: str) -> Signed:
    person = registry.people[f"p_{name}"]
    statement = Statement(
        keeper="k_demo",
        person=person.id,
        credential=person.credentials[0].id,
        decision=decision,
        request="00" * 32,
    )
    assertion = RecordedAssertion(statement.format(), b"", b"", b"")
    return Signed(person.id, decision, NOON, assertion)


def words_of(registry: Registry, name: str) -> str:
    return six_words(format_keys(registry.people[name].credentials))


# --- confirmed -------------------------------------------------------------------


def unconfirmed(registry: Registry, name: str, *whom: str) -> None:
    person = registry.people[name]
    registry.people[name] = replace(person, waits_for=frozenset(whom))


def test_a_confirmed_person_waits_for_nobody(registry: Registry) -> None:
    unconfirmed(registry, "p_ada", "p_ada")
    unconfirmed(registry, "p_ben", "p_ada", "p_amir")
    words = words_of(registry, "p_ada")
    terms = terms_of(Action.PERSON_CONFIRM, id="p_ada", words=words)

    change_passkeys(registry, request_of(terms), at=NOON)

    assert not registry.people["p_ada"].waits_for
    assert registry.people["p_ben"].waits_for == {"p_amir"}


def test_whoever_is_confirmed_is_not_confirmed_again(registry: Registry) -> None:
    terms = terms_of(
        Action.PERSON_CONFIRM, id="p_ada", words=words_of(registry, "p_ada")
    )

    with pytest.raises(ConflictError):
        changed_person(registry, terms, at=NOON)


def test_other_words_confirm_nobody(registry: Registry) -> None:
    unconfirmed(registry, "p_ada", "p_ada")
    words = words_of(registry, "p_ada")
    for other in ("", WORDS, words.upper(), words.replace(" ", "-"), f"{words} "):
        terms = terms_of(Action.PERSON_CONFIRM, id="p_ada", words=other)
        with pytest.raises(VerificationError):
            changed_person(registry, terms, at=NOON)


def test_a_key_added_meanwhile_changes_the_words(registry: Registry) -> None:
    unconfirmed(registry, "p_ada", "p_ada")
    words = words_of(registry, "p_ada")
    add = terms_of(Action.PASSKEY_ADD, id="p_ada", keys=FRESH)
    change_passkeys(registry, request_of(add), at=NOON)

    terms = terms_of(Action.PERSON_CONFIRM, id="p_ada", words=words)
    with pytest.raises(VerificationError):
        changed_person(registry, terms, at=NOON)


def test_what_rests_on_unconfirmed_people_waits_for_them(registry: Registry) -> None:
    unconfirmed(registry, "p_ada", "p_ada")
    unconfirmed(registry, "p_amir", "p_amir", "p_old")
    request = request_of(terms_of(Action.PERSON_ADD))
    assert unconfirmed_signers(registry, request) == frozenset()

    request.signed.append(signed(registry, "ada", "request"))
    request.signed.append(signed(registry, "ben", "approve"))
    assert unconfirmed_signers(registry, request) == {"p_ada"}
    request.signed.append(signed(registry, "amir", "deny"))
    assert unconfirmed_signers(registry, request) == {"p_ada"}
    request.signed.append(signed(registry, "amir", "approve"))
    assert unconfirmed_signers(registry, request) == {"p_ada", "p_amir", "p_old"}


# --- added -----------------------------------------------------------------------


def test_a_further_key_stands_behind_the_others(registry: Registry) -> None:
    before = registry.people["p_ada"]
    terms = terms_of(Action.PASSKEY_ADD, id="p_ada", keys=FRESH)

    after = changed_person(registry, terms, at=NOON)

    assert after == replace(before, credentials=(*before.credentials, FIRST))
    assert registry.people["p_ada"] == before


def test_a_key_that_signs_for_somebody_is_not_added(registry: Registry) -> None:
    for name in ("p_ada", "p_eve"):
        taken = format_keys(registry.people[name].credentials)
        terms = terms_of(Action.PASSKEY_ADD, id="p_ada", keys=taken)
        with pytest.raises(ConflictError):
            changed_person(registry, terms, at=NOON)


def test_more_than_four_keys_are_not_had(registry: Registry) -> None:
    keys = [make_key(f"more{number}AAA") for number in range(4)]
    three = terms_of(Action.PASSKEY_ADD, id="p_ada", keys=format_keys(keys[:3]))
    four = terms_of(Action.PASSKEY_ADD, id="p_ada", keys=format_keys(keys))

    assert len(changed_person(registry, three, at=NOON).credentials) == 4
    with pytest.raises(ConflictError):
        changed_person(registry, four, at=NOON)


@pytest.mark.parametrize("action", [Action.PASSKEY_ADD, Action.PASSKEY_REPLACE])
def test_an_owners_new_keys_are_hardware_outside_the_demo(action: Action) -> None:
    registry = make_registry("production")
    keys = format_keys([make_key("syncedAA", Kind.SYNCED)])
    words = {"words": six_words(keys)} if action is Action.PASSKEY_REPLACE else {}

    with pytest.raises(RefusedError, match="synced"):
        changed_person(
            registry, terms_of(action, id="p_ada", keys=keys, **words), at=NOON
        )


# --- replaced --------------------------------------------------------------------


def test_replaced_keys_are_gone_and_the_person_is_limited(registry: Registry) -> None:
    terms = terms_of(Action.PASSKEY_REPLACE, id="p_ada", keys=FRESH, words=WORDS)

    change_passkeys(registry, request_of(terms), at=NOON)

    after = registry.people["p_ada"]
    assert after.credentials == (FIRST,)
    assert after.recovered_at == NOON
    assert after.limited_until == NOON + timedelta(hours=72)


def test_a_recovery_by_people_nobody_confirmed_confirms_nobody(
    registry: Registry,
) -> None:
    unconfirmed(registry, "p_amir", "p_amir")
    terms = terms_of(Action.PASSKEY_REPLACE, id="p_ada", keys=FRESH, words=WORDS)
    request = request_of(terms)
    request.signed.append(signed(registry, "amir", "request"))

    change_passkeys(registry, request, at=NOON)

    assert registry.people["p_ada"].waits_for == {"p_amir"}


def test_the_words_of_other_keys_replace_nothing(registry: Registry) -> None:
    words = six_words(format_keys([SECOND]))
    terms = terms_of(Action.PASSKEY_REPLACE, id="p_ada", keys=FRESH, words=words)

    with pytest.raises(VerificationError):
        changed_person(registry, terms, at=NOON)


def test_an_old_key_does_not_replace_itself(registry: Registry) -> None:
    old = format_keys(registry.people["p_ada"].credentials)
    terms = terms_of(Action.PASSKEY_REPLACE, id="p_ada", keys=old, words=six_words(old))

    with pytest.raises(ConflictError):
        changed_person(registry, terms, at=NOON)


def test_an_owner_gets_two_keys_outside_the_demo() -> None:
    registry = make_registry("production")
    one = terms_of(Action.PASSKEY_REPLACE, id="p_ada", keys=FRESH, words=WORDS)
    both = format_keys([FIRST, SECOND])
    two = terms_of(Action.PASSKEY_REPLACE, id="p_ada", keys=both, words=six_words(both))

    with pytest.raises(RefusedError, match="two hardware keys"):
        changed_person(registry, one, at=NOON)
    assert changed_person(registry, two, at=NOON).credentials == (FIRST, SECOND)


# --- helpers ---------------------------------------------------------------------


def choosing(registry: Registry, *names: str) -> tuple[str, ...]:
    terms = terms_of(Action.RECOVERY_CHOOSE, id="p_ada", recovery=" ".join(names))
    return changed_person(registry, terms, at=NOON).recovery


def test_two_to_five_of_the_own_side_are_chosen(registry: Registry) -> None:
    assert choosing(registry, "p_amir", "p_ben") == ("p_amir", "p_ben")
    for names in ((), ("p_amir",), ("p_amir", "p_amir"), ("p_ben",) * 6):
        with pytest.raises(MalformedError):
            choosing(registry, *names)
    for stranger in ("p_eve", "p_cleo", "p_sam", "p_ada", "p_gone", ""):
        with pytest.raises(RefusedError):
            choosing(registry, "p_amir", stranger)


# --- subjects --------------------------------------------------------------------


@pytest.mark.parametrize("action", sorted(PASSKEY_CHANGES))
def test_a_subject_has_its_fields_and_no_other(
    registry: Registry, action: Action
) -> None:
    unconfirmed(registry, "p_ada", "p_ada")
    for subject in ({}, {"id": "p_ada"}, {"id": "p_ada", "surprise": "yes"}):
        with pytest.raises(MalformedError):
            changed_person(registry, terms_of(action, **subject), at=NOON)


@pytest.mark.parametrize("action", sorted(PASSKEY_CHANGES))
def test_people_are_changed_at_home_only(registry: Registry, action: Action) -> None:
    fields = {
        Action.PERSON_CONFIRM: {"words": WORDS},
        Action.PASSKEY_ADD: {"keys": FRESH},
        Action.PASSKEY_REPLACE: {"keys": FRESH, "words": WORDS},
        Action.RECOVERY_CHOOSE: {"recovery": "p_amir p_ben"},
    }[action]
    for name, tenant in (("p_ada", "t_other"), ("p_ada", ""), ("p_nobody", "t_acme")):
        terms = terms_of(action, tenant, id=name, **fields)
        with pytest.raises(ListkeepError) as caught:
            changed_person(registry, terms, at=NOON)
        assert caught.value.code == "not-found"
